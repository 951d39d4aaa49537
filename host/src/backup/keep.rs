//! Which backups a pruning keeps.

use std::collections::HashSet;

use shadowvol::VolumeId;

use super::manifest::{Backup, BackupId};

const DAY: i64 = 86_400_000_000_000;

/// How many backups of each volume are kept. A backup is kept if any of these wants it. The last
/// ones are those that were made last, whatever the clocks said. Days, weeks and months are those of
/// the shadow copies, in UTC; of each one the last backup counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// The last ones.
    pub last: usize,
    /// One of each of the last days that have any.
    pub daily: usize,
    /// One of each of the last weeks, from Monday on, that have any.
    pub weekly: usize,
    /// One of each of the last months that have any.
    pub monthly: usize,
}

impl Keep {
    /// Whether nothing is wanted.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// The backups that are wanted, of all that there are.
    pub(crate) fn choose(&self, backups: &[Backup]) -> HashSet<BackupId> {
        let volumes: HashSet<VolumeId> =
            backups.iter().map(|backup| backup.manifest.volume).collect();
        let mut kept = HashSet::new();
        for volume in volumes {
            let mut own: Vec<_> =
                backups.iter().filter(|backup| backup.manifest.volume == volume).collect();
            own.sort_by_key(|backup| core::cmp::Reverse((backup.manifest.time, backup.id)));
            let day = |backup: &Backup| backup.manifest.copy_time.div_euclid(DAY);
            kept.extend(own.iter().take(self.last).map(|backup| backup.id));
            kept.extend(first_of_each(&own, self.daily, day));
            // The first day of all was a Thursday.
            kept.extend(first_of_each(&own, self.weekly, |of| (day(of) + 3).div_euclid(7)));
            kept.extend(first_of_each(&own, self.monthly, |of| month(day(of))));
        }
        kept
    }
}

fn first_of_each(
    newest_first: &[&Backup],
    count: usize,
    time: impl Fn(&Backup) -> i64,
) -> Vec<BackupId> {
    let mut seen = HashSet::new();
    let firsts = newest_first.iter().filter(|backup| seen.insert(time(backup)));
    firsts.take(count).map(|backup| backup.id).collect()
}

/// The months that have passed at a day counted from 1970-01-01, by the proleptic Gregorian
/// calendar with years that begin in March, so that the leap day is the last.
fn month(day: i64) -> i64 {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day = shifted.rem_euclid(146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    (era * 400 + year) * 12 + (5 * of_year + 2) / 153
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::hash::Hash;

    fn backup(nth: u8, made: i64, taken: i64) -> Backup {
        let text = format!(
            r#"{{"kind": "full", "volume": "{volume}", "name": "", "size": 0, "copy": {nth},
            "copy_time": {taken}, "label": "", "time": {made}, "chunk": 4096, "root": "{root}",
            "participants": [], "read": 0, "new": 0, "stored": 0, "tool": ""}}"#,
            volume = "0".repeat(32),
            root = Hash::HOLE,
        );
        let id = format!("{nth:032x}").parse().expect("a name");
        Backup { id, manifest: serde_json::from_str(&text).expect("a manifest") }
    }

    /// A clock was a month ahead for one night, and has been put right.
    #[test]
    fn a_clock_that_went_back_does_not_make_the_newest_the_oldest() {
        let backups = [backup(1, 1, DAY), backup(2, 40 * DAY, 40 * DAY)]
            .into_iter()
            .chain([backup(3, 40 * DAY + 1, 2 * DAY), backup(4, 40 * DAY + 2, 3 * DAY)])
            .collect::<Vec<_>>();
        let kept = |keep: Keep| {
            let kept = keep.choose(&backups);
            backups.iter().map(|backup| kept.contains(&backup.id)).collect::<Vec<_>>()
        };
        let last = Keep { last: 2, ..Keep::default() };
        assert_eq!(kept(last), [false, false, true, true]);
        let daily = Keep { daily: 3, ..Keep::default() };
        assert_eq!(kept(daily), [false, true, true, true]);
    }

    #[test]
    fn months_change_with_their_first_day() {
        // 2024-02-29, 2024-03-01, 2023-12-31, 2024-01-01
        let days = [19_782, 19_783, 19_722, 19_723];
        let [leap, march, december, january] = days.map(month);
        assert_eq!((march - leap, january - december, leap - january), (1, 1, 1));
        assert_eq!(month(0) - month(-1), 1);
        assert_eq!(month(30), month(0));
        assert_eq!(month(31), month(0) + 1);
        let changes = (0..146_097).filter(|&day| month(day) != month(day - 1)).count();
        assert_eq!(changes, 4800, "months of four hundred years");
    }
}
