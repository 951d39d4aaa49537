//! The story: years of a backup's life in random order. The volume is written; copies are taken,
//! backed up in each kind and deleted, those that the next backup needs among them; backups are
//! pruned. Each backup that is listed restores to exactly what the volume was at its instant, and
//! the repository verifies at every step.

use std::collections::BTreeMap;

use proptest::prelude::*;
use shadowvol::CopyId;
use shadowvol_host::backup::{BackupId, Keep, Kind, PruneOptions};

use super::support::{Bed, Random, assert_same, is_long};

/// Not a multiple of a chunk, and more than one row of chunks.
const SIZE: u64 = (17 << 20) + 4096 * 3;

#[derive(Clone, Debug)]
enum Step {
    Scribble(u64),
    Backup(Kind),
    DeleteCopy(usize),
    Prune(PruneOptions),
    Remove(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let kinds = [Kind::Full, Kind::Copy, Kind::Incremental, Kind::Differential];
    let keep = (0_usize..5).prop_map(|last| Keep { last, ..Keep::default() });
    prop_oneof![
        5 => any::<u64>().prop_map(Step::Scribble),
        5 => (0..kinds.len()).prop_map(move |nth| Step::Backup(kinds[nth])),
        2 => any::<usize>().prop_map(Step::DeleteCopy),
        1 => (keep, 0_u64..101)
            .prop_map(|(keep, fill)| Step::Prune(PruneOptions { keep, fill, ..Default::default() })),
        1 => any::<usize>().prop_map(Step::Remove),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if is_long() { 200 } else { 12 },
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_backup_is_what_the_volume_was(steps in prop::collection::vec(step(), 5..40)) {
        live(&steps);
    }
}

fn live(steps: &[Step]) {
    let mut bed = Bed::new(SIZE);
    let mut copies: Vec<CopyId> = Vec::new();
    let mut backups: BTreeMap<BackupId, Vec<u8>> = BTreeMap::new();
    for step in steps {
        match step {
            Step::Scribble(seed) => {
                let mut random = Random(*seed);
                for _ in 0..random.below(5) {
                    bed.scribble(&mut random, 3 << 20);
                }
            }
            Step::Backup(kind) => {
                let copy = bed.take();
                copies.push(copy);
                let made = bed.back_up(copy, *kind).expect("a backup");
                let honest = made.manifest.kind == *kind
                    || (made.manifest.kind == Kind::Full && made.manifest.full_because.is_some());
                assert!(honest, "{made:?}");
                backups.insert(made.id, bed.truth.clone());
            }
            Step::DeleteCopy(nth) if !copies.is_empty() => {
                let copy = copies.swap_remove(nth % copies.len());
                bed.volume.delete_shadow_copies(&[copy]).expect("a deletion");
            }
            Step::Remove(nth) if !backups.is_empty() => {
                let id = *backups.keys().nth(nth % backups.len()).expect("one of them");
                let options = PruneOptions { remove: vec![id], ..PruneOptions::default() };
                let report = bed.repository.prune(&options, |_, _| true).expect("a pruning");
                assert_eq!(report.removed, [id]);
                backups.remove(&id);
            }
            Step::Prune(options) => {
                let report = bed.repository.prune(options, |_, _| true).expect("a pruning");
                let stay =
                    if options.keep.is_nothing() { backups.len() } else { options.keep.last };
                assert_eq!(report.kept.len(), stay.min(backups.len()));
                report.removed.iter().for_each(|id| drop(backups.remove(id)));
            }
            Step::DeleteCopy(_) | Step::Remove(_) => {}
        }
    }
    let report = bed.verified();
    assert!(report.is_ok(), "{report:?}");
    let listed = bed.repository.backups().expect("a list").backups;
    assert!(
        listed
            .iter()
            .map(|backup| &backup.id)
            .collect::<std::collections::BTreeSet<_>>()
            .iter()
            .copied()
            .eq(backups.keys())
    );
    for (id, truth) in &backups {
        assert_same(&bed.restored(*id).expect("a restore"), truth, &id.to_string());
    }
}
