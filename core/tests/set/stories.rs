//! Single stories: what is told, to whom, in which order, and when.

use shadowvol::set::{
    Action, Ask, Author, Call, Deadlines, Event, Invitation, Level, MAX_VOLUMES, Outcome, Phase,
    Plan, Reason, SetCreation, Span, Time, TooManyVolumes, Veto, Wanted, WrongOrder,
};

use crate::world::{Manner, Step, World};

fn plan(volumes: usize, participants: Vec<Invitation>) -> Plan {
    let volumes = (0..volumes).map(|nth| format!("v{nth}")).collect();
    Plan { volumes, participants, ..Plan::default() }
}

fn all_the_way(world: &mut World) {
    for event in [Event::Prepare, Event::Create, Event::Complete { succeeded: true }] {
        if world.set.phase() != Phase::Over {
            world.ask(event);
            world.run(None);
        }
    }
    world.settle();
    world.judge();
}

fn steps(world: &World, participant: usize) -> Vec<Call> {
    let of = |action: &Action| match *action {
        Action::Call { participant: who, call, .. } if who == participant => Some(call),
        _ => None,
    };
    world.log.iter().filter_map(|(_, action)| of(action)).collect()
}

fn first(world: &World, wanted: impl Fn(&Action) -> bool) -> usize {
    world.log.iter().position(|(_, action)| wanted(action)).expect("it was done")
}

fn is_call(participant: usize, call: Call) -> impl Fn(&Action) -> bool {
    move |action| {
        matches!(*action, Action::Call { participant: who, call: what, .. }
            if (who, what) == (participant, call))
    }
}

fn failure(world: &World) -> shadowvol::set::Failure {
    match world.set.report().outcome {
        Some(Outcome::Failed(failure)) => failure,
        other => panic!("no failure: {other:?}"),
    }
}

#[test]
fn all_goes_well_in_the_order_of_the_design() {
    let mut world = World::new(plan(2, vec![Invitation::required("database")]), vec![]);
    all_the_way(&mut world);
    let told: Vec<_> = world.log.iter().map(|&(_, action)| action).collect();
    let (two, both) = (|ask| [0, 1].map(|volume| Action::Ask { volume, ask }), &steps(&world, 0));
    let succeeded = true;
    assert_eq!(
        *both,
        [
            Call::Prepare,
            Call::Freeze,
            Call::Thaw,
            Call::PostSnapshot,
            Call::BackupComplete { succeeded },
            Call::Shutdown,
        ]
    );
    let asks = [Ask::Flush, Ask::Hold, Ask::Commit, Ask::Release, Ask::Finish];
    let asked: Vec<_> =
        told.iter().copied().filter(|action| matches!(action, Action::Ask { .. })).collect();
    assert_eq!(asked, asks.map(two).concat());
    let frozen = first(&world, is_call(0, Call::Freeze));
    let thawed = first(&world, is_call(0, Call::Thaw));
    let at = |ask| first(&world, move |action| *action == Action::Ask { volume: 1, ask });
    assert!(frozen < at(Ask::Flush) && at(Ask::Release) < thawed && thawed < at(Ask::Finish));
    assert_eq!(world.set.report().outcome, Some(Outcome::ApplicationConsistent));
}

#[test]
fn without_participants_a_set_is_crash_consistent() {
    let mut world = World::new(plan(3, vec![]), vec![]);
    all_the_way(&mut world);
    assert_eq!(world.set.report().outcome, Some(Outcome::CrashConsistent));
}

#[test]
fn without_participants_no_set_is_application_consistent() {
    let wanted = Wanted::ApplicationConsistency;
    let mut world = World::new(Plan { wanted, ..plan(1, vec![]) }, vec![]);
    all_the_way(&mut world);
    let failure = failure(&world);
    assert_eq!((failure.author, failure.reason), (Author::Set, Reason::NoParticipant));
    assert!(!failure.retryable && world.log.is_empty());
}

#[test]
fn copies_that_participants_have_changed_are_told_if_there_is_a_set() {
    let finishing = || {
        let mut world = World::new(plan(2, vec![Invitation::required("database")]), vec![]);
        world.ask(Event::Prepare);
        world.run(None);
        world.ask(Event::Create);
        world.run(Some(Phase::Finishing));
        world.ask(Event::Recovered { volume: 1 });
        world.ask(Event::Recovered { volume: 7 });
        world
    };
    let mut world = finishing();
    assert_eq!(world.set.report().recovered, ["v1"]);
    world.run(None);
    world.ask(Event::Complete { succeeded: true });
    world.run(None);
    world.judge();
    assert_eq!(world.set.report().recovered, ["v1"]);

    let mut world = finishing();
    world.ask(Event::Abort);
    world.run(None);
    assert_eq!(world.set.report().recovered, [""; 0], "their copies are deleted");
}

#[test]
fn an_empty_set_is_a_set() {
    let mut world = World::new(plan(0, vec![]), vec![]);
    all_the_way(&mut world);
    assert_eq!(world.set.report().outcome, Some(Outcome::CrashConsistent));
}

#[test]
fn no_more_than_64_volumes_are_held_at_one_instant() {
    assert!(SetCreation::new(plan(MAX_VOLUMES, vec![])).is_ok());
    assert_eq!(SetCreation::new(plan(65, vec![])), Err(TooManyVolumes { found: 65 }));
}

#[test]
fn levels_freeze_one_after_the_other_and_thaw_at_once() {
    let of = |name: &str, level| Invitation { level, ..Invitation::required(name) };
    let people =
        vec![of("disk", Level::System), of("shop", Level::FrontEnd), of("db", Level::BackEnd)];
    let mut world = World::new(plan(1, people), vec![]);
    all_the_way(&mut world);
    let at = |nth, call| world.log[first(&world, is_call(nth, call))].0;
    assert!(at(1, Call::Freeze) < at(2, Call::Freeze) && at(2, Call::Freeze) < at(0, Call::Freeze));
    assert!((0..3).all(|nth| at(nth, Call::Thaw) == at(0, Call::Thaw)));
}

#[test]
fn a_veto_names_its_author() {
    let people = vec![Invitation::required("calm"), Invitation::required("busy")];
    let manner = (Step::Call(Call::Freeze), 1, Manner::RefusesForGood);
    let mut world = World::new(plan(1, people), vec![manner]);
    all_the_way(&mut world);
    let failure = failure(&world);
    assert_eq!(failure.author, Author::Participant("busy".into()));
    assert_eq!(failure.reason, Reason::Vetoed(Call::Freeze, Veto::for_good("never")));
    assert_eq!(failure.phase, Phase::Freezing);
    assert_eq!(
        failure.to_string(),
        "participant `busy`, freezing: freeze: never; another try would fail, too"
    );
    assert_eq!(steps(&world, 0), [Call::Prepare, Call::Freeze, Call::Abort, Call::Shutdown]);
}

/// The call that hangs is given up, and thawing is tried beside it. When it comes back after hours,
/// the participant is frozen at last, and is let go again.
#[test]
fn who_freezes_after_it_was_given_up_is_let_go_once_more() {
    let manner = (Step::Call(Call::Freeze), 0, Manner::LateWell);
    let mut world = World::new(plan(1, vec![Invitation::optional("sleepy")]), vec![manner]);
    world.ask(Event::Prepare);
    world.run(None);
    world.ask(Event::Create);
    world.run(None);
    let report = world.set.report();
    assert_eq!(report.outcome, Some(Outcome::CrashConsistent));
    let part = &report.participants[0];
    assert_eq!(part.left_out, Some(Reason::Late(Call::Freeze, Span::seconds(20))));
    assert!(part.maybe_frozen, "it has not come back");
    world.settle();
    assert_eq!(steps(&world, 0), [Call::Prepare, Call::Freeze, Call::Abort, Call::Abort]);
    assert!(!world.set.report().participants[0].maybe_frozen);
    world.judge();
}

/// A volume cannot hold in time: all are released after ten seconds, though one never answers.
#[test]
fn a_hold_is_released_by_itself_and_is_no_silent_success() {
    let manner = (Step::Ask(Ask::Hold), 1, Manner::Hangs);
    let mut world = World::new(plan(2, vec![]), vec![manner]);
    all_the_way(&mut world);
    let at = |ask| {
        let wanted = move |action: &Action| *action == Action::Ask { volume: 0, ask };
        world.log[first(&world, wanted)].0
    };
    assert_eq!(at(Ask::Release), at(Ask::Hold) + Span::seconds(10));
    let failure = failure(&world);
    assert_eq!(failure.author, Author::Volume("v1".into()));
    assert_eq!(failure.reason, Reason::HoldWindow(Span::seconds(10)));
    assert!(failure.retryable);
}

/// A volume takes its copy when nobody wants it any more.
#[test]
fn a_copy_that_comes_late_is_deleted() {
    let manner = (Step::Ask(Ask::Commit), 1, Manner::LateWell);
    let mut world = World::new(plan(2, vec![]), vec![manner]);
    world.ask(Event::Prepare);
    world.ask(Event::Create);
    world.run(None);
    assert_eq!(world.set.report().left_behind, ["v1"]);
    assert!(!world.disks[0].has_copy, "the other one has been deleted");
    world.settle();
    assert!(world.set.report().left_behind.is_empty());
    world.judge();
}

/// The set's window is longer than what one participant can bear.
#[test]
fn who_is_frozen_for_too_long_is_let_go_alone() {
    let frozen = Span::seconds(5);
    let deadlines = Deadlines { frozen, ..Deadlines::default() };
    let short = Invitation { deadlines, ..Invitation::optional("short of breath") };
    let manner = (Step::Ask(Ask::Hold), 0, Manner::Hangs);
    let mut world = World::new(plan(1, vec![short]), vec![manner]);
    world.ask(Event::Prepare);
    world.run(None);
    world.ask(Event::Create);
    world.run(None);
    let at = |call| world.log[first(&world, is_call(0, call))].0;
    assert_eq!(at(Call::Abort), at(Call::Freeze) + frozen);
    let part = &world.set.report().participants[0];
    assert_eq!(part.left_out, Some(Reason::FrozenTooLong(frozen)));
    world.judge();
}

/// All levels together are too slow for the set's window.
#[test]
fn the_set_fails_when_its_freeze_window_is_over() {
    let manner = (Step::Ask(Ask::Flush), 0, Manner::Hangs);
    let mut world = World::new(plan(1, vec![Invitation::required("database")]), vec![manner]);
    all_the_way(&mut world);
    let failure = failure(&world);
    assert_eq!(failure.reason, Reason::FreezeWindow(Span::seconds(60)));
    assert_eq!((failure.author, failure.phase), (Author::Set, Phase::Flushing));
}

/// Nobody is frozen any more, so the window for freezing means nothing.
#[test]
fn the_freeze_window_does_not_bind_a_set_in_which_nobody_is_frozen() {
    let mut slow = plan(1, vec![Invitation::optional("grumpy")]);
    slow.windows.flush = Span::seconds(100);
    let manners = vec![
        (Step::Call(Call::Freeze), 0, Manner::RefusesForNow),
        (Step::Ask(Ask::Flush), 0, Manner::Hangs),
    ];
    let mut world = World::new(slow, manners);
    all_the_way(&mut world);
    assert_eq!(failure(&world).reason, Reason::Slow(Ask::Flush, Span::seconds(100)));
}

#[test]
fn what_does_not_come_next_is_refused_and_changes_nothing() {
    let mut set = SetCreation::new(plan(1, vec![])).expect("one volume");
    let before = set.clone();
    for event in [Event::Create, Event::Complete { succeeded: true }] {
        assert_eq!(set.handle(Time(0), event), Err(WrongOrder { phase: Phase::Planned }));
        assert_eq!(set, before);
    }
    set.handle(Time(0), Event::Prepare).expect("it comes first");
    let refused = set.handle(Time(0), Event::Prepare);
    assert_eq!(refused, Err(WrongOrder { phase: Phase::Prepared }));
}

/// Aborting is always allowed, and a second time changes nothing.
#[test]
fn an_abort_after_the_end_changes_nothing() {
    let mut world = World::new(plan(1, vec![Invitation::required("database")]), vec![]);
    all_the_way(&mut world);
    let told = world.log.len();
    world.ask(Event::Abort);
    assert_eq!(world.log.len(), told);
    assert_eq!(world.set.report().outcome, Some(Outcome::ApplicationConsistent));
}

/// Answers of nobody, and to what was never asked.
#[test]
fn strange_answers_change_nothing() {
    let mut set = SetCreation::new(plan(1, vec![])).expect("one volume");
    let before = set.clone();
    let number = shadowvol::set::CallNumber(1);
    for event in [
        Event::Called { participant: 7, number, answer: Ok(()) },
        Event::Asked { volume: 7, ask: Ask::Commit, answer: Ok(()) },
        Event::Asked { volume: 0, ask: Ask::Commit, answer: Ok(()) },
        Event::Asked { volume: 0, ask: Ask::Hold, answer: Ok(()) },
    ] {
        set.handle(Time(0), event).expect("answers are always allowed");
        assert_eq!(set, before);
    }
}

/// A volume cannot delete its copy, and says so; whatever it says after that is no answer.
#[test]
fn a_second_word_about_a_copy_counts_for_nothing() {
    let manner = (Step::Ask(Ask::Delete), 0, Manner::RefusesForGood);
    let mut world = World::new(plan(1, vec![]), vec![manner]);
    world.ask(Event::Prepare);
    world.ask(Event::Create);
    world.run(None);
    world.ask(Event::Abort);
    world.run(None);
    let answer = Ok(());
    world.ask(Event::Asked { volume: 0, ask: Ask::Delete, answer });
    assert_eq!(world.set.report().left_behind, ["v0"]);
    world.judge();
}
