//! Many threads write parts of the same blocks past the page cache; no byte may be lost.

use std::thread;

use shadowvol::backend::{ReadAt, WriteAt};
use shadowvol_host::{Caching, Durability, File};

use super::place::{LoopDevice, Place, options};

const THREADS: u64 = 4;
const ROUNDS: u8 = 60;

/// Each thread owns every fourth strip of 100 bytes, so every block is shared by all. Beside them,
/// blocks 8 and 9 are rewritten as a whole, while another thread changes their middle.
fn write_apart(file: &File) {
    const WHOLE: u64 = 8 * 4096;
    const MIDDLE: u64 = WHOLE + 4000;
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                for round in 1..=ROUNDS {
                    for strip in (thread..300).step_by(THREADS as usize) {
                        let data = [round ^ strip as u8; 100];
                        file.write_at(strip * 100, &data).expect("within");
                        let mut found = [0; 100];
                        file.read_at(strip * 100, &mut found).expect("within");
                        assert_eq!(found, data, "round {round}, strip {strip}");
                    }
                }
            });
        }
        scope.spawn(|| {
            for round in 1..=ROUNDS {
                file.write_at(WHOLE, &[round; 8192]).expect("within");
                let mut found = [0; 4000];
                file.read_at(WHOLE, &mut found).expect("within");
                assert_eq!(found, [round; 4000], "a smaller write took back a larger one");
            }
        });
        scope.spawn(|| {
            for _ in 0..u16::from(ROUNDS) * 4 {
                file.write_at(MIDDLE, &[0xff; 150]).expect("within");
            }
        });
    });
    for strip in 0..300 {
        let mut found = [0; 100];
        file.read_at(strip * 100, &mut found).expect("within");
        assert_eq!(found, [ROUNDS ^ strip as u8; 100], "strip {strip}");
    }
}

#[test]
fn neighbours_in_a_block_of_a_file_lose_nothing() {
    for place in Place::all() {
        for size in [10 * 4096, 10 * 4096 + 77] {
            let options = options(Durability::Coherent, Caching::Direct);
            write_apart(&File::create(place.path(), size, options).expect("a new file"));
        }
    }
}

#[test]
fn neighbours_in_a_block_of_a_device_lose_nothing() {
    let Some(device) = LoopDevice::attach(10 * 4096) else { return };
    let options = options(Durability::Durable, Caching::Auto);
    write_apart(&File::open(&device.path, options).expect("a device"));
}
