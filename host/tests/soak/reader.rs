//! A passive node in a process of its own, which lives through all that befalls the writers.
//!
//! Each copy is the same whenever it is read, and what its writer noted. Only `Gone` is an answer
//! beside its bytes, because nothing is wrong with the media that this process reads.

use std::collections::BTreeMap;

use shadowvol::{CopyId, Error as EngineError};
use shadowvol_host::{Passive, PassiveOptions};

use super::notes::{Notes, Pen};
use super::place::{Place, SIZE};
use super::whole::digest;

/// Rounds after which it begins anew, as one that has just come.
const ROUNDS: u64 = 40;

#[test]
#[ignore = "a child of faults_and_kills_lose_nothing"]
fn child() {
    let Some(place) = Place::told() else { return };
    let tally = Pen::open(&place.tally());
    let mut seen: BTreeMap<(CopyId, i64), u64> = BTreeMap::new();
    let mut bytes = vec![0; SIZE as usize];
    loop {
        let node = Passive::open(&place.image, &PassiveOptions::default()).expect("a node");
        for _ in 0..ROUNDS {
            let mut read = 0;
            for copy in node.shadow_copies().expect("a journal") {
                let id = copy.info().id;
                match copy.read(0, &mut bytes) {
                    Ok(()) => {}
                    Err(error) if matches!(error.engine(), Some(EngineError::Gone { .. })) => {
                        continue;
                    }
                    Err(error) => panic!("copy {id}: {error}"),
                }
                let found = digest(&bytes);
                let first = *seen.entry((id, copy.info().about.time)).or_insert(found);
                assert_eq!(found, first, "copy {id} was read differently before");
                read += 1;
            }
            for (number, noted) in Notes::read(&place.notes()).copies {
                let id = CopyId::new(number).expect("a number");
                // Numbers of copies that nobody was told of may be given again.
                let newest = seen.range((id, i64::MIN)..=(id, i64::MAX)).next_back();
                assert!(newest.is_none_or(|(_, &found)| found == noted), "copy {id} is another");
            }
            tally.note(&format!("count copies-read {read}"));
        }
    }
}
