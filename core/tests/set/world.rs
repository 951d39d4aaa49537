//! Participants and volumes that do as a case says, and a clock that jumps.

use std::collections::BTreeMap;

use shadowvol::set::{
    Action, Ask, Call, CallNumber, Event, Outcome, Phase, Plan, Report, SetCreation, Time, Veto,
};

/// How somebody takes what it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Well,
    Twice,
    RefusesForNow,
    RefusesForGood,
    /// Does it after its deadline.
    LateWell,
    /// Refuses after its deadline.
    LateRefusal,
    Hangs,
}

impl Manner {
    pub(crate) const ALL: [Self; 7] = [
        Self::Well,
        Self::Twice,
        Self::RefusesForNow,
        Self::RefusesForGood,
        Self::LateWell,
        Self::LateRefusal,
        Self::Hangs,
    ];
}

impl Manner {
    /// Whether it does what it is told, sooner or later.
    pub(crate) fn does(self) -> bool {
        matches!(self, Self::Well | Self::Twice | Self::LateWell)
    }
}

/// A call or an ask without what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Call(Call),
    Ask(Ask),
}

/// Longer than any deadline, so that it is late, and all that is late comes while the set goes on
/// or after its end.
const LATE: u64 = 200_000;
/// A good answer takes a moment.
const SOON: u64 = 1;

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) set: SetCreation,
    pub(crate) now: Time,
    /// Answers on their way.
    coming: BTreeMap<(u64, usize), Coming>,
    sent: usize,
    manners: Vec<(Step, usize, Manner)>,
    pub(crate) people: Vec<Person>,
    pub(crate) disks: Vec<Disk>,
    /// The actions, in order, with their time.
    pub(crate) log: Vec<(Time, Action)>,
}

/// An answer, and what happens just before it is given; nothing does before a second one.
#[derive(Debug)]
struct Coming {
    event: Event,
    happens: Option<(usize, Step)>,
}

/// What really happens to a participant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Person {
    pub(crate) saw_prepare: bool,
    pub(crate) is_frozen: bool,
    pub(crate) hangs_in_freeze: bool,
    /// It was told to thaw or to abort after its last prepare or freeze.
    pub(crate) let_go: bool,
    told_to_freeze: Option<Time>,
    pub(crate) frozen_throughout: bool,
}

/// What really happens to a volume.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    pub(crate) is_held: bool,
    pub(crate) has_copy: bool,
    told_to_hold: Option<Time>,
}

impl World {
    pub(crate) fn new(plan: Plan, manners: Vec<(Step, usize, Manner)>) -> Self {
        let people = vec![Person::default(); plan.participants.len()];
        let disks = vec![Disk::default(); plan.volumes.len()];
        let set = SetCreation::new(plan).expect("few volumes");
        let (now, coming) = (Time(5), BTreeMap::new());
        Self { set, now, coming, sent: 0, manners, people, disks, log: Vec::new() }
    }

    /// The requester asks for something.
    pub(crate) fn ask(&mut self, event: Event) {
        self.set.handle(self.now, event).expect("the right order");
        self.act();
    }

    /// Lets time pass until the set is at rest, or until it reaches the phase.
    pub(crate) fn run(&mut self, until: Option<Phase>) {
        let mut steps = 0;
        while !self.set.is_at_rest() && until != Some(self.set.phase()) {
            assert!(self.advance(), "wedged: {:#?}", self.set);
            steps += 1;
            assert!(steps < 1000, "no end: {:#?}", self.set);
        }
    }

    /// What was late comes at last.
    pub(crate) fn settle(&mut self) {
        while !self.coming.is_empty() {
            self.advance();
        }
    }

    /// Goes on to the next answer or deadline.
    fn advance(&mut self) -> bool {
        let answer = self.coming.keys().next().copied();
        let deadline = self.set.deadline().filter(|_| !self.set.is_at_rest());
        match (answer, deadline) {
            (Some((at, nth)), deadline) if deadline.is_none_or(|deadline| at < deadline.0) => {
                self.now = self.now.max(Time(at));
                let coming = self.coming.remove(&(at, nth)).expect("it is there");
                let Coming { event, happens } = coming;
                if let Some((who, step)) = happens {
                    self.happen(who, step);
                }
                self.set.handle(self.now, event).expect("an answer is never out of order");
            }
            (_, Some(deadline)) => {
                self.now = self.now.max(deadline);
                self.set.handle(self.now, Event::Tick).expect("time passes");
                assert!(
                    self.set.deadline().is_none_or(|next| next > self.now),
                    "a deadline that has passed stays: {:#?}",
                    self.set
                );
            }
            _ => return false,
        }
        self.act();
        self.judge_now();
        true
    }

    fn act(&mut self) {
        while let Some(action) = self.set.next_action() {
            self.log.push((self.now, action));
            match action {
                Action::Call { participant, number, call } => {
                    self.called(participant, number, call);
                }
                Action::Ask { volume, ask } => self.asked(volume, ask),
            }
        }
    }

    fn manner(&self, step: Step, of: usize) -> Manner {
        let found = self.manners.iter().find(|&&(at, who, _)| at == step && who == of);
        found.map_or(Manner::Well, |&(_, _, manner)| manner)
    }

    fn called(&mut self, participant: usize, number: CallNumber, call: Call) {
        let manner = self.manner(Step::Call(call), participant);
        let person = &mut self.people[participant];
        match call {
            Call::Prepare => person.saw_prepare = true,
            Call::Freeze => {
                person.told_to_freeze = Some(self.now);
                person.frozen_throughout = true;
            }
            Call::Thaw | Call::Abort => {
                person.told_to_freeze = None;
                person.let_go = true;
            }
            _ => {}
        }
        person.hangs_in_freeze |= call == Call::Freeze && manner == Manner::Hangs;
        self.answer(manner, (participant, Step::Call(call)), |answer| Event::Called {
            participant,
            number,
            answer,
        });
    }

    fn asked(&mut self, volume: usize, ask: Ask) {
        let manner = self.manner(Step::Ask(ask), volume);
        let all_held = self.disks.iter().all(|disk| disk.is_held);
        let disk = &mut self.disks[volume];
        match ask {
            Ask::Hold => disk.told_to_hold = Some(self.now),
            Ask::Commit => {
                assert!(all_held, "one commits before all hold");
                for person in &mut self.people {
                    person.frozen_throughout &= person.is_frozen;
                }
            }
            Ask::Release => {
                disk.told_to_hold = None;
                disk.is_held = false;
                return;
            }
            Ask::Flush | Ask::Finish | Ask::Delete => {}
        }
        self.answer(manner, (volume, Step::Ask(ask)), |answer| Event::Asked {
            volume,
            ask,
            answer,
        });
    }

    fn answer(
        &mut self,
        manner: Manner,
        about: (usize, Step),
        event: impl Fn(Result<(), Veto>) -> Event,
    ) {
        let for_now = || Err(Veto::retryable("not now"));
        let (after, answer) = match manner {
            Manner::Well | Manner::Twice => (SOON, Ok(())),
            Manner::RefusesForNow => (SOON, for_now()),
            Manner::RefusesForGood => (SOON, Err(Veto::for_good("never"))),
            Manner::LateWell => (LATE, Ok(())),
            Manner::LateRefusal => (LATE, for_now()),
            Manner::Hangs => return,
        };
        let times = if manner == Manner::Twice { 3 } else { 1 };
        for time in 0..times {
            self.sent += 1;
            let at = self.now.0 + after + time * 7;
            let happens = (time == 0 && answer.is_ok()).then_some(about);
            let coming = Coming { event: event(answer.clone()), happens };
            self.coming.insert((at, self.sent), coming);
        }
    }

    fn happen(&mut self, who: usize, step: Step) {
        match step {
            Step::Call(Call::Freeze) => self.people[who].is_frozen = true,
            Step::Call(Call::Thaw | Call::Abort) => self.people[who].is_frozen = false,
            Step::Call(_) => {}
            // A volume that is told to release while it is about to hold may hold all the same.
            Step::Ask(Ask::Hold) => self.disks[who].is_held = true,
            Step::Ask(Ask::Commit) => self.disks[who].has_copy = true,
            Step::Ask(Ask::Delete) => self.disks[who].has_copy = false,
            Step::Ask(_) => {}
        }
    }

    /// What must hold at every moment.
    fn judge_now(&self) {
        for person in &self.people {
            if let Some(since) = person.told_to_freeze {
                assert!(self.now < since + window::FREEZE, "frozen for too long");
            }
        }
        for disk in &self.disks {
            if let Some(since) = disk.told_to_hold {
                assert!(self.now < since + window::HOLD, "held for too long");
            }
        }
    }

    /// What must hold when the set is over or created, and all that was late has come.
    pub(crate) fn judge(&self) {
        let report = self.set.report();
        let failed = matches!(report.outcome, Some(Outcome::Failed(_)));
        for (nth, (person, part)) in self.people.iter().zip(&report.participants).enumerate() {
            assert!(!person.saw_prepare || person.let_go, "{} was not let go", part.name);
            let may = !self.manner(Step::Call(Call::Abort), nth).does();
            assert!(!person.is_frozen || may, "{} is frozen, and could be let go", part.name);
            let stuck = person.is_frozen || person.hangs_in_freeze;
            assert!(!stuck || part.maybe_frozen, "{} is frozen, and nobody says so", part.name);
        }
        for (nth, disk) in self.disks.iter().enumerate() {
            assert!(!disk.is_held, "volume {nth} is held");
            assert_eq!(disk.told_to_hold, None, "volume {nth} was not released");
            let told = report.left_behind.contains(&format!("v{nth}"));
            if failed {
                let may = !self.manner(Step::Ask(Ask::Delete), nth).does() && told;
                assert!(!disk.has_copy || may, "an orphan on volume {nth}");
            } else {
                assert!(disk.has_copy && !told, "no copy on volume {nth}");
            }
        }
        self.judge_outcome(&report);
    }

    fn judge_outcome(&self, report: &Report) {
        let quiet = |nth: usize| self.people[nth].frozen_throughout;
        let all = 0..self.people.len();
        match report.outcome.as_ref().expect("an outcome") {
            Outcome::ApplicationConsistent => {
                assert!(!self.people.is_empty() && all.clone().all(quiet), "not all were quiet");
                assert_eq!(report.took_part().count(), self.people.len());
            }
            Outcome::CrashConsistent => {
                let out = report.participants.iter().filter(|part| part.left_out.is_some());
                assert!(self.people.is_empty() || out.count() > 0, "nobody was left out");
                for (nth, part) in report.participants.iter().enumerate() {
                    assert!(part.left_out.is_some() || quiet(nth), "{} was not quiet", part.name);
                    assert!(part.left_out.is_none() || !part.required, "{} is required", part.name);
                }
            }
            Outcome::Failed(failure) => {
                assert_eq!(failure.retryable, failure.reason.is_retryable());
            }
        }
    }
}

/// The usual windows, which the cases keep.
mod window {
    use shadowvol::set::Span;

    pub(super) const FREEZE: Span = Span(60_001);
    pub(super) const HOLD: Span = Span(10_001);
}
