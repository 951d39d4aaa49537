//! The table: every manner of one participant in every call, with every manner of one volume in
//! every ask, and a requester who may go away in any phase.

use shadowvol::set::{Ask, Call, Event, Invitation, Outcome, Phase, Plan, Reason, Wanted};

use crate::world::{Manner, Step, World};

const CALLS: [Call; 7] = [
    Call::Prepare,
    Call::Freeze,
    Call::Thaw,
    Call::PostSnapshot,
    Call::Abort,
    Call::BackupComplete { succeeded: true },
    Call::Shutdown,
];
const ASKS: [Ask; 5] = [Ask::Flush, Ask::Hold, Ask::Commit, Ask::Finish, Ask::Delete];
/// The phases that a requester can see, or in which it can go away.
const PHASES: [Phase; 11] = [
    Phase::Preparing,
    Phase::Prepared,
    Phase::Freezing,
    Phase::Flushing,
    Phase::Holding,
    Phase::Committing,
    Phase::Thawing,
    Phase::PostSnapshot,
    Phase::Finishing,
    Phase::Created,
    Phase::Completing,
];

/// What one case is about.
#[derive(Clone, Copy, Debug)]
struct Case {
    required: bool,
    wanted: Wanted,
    call: (Call, Manner),
    ask: (Ask, Manner),
    /// Where the requester goes away.
    abort: Option<Phase>,
}

fn cases() -> impl Iterator<Item = Case> {
    let calls = || CALLS.into_iter().flat_map(|call| Manner::ALL.map(|manner| (call, manner)));
    let asks = || ASKS.into_iter().flat_map(|ask| Manner::ALL.map(|manner| (ask, manner)));
    let aborts = || PHASES.into_iter().map(Some).chain([None]);
    let wanted = [Wanted::CommonInstant, Wanted::ApplicationConsistency];
    [true, false].into_iter().flat_map(move |required| {
        wanted.into_iter().flat_map(move |wanted| {
            calls().flat_map(move |call| {
                asks().flat_map(move |ask| {
                    aborts().map(move |abort| Case { required, wanted, call, ask, abort })
                })
            })
        })
    })
}

/// A case from the first call to the end, and whatever comes late.
fn play(case: Case) -> World {
    let Case { required, wanted, call, ask, abort } = case;
    let invitation = Invitation { required, ..Invitation::required("subject") };
    let plan = Plan {
        volumes: vec!["v0".into(), "v1".into()],
        participants: vec![invitation, Invitation::required("witness")],
        wanted,
        ..Plan::default()
    };
    let manners = vec![(Step::Call(call.0), 0, call.1), (Step::Ask(ask.0), 0, ask.1)];
    let mut world = World::new(plan, manners);
    for event in [Event::Prepare, Event::Create, Event::Complete { succeeded: true }] {
        if world.set.phase() == Phase::Over {
            break;
        }
        world.ask(event);
        world.run(abort);
        if abort == Some(world.set.phase()) {
            world.ask(Event::Abort);
            world.run(None);
            break;
        }
    }
    assert_eq!(world.set.phase(), Phase::Over);
    world.settle();
    world
}

#[test]
fn every_case_ends_with_all_let_go_and_the_truth() {
    let mut played = [0; 3];
    for case in cases() {
        let world = play_loudly(case);
        let outcome = world.set.report().outcome.expect("an outcome");
        judge_outcome(case, &outcome);
        played[match outcome {
            Outcome::ApplicationConsistent => 0,
            Outcome::CrashConsistent => 1,
            Outcome::Failed(_) => 2,
        }] += 1;
    }
    println!("{played:?} of {} cases", played.iter().sum::<usize>());
    assert_eq!(played.iter().sum::<usize>(), 2 * 2 * 49 * 35 * 12);
    assert!(played.iter().all(|&count| count >= 600), "{played:?}");
}

/// Plays the case, and names it if it panics.
fn play_loudly(case: Case) -> World {
    struct Name(Case);
    impl Drop for Name {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("in {:?}", self.0);
            }
        }
    }
    let name = Name(case);
    let world = play(case);
    world.judge();
    drop(name);
    world
}

/// What the case must come to, as far as one can tell from outside.
fn judge_outcome(case: Case, outcome: &Outcome) {
    let Case { required, wanted, call, ask, abort } = case;
    let well = |manner| matches!(manner, Manner::Well | Manner::Twice);
    let subject_fails = !well(call.1)
        && matches!(call.0, Call::Prepare | Call::Freeze | Call::Thaw | Call::PostSnapshot);
    let fatal = subject_fails && (required || wanted == Wanted::ApplicationConsistency);
    let volume_fails = !well(ask.1) && ask.0 != Ask::Delete;
    let aborted = abort.is_some_and(|phase| phase != Phase::Completing);
    match outcome {
        Outcome::ApplicationConsistent => {
            assert!(!subject_fails && !volume_fails && !aborted, "{case:?}");
        }
        Outcome::CrashConsistent => {
            assert!(subject_fails && !fatal && !volume_fails && !aborted, "{case:?}");
        }
        Outcome::Failed(failure) => {
            assert!(fatal || volume_fails || aborted, "{case:?}: {failure}");
            let for_good = match &failure.reason {
                Reason::Vetoed(..) => call.1 == Manner::RefusesForGood,
                Reason::Refused(..) => ask.1 == Manner::RefusesForGood,
                _ => false,
            };
            assert_eq!(failure.retryable, !for_good, "{case:?}: {failure}");
        }
    }
}
