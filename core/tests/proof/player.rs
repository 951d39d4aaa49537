//! A world that is played by hand: what a page does. Orders come while it goes on, it goes back and
//! forth, and a damaging schedule that the explorer has found is played as it was found.

use std::collections::BTreeSet;

use shadowvol::sim::picture::{Doing, Slot};
use shadowvol::sim::{Action, Explorer, Limits, Mishaps, Move, Order, Player, Scenario, scenarios};
use shadowvol::{Rule, Rules};

const WRITE: Order = Order::Write { units: 0..2, value: 2 };
const READ: Order = Order::Read { copy: 1, units: 0..2 };

/// An active node with two threads, and a passive one.
fn scenario() -> Scenario {
    Scenario::new("hand", "played by hand").active(&[&[], &[]]).passive(&[&[]])
}

fn give(node: usize, order: Order) -> Move {
    Move::Give { node, thread: 0, order }
}

/// Lets things happen, in an order drawn from the seed, until nobody can go on.
fn run(player: &mut Player, seed: u64) {
    while let Some(action) = player.draw(seed) {
        player.make(Move::Act(action)).expect("it was drawn from what can happen");
    }
}

#[test]
fn orders_are_done_while_the_world_goes_on_and_the_picture_shows_them() {
    for seed in 0..50 {
        let mut player = Player::new(&scenario()).expect("sense");
        let idle = player.picture();
        assert_eq!(idle.units, [Some(1); 4]);
        assert!(idle.nodes.iter().flat_map(|node| &node.threads).all(|of| of.state == Doing::Idle));

        player.make(give(0, Order::Create)).expect("an active creates");
        run(&mut player, seed);
        for order in [WRITE, Order::Flush] {
            player.make(give(0, order)).expect("an active writes");
        }
        player.make(give(2, READ)).expect_err("there is no such node");
        player.make(give(1, READ)).expect("a passive reads");
        player.make(Move::Join { threads: 1 }).expect("room for one more");
        player.make(give(2, READ)).expect("now there is");
        run(&mut player, seed);

        assert_eq!(player.world().broken(), None);
        let found: Vec<_> = player.answers().map(|(_, answer)| answer.found.clone()).collect();
        assert_eq!(found, [[Some(1); 2]; 2], "both read the copy as it was");
        let after = player.picture();
        assert_eq!(after.units, [Some(2), Some(2), Some(1), Some(1)]);
        assert_eq!(after.copies[0].truth, [1; 4]);
        assert_eq!(after.copies[0].preserved, [true, false]);
        let preserved =
            Slot::Preserved { chunk: 0, copy: 1, units: vec![Some(1); 2], stale: false };
        assert_eq!(after.slots.iter().filter(|&slot| *slot == preserved).count(), 1);
        assert_eq!(after.slots[0], Slot::Superblock);
        assert!(after.slots.contains(&Slot::Journal) && after.slots.contains(&Slot::Free));
        let lines: Vec<_> = after.lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(lines[0], "copy 1 created");
        assert!(lines[1].starts_with("preserved chunk 0 of copy 1: slot "), "{lines:?}");
        let steps: Vec<_> = player.events().map(|(_, event)| event.step).collect();
        for step in ["create", "W1", "W2", "W3", "W4", "R1", "R2", "R3"] {
            assert!(steps.contains(&step), "nobody told {step}");
        }
    }
}

#[test]
fn going_back_and_forth_shows_what_was_and_another_move_begins_another_future() {
    let mut player = Player::new(&scenario()).expect("sense");
    let mut pictures = vec![player.picture()];
    let mut moves = Vec::new();
    for round in 0..16 {
        let value = round + 2;
        moves.push(give(0, if round % 3 == 0 { Order::Create } else { WRITE }));
        moves.push(Move::Give { node: 0, thread: 1, order: Order::Write { units: 2..4, value } });
        for next in moves.drain(..) {
            player.make(next).expect("an active does both");
            pictures.push(player.picture());
        }
        while let Some(action) = player.draw(3) {
            player.make(Move::Act(action)).expect("it can happen");
            pictures.push(player.picture());
        }
    }
    let (end, told) = (player.at(), player.events().count());
    assert!(end > 3 * 64, "more than a few worlds are kept: {end}");
    for at in [0, 1, 63, 64, 65, end, 130, 127, end, 5, end - 1] {
        player.seek(at);
        assert_eq!(player.at(), at);
        assert_eq!(player.picture(), pictures[at]);
    }
    player.seek(usize::MAX);
    assert_eq!((player.at(), player.events().count()), (end, told));

    player.seek(70);
    let before = player.moves()[..70].to_vec();
    player.make(Move::Join { threads: 1 }).expect("a passive joins");
    assert_eq!((player.at(), player.moves().len()), (71, 71));
    let mut again = Player::new(&scenario()).expect("sense");
    for next in before.into_iter().chain([Move::Join { threads: 1 }]) {
        again.make(next).expect("it could be made before");
    }
    assert_eq!(again.picture(), player.picture());
}

#[test]
fn what_the_explorer_finds_can_be_played() {
    let world = scenarios::without(Rule::ConfirmAbsence);
    let mut explorer = Explorer::new(&world, Limits::default()).expect("sense");
    let mut slices = 1;
    while !explorer.visit(10) {
        slices += 1;
    }
    assert!(slices > 1, "it is found in slices");
    let story = explorer.report().damage.expect("a wrong read");

    let mut player = Player::new(&world).expect("sense");
    for event in &story.events {
        if let Some(action) = event.action {
            player.make(Move::Act(action)).expect("it happened");
        }
    }
    assert_eq!(player.world().broken(), Some(&*story.damage));
    assert_eq!(player.picture().broken, Some(story.damage));
    let told: Vec<_> = player.events().map(|(_, event)| event.clone()).collect();
    assert_eq!(told, story.events, "and it is told alike");
    let (_, answer) = player.answers().next_back().expect("the read that was wrong");
    assert_ne!(answer.found, [Some(1); 2]);
    assert!(player.make(give(0, WRITE)).is_err(), "nothing more happens");
    player.seek(0);
    assert_eq!(player.world().broken(), None);
}

#[test]
fn an_exploration_that_is_not_over_proves_nothing() {
    let world = scenarios::named("create").expect("a world");
    let mut explorer = Explorer::new(&world, Limits::default()).expect("sense");
    assert!(!explorer.visit(10));
    assert!(!explorer.report().is_proof());
    while !explorer.visit(1000) {}
    assert!(explorer.report().is_proof());
    assert!(explorer.visit(1), "it stays over");
}

#[test]
fn nodes_die_and_the_power_fails_by_hand() {
    let mishaps = Mishaps { cuts: 1, kills: 1, failures: 0 };
    let mut player = Player::new(&scenario().mishaps(mishaps)).expect("sense");
    player.make(give(0, Order::Create)).expect("an active creates");
    run(&mut player, 1);
    player.make(give(0, WRITE)).expect("an active writes");
    assert!(player.choices().iter().any(|event| event.step == "death"));
    player.make(Move::Act(Action::Kill { node: 0 })).expect("it lives");
    run(&mut player, 1);
    player.make(Move::Act(Action::Kill { node: 0 })).expect_err("one death was allowed");
    player.make(give(0, WRITE)).expect("it has recovered");
    player.make(Move::Act(Action::Cut { keep: u32::MAX })).expect_err("so much is never loose");
    player.make(Move::Act(Action::Cut { keep: 0 })).expect("the power fails");
    run(&mut player, 1);
    assert_eq!(player.world().broken(), None);
    assert_eq!(player.picture().copies.len(), 1);
}

#[test]
fn nonsense_is_refused_with_a_reason_and_breaks_nothing() {
    let odd = [
        Scenario { units: 0, ..scenario() },
        Scenario { units: usize::MAX, ..scenario() },
        Scenario { slots: 5, ..scenario() },
        Scenario { slots: usize::MAX, ..scenario() },
        Scenario { segment: 0, ..scenario() },
        Scenario { segment: u32::MAX, ..scenario() },
        scenario().active(&[]),
        scenario().active(&[&[READ]]),
        scenario().passive(&[&[WRITE]]),
        scenario().before(&[Order::Write { units: 3..5, value: 2 }]),
        scenario().before(&[Order::Write { units: 3..3, value: 2 }]),
        scenario().before(&[Order::Revert(7)]),
        (0..20).fold(scenario(), |scenario, _| scenario.passive(&[&[]])),
    ];
    for scenario in odd {
        let Err(nonsense) = Player::new(&scenario) else { panic!("{scenario:?} makes no sense") };
        assert!(nonsense.to_string().len() > 10, "{nonsense}");
        assert!(Explorer::new(&scenario, Limits::default()).is_err());
    }

    let mut player = Player::new(&scenario().active(&[&[]])).expect("sense");
    let before = player.picture();
    for (node, order) in [
        (0, READ),
        (0, Order::Revert(1)),
        (0, Order::Write { units: 2..9, value: 2 }),
        (1, WRITE),
        (2, WRITE),
        (9, WRITE),
    ] {
        assert!(player.make(give(node, order)).is_err());
    }
    assert!(player.make(Move::Join { threads: 0 }).is_err());
    assert!(player.make(Move::Act(Action::Step { node: 0, thread: 0 })).is_err());
    assert!(player.make(Move::Act(Action::Land { node: 9, thread: 9, piece: 200 })).is_err());
    assert_eq!((player.at(), player.picture()), (0, before));
}

/// As large as a page draws, with the checks that read everything left out.
#[test]
fn a_world_of_four_thousand_chunks_can_be_played() {
    let large = Scenario { units: 8192, slots: 6000, audit: false, ..scenario() };
    let rules = Rules::default();
    let mut player = Player::new(&Scenario { rules, segment: 4, ..large }).expect("sense");
    player.make(give(0, Order::Create)).expect("an active creates");
    run(&mut player, 5);
    for nth in 0..200 {
        let start = (nth * 40) % 8000;
        let order = Order::Write { units: start..start + 16, value: nth as u8 | 1 };
        player.make(give(0, order)).expect("an active writes");
        let start = start.saturating_sub(8);
        let order = Order::Read { copy: 1, units: start..start + 16 };
        player.make(give(1, order)).expect("a passive reads");
    }
    run(&mut player, 5);
    player.make(give(0, Order::Compact)).expect("an active compacts");
    run(&mut player, 5);
    assert_eq!(player.world().broken(), None);
    assert_eq!(player.answers().count(), 200);
    assert!(player.answers().all(|(_, answer)| answer.found == [Some(1); 16]));
    assert_eq!(player.picture().units.len(), 8192);
}

/// A picture says in which step a read is, also between two operations, where two threads of a node
/// take turns.
#[test]
fn a_read_is_in_a_step_at_every_moment() {
    let one_node = scenarios::all().into_iter().find(|world| world.name == "one-node");
    let one_node = one_node.expect("two threads of a passive");
    let (mut all, mut between) = (BTreeSet::new(), BTreeSet::new());
    let mut brought = BTreeSet::new();
    for seed in 0..20 {
        let mut player = Player::new(&one_node).expect("sense");
        while let Some(action) = player.draw(seed) {
            player.make(Move::Act(action)).expect("it was drawn from what can happen");
            let picture = player.picture();
            for thread in &picture.nodes[1].threads {
                all.extend(thread.step);
                between.extend(thread.step.filter(|_| thread.state == Doing::Ready));
            }
        }
        // A step brings units of the volume, or it is about the journal: the records of the next one
        // were told as a slot once, because the node did not follow that one yet.
        for (_, event) in player.events().filter(|(_, event)| event.node.starts_with("passive")) {
            brought.extend(event.place.as_ref().map(|place| (event.step, !place.units.is_empty())));
        }
    }
    assert_eq!(all, BTreeSet::from(["R2", "R3", "R4"]));
    assert_eq!(brought, BTreeSet::from([("R2", true), ("R3", false), ("R4", true)]));
    assert_eq!(between, BTreeSet::from(["R3"]), "it has read, and now confirms");
}
