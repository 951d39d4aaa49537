//! A set in the hands of people and disks that do as they like.

use alloc::vec::Vec;
use core::fmt;

use super::SetWorld;
use crate::set::{Action, Ask, Call, CallNumber, Event, Phase, SetCreation, Span, Time, Veto};

/// What the time always is: when it passes, all else is moved back.
const NOW: Time = Time(100);

/// What can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    /// The requester goes on.
    Next,
    /// The requester goes away.
    Abort,
    /// Time passes up to the next deadline.
    Delay,
    /// An errand is answered.
    Answer { errand: Errand, done: bool },
}

/// A world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) set: SetCreation,
    pub(super) people: Vec<Person>,
    pub(super) disks: Vec<Disk>,
    /// What somebody was told, and may answer, or answer again; in an order that says nothing.
    pub(super) errands: Vec<Errand>,
    refusals: u8,
    repeats: u8,
    delays: u8,
    aborts: u8,
    pub(super) broken: Option<&'static str>,
}

/// What really happens to a participant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Person {
    pub(super) required: bool,
    pub(super) saw_prepare: bool,
    pub(super) is_frozen: bool,
    /// It was told to thaw or to abort.
    pub(super) let_go: bool,
    /// It has refused to be let go.
    pub(super) is_stubborn: bool,
    /// Since when it is to be frozen.
    pub(super) to_be_frozen: Option<Time>,
    /// How long it can be.
    pub(super) endures: Span,
    /// It was frozen when the volumes began to hold, and until they had committed.
    pub(super) was_quiet: bool,
}

/// What really happens to a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Disk {
    pub(super) is_held: bool,
    pub(super) has_copy: bool,
    /// It has refused to delete its copy.
    pub(super) is_stubborn: bool,
    /// Since when it is to be held.
    pub(super) to_be_held: Option<Time>,
}

/// What somebody was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Errand {
    pub(super) what: What,
    pub(super) answered: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum What {
    Call { participant: usize, number: CallNumber, call: Call },
    Ask { volume: usize, ask: Ask },
}

impl Errand {
    fn key(self) -> (bool, usize, u32, bool) {
        match self.what {
            What::Call { participant, number, .. } => (false, participant, number.0, self.answered),
            What::Ask { volume, ask } => (true, volume, ask as u32, self.answered),
        }
    }
}

impl World {
    /// The beginning; nothing if there are too many volumes.
    pub(super) fn new(of: &SetWorld) -> Option<Self> {
        let person = |invitation: &crate::set::Invitation| Person {
            required: invitation.required,
            endures: invitation.deadlines.frozen,
            ..Person::default()
        };
        Some(Self {
            set: SetCreation::new(of.plan()).ok()?.with_rules(of.rules),
            people: of.participants.iter().map(person).collect(),
            disks: alloc::vec![Disk::default(); of.volumes],
            errands: Vec::new(),
            refusals: of.refusals,
            repeats: of.repeats,
            delays: of.delays,
            aborts: of.aborts,
            broken: None,
        })
    }

    /// All that can happen next.
    pub(super) fn happenings(&self) -> Vec<Happening> {
        let mut all = Vec::new();
        if matches!(self.set.phase(), Phase::Planned | Phase::Prepared | Phase::Created) {
            all.push(Happening::Next);
        }
        if self.aborts > 0 && self.set.phase() != Phase::Over {
            all.push(Happening::Abort);
        }
        if self.delays > 0 && !self.set.is_at_rest() && self.set.deadline().is_some() {
            all.push(Happening::Delay);
        }
        for &errand in &self.errands {
            if !errand.answered || self.repeats > 0 {
                all.push(Happening::Answer { errand, done: true });
            }
            if !errand.answered && self.refusals > 0 {
                all.push(Happening::Answer { errand, done: false });
            }
        }
        all
    }

    /// Lets something happen.
    pub(super) fn happen(&mut self, happening: Happening) {
        let event = match happening {
            Happening::Next => match self.set.phase() {
                Phase::Planned => Event::Prepare,
                Phase::Prepared => Event::Create,
                _ => Event::Complete { succeeded: true },
            },
            Happening::Abort => {
                self.aborts -= 1;
                Event::Abort
            }
            Happening::Delay => {
                self.delays -= 1;
                self.pass();
                Event::Tick
            }
            Happening::Answer { errand, done } => self.answer(errand, done),
        };
        self.tell(event);
    }

    /// Time passes up to the next deadline, though nobody has any more delays to give.
    pub(super) fn wait(&mut self) {
        self.pass();
        self.tell(Event::Tick);
    }

    fn tell(&mut self, event: Event) {
        if self.set.handle(NOW, event).is_err() {
            self.broken = Some("the requester is refused what comes next");
        }
        while let Some(action) = self.set.next_action() {
            match action {
                Action::Call { participant, number, call } => {
                    self.called(participant, call);
                    self.run(What::Call { participant, number, call });
                }
                Action::Ask { volume, ask } => self.asked(volume, ask),
            }
        }
        self.judge(NOW);
        if self.repeats == 0 {
            self.errands.retain(|errand| !errand.answered);
        }
        self.errands.sort_by_key(|errand| errand.key());
    }

    /// Now is then: all else was earlier.
    fn pass(&mut self) {
        let Some(until) = self.set.deadline() else { return };
        let by = Span(until.0.saturating_sub(NOW.0));
        self.set.shift(by);
        let frozen = self.people.iter_mut().filter_map(|person| person.to_be_frozen.as_mut());
        let held = self.disks.iter_mut().filter_map(|disk| disk.to_be_held.as_mut());
        frozen.chain(held).for_each(|time| time.0 -= by.0);
        // Nobody may wait until then for what was due before.
        self.broken = self.broken.or(self.find_overdue(NOW));
    }

    fn run(&mut self, what: What) {
        self.errands.push(Errand { what, answered: false });
    }

    fn called(&mut self, participant: usize, call: Call) {
        let person = &mut self.people[participant];
        match call {
            Call::Prepare => person.saw_prepare = true,
            Call::Freeze => person.to_be_frozen = Some(NOW),
            Call::Thaw | Call::Abort => {
                person.let_go = true;
                person.to_be_frozen = None;
                // It may go on at once, so it is quiet no longer if a copy is still to be taken.
                person.was_quiet &= self.disks.iter().all(|disk| disk.has_copy);
            }
            Call::PostSnapshot | Call::BackupComplete { .. } | Call::Shutdown => {}
        }
    }

    fn asked(&mut self, volume: usize, ask: Ask) {
        match ask {
            Ask::Hold => {
                self.disks[volume].to_be_held = Some(NOW);
                for person in &mut self.people {
                    person.was_quiet = person.is_frozen;
                }
            }
            Ask::Commit if !self.disks.iter().all(|disk| disk.is_held) => {
                self.broken = Some("a copy is taken before all volumes hold");
            }
            Ask::Release => {
                let disk = &mut self.disks[volume];
                disk.to_be_held = None;
                disk.is_held = false;
                return;
            }
            Ask::Flush | Ask::Commit | Ask::Finish | Ask::Delete => {}
        }
        self.run(What::Ask { volume, ask });
    }

    /// What an answer tells has happened just before, unless it was told before.
    fn answer(&mut self, errand: Errand, done: bool) -> Event {
        let same = |other: &&mut Errand| **other == errand;
        if let Some(found) = self.errands.iter_mut().find(same) {
            found.answered = true;
        }
        self.refusals -= u8::from(!done);
        self.repeats -= u8::from(errand.answered);
        if !errand.answered {
            self.effect(errand.what, done);
        }
        let answer = if done { Ok(()) } else { Err(Veto::retryable("no")) };
        match errand.what {
            What::Call { participant, number, .. } => Event::Called { participant, number, answer },
            What::Ask { volume, ask } => Event::Asked { volume, ask, answer },
        }
    }

    fn effect(&mut self, what: What, done: bool) {
        match what {
            What::Call { participant, call, .. } => {
                let person = &mut self.people[participant];
                match call {
                    Call::Freeze => person.is_frozen |= done,
                    Call::Thaw | Call::Abort => {
                        person.is_frozen &= !done;
                        person.is_stubborn |= !done && call == Call::Abort;
                    }
                    _ => {}
                }
            }
            What::Ask { volume, ask } => {
                let disk = &mut self.disks[volume];
                match ask {
                    Ask::Hold => disk.is_held |= done,
                    Ask::Commit => disk.has_copy |= done,
                    Ask::Delete => {
                        disk.has_copy &= !done;
                        disk.is_stubborn |= !done;
                    }
                    Ask::Flush | Ask::Release | Ask::Finish => {}
                }
            }
        }
    }
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Next => f.write_str("the requester goes on"),
            Self::Abort => f.write_str("the requester goes away"),
            Self::Delay => f.write_str("time passes up to the next deadline"),
            Self::Answer { errand: Errand { what, answered }, done } => {
                let again = if *answered { " again" } else { "" };
                let word = if *done { "done" } else { "no" };
                match what {
                    What::Call { participant, call, .. } => {
                        write!(f, "participant {participant} answers {call}{again}: {word}")
                    }
                    What::Ask { volume, ask } => {
                        write!(f, "volume {volume} answers {ask}{again}: {word}")
                    }
                }
            }
        }
    }
}
