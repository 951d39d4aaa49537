//! What is asked of every state of a set.

use super::WINDOWS;
use super::world::{What, World};
use crate::set::{Outcome, Phase, Report, Time};

/// More deadlines than can follow one another.
const PATIENCE: usize = 100;

impl World {
    /// What must hold at every moment.
    pub(super) fn judge(&mut self, now: Time) {
        let found = self.find(now);
        self.broken = self.broken.or(found);
    }

    fn find(&self, now: Time) -> Option<&'static str> {
        if self.set.deadline().is_some_and(|deadline| deadline <= now) {
            return Some("a deadline that has passed stays");
        }
        if let Some(overdue) = self.find_overdue(Time(now.0 + 1)) {
            return Some(overdue);
        }
        match self.set.phase() {
            Phase::Created | Phase::Over => self.find_at_rest(),
            _ => None,
        }
    }

    /// Whether somebody has been kept for longer than up to now.
    pub(super) fn find_overdue(&self, now: Time) -> Option<&'static str> {
        let frozen = self
            .people
            .iter()
            .filter_map(|person| person.to_be_frozen.map(|since| since + person.endures));
        if frozen.min().is_some_and(|until| until < now) {
            return Some("a participant is kept frozen for too long");
        }
        let held = self.disks.iter().filter_map(|disk| disk.to_be_held);
        let until = held.min().map(|since| since + WINDOWS.hold);
        until.is_some_and(|until| until < now).then_some("writes are held for too long")
    }

    /// What must hold when the requester can go on, or all is over, though some may never answer.
    fn find_at_rest(&self) -> Option<&'static str> {
        let report = self.set.report();
        let failed = matches!(report.outcome, Some(Outcome::Failed(_)));
        for (nth, person) in self.people.iter().enumerate() {
            let silent = self.is_awaited(
                |what| matches!(*what, What::Call { participant, .. } if participant == nth),
            );
            if person.saw_prepare && !person.let_go {
                return Some("a participant was told neither to thaw nor to abort");
            }
            if person.is_frozen && !silent && !person.is_stubborn {
                return Some("a participant stays frozen");
            }
        }
        for (nth, disk) in self.disks.iter().enumerate() {
            let silent =
                self.is_awaited(|what| matches!(*what, What::Ask { volume, .. } if volume == nth));
            if disk.to_be_held.is_some() {
                return Some("a volume was not told to release its writes");
            }
            if disk.is_held && !silent {
                return Some("writes are held for ever");
            }
            if failed && disk.has_copy && !silent && !disk.is_stubborn {
                return Some("a set that failed leaves a copy behind");
            }
            if failed && disk.has_copy && report.left_behind.len() <= self.known_before(nth) {
                return Some("a copy is left behind, and nobody says so");
            }
            if !failed && !disk.has_copy {
                return Some("a volume has no copy, and the set has not failed");
            }
        }
        self.find_untruth(&report)
    }

    /// How many volumes before this one have a copy.
    fn known_before(&self, volume: usize) -> usize {
        self.disks[..volume].iter().filter(|disk| disk.has_copy).count()
    }

    fn find_untruth(&self, report: &Report) -> Option<&'static str> {
        let mut members = self.people.iter().zip(&report.participants);
        match report.outcome {
            Some(Outcome::ApplicationConsistent) => {
                let all = !self.people.is_empty() && self.people.iter().all(|who| who.was_quiet);
                (!all).then_some("it is called application-consistent, and is not")
            }
            Some(Outcome::CrashConsistent) => {
                let lies = members.any(|(person, part)| match part.left_out {
                    None => !person.was_quiet,
                    Some(_) => person.required,
                });
                lies.then_some("a participant is said to have taken part, or may not be left out")
            }
            Some(Outcome::Failed(_)) => None,
            None => Some("nobody says what it came to"),
        }
    }

    fn is_awaited(&self, of: impl Fn(&What) -> bool) -> bool {
        self.errands.iter().any(|errand| !errand.answered && of(&errand.what))
    }

    /// Nobody answers any more: whether the set comes to its end all the same, and all is well then.
    pub(super) fn ends_alone(&self) -> Option<&'static str> {
        let mut alone = self.clone();
        for _ in 0..PATIENCE {
            if alone.broken.is_some() {
                return alone.broken;
            }
            if alone.set.is_at_rest() {
                return None;
            }
            if alone.set.deadline().is_none() {
                break;
            }
            alone.wait();
        }
        Some("nobody answers, and the set waits for ever")
    }
}
