//! Block devices: a loop device stands for a disk.

use shadowvol::backend::{ReadAt, WriteAt, conformance};
use shadowvol_host::file::MediumKind;
use shadowvol_host::{Caching, Durability, File, ReadOnlyFile};

use super::place::{LoopDevice, options};

const LARGEST: u64 = (5 << 20) + 8192;

#[test]
fn a_device_conforms_and_is_read_past_the_cache_by_itself() {
    let Some(device) = LoopDevice::attach(LARGEST) else { return };
    for caching in [Caching::Auto, Caching::Buffered] {
        // The suite wants many sizes, a device has one: the suite gets windows of it.
        conformance::suite(|size| {
            let options = options(Durability::Durable, caching);
            let file = File::open(&device.path, options).expect("a device");
            assert_eq!(file.medium(), MediumKind::BlockDevice);
            assert_eq!(file.is_direct(), caching == Caching::Auto);
            file.punch(0, LARGEST).expect("a punch of everything");
            shadowvol::backend::Slice::new(file, LARGEST - size, size).expect("within")
        });
    }
}

#[test]
fn a_device_keeps_its_size() {
    let Some(device) = LoopDevice::attach(LARGEST) else { return };
    let file = File::open(&device.path, options(Durability::Coherent, Caching::Auto));
    let file = file.expect("coherent mode is offered on devices");
    assert_eq!(file.size().expect("a size"), LARGEST);
    assert_eq!(file.grow(2 * LARGEST).expect("no growth"), LARGEST);
    assert!(file.write_at(LARGEST - 1, b"ab").is_err());
}

#[test]
fn a_reader_of_a_device_sees_acknowledged_writes() {
    let Some(device) = LoopDevice::attach(64 * 4096) else { return };
    let writer = File::open(&device.path, options(Durability::Durable, Caching::Auto));
    let writer = writer.expect("a device");
    let reader = ReadOnlyFile::open(&device.path, Caching::Auto).expect("the same device");
    assert!(reader.is_direct());
    for round in 1..100_u64 {
        let data = [round as u8; 700];
        writer.write_at(round * 701, &data).expect("a write within the device");
        let mut found = [0; 700];
        reader.read_at(round * 701, &mut found).expect("a read within the device");
        assert_eq!(found, data);
    }
}
