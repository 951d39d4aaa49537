//! One trace of operations, the same results by every face of the engine.
//!
//! What a trace is, and which face plays it where, is told in `core/tests/faces/README.md`. This is
//! the runner for Rust, and the maker of the traces: with `SHADOWVOL_MAKE_FACES=1` the traces are
//! written anew, with what is found as what is expected. Without, they are played and compared.

mod maker;
mod player;

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use self::player::Player;

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "core", "tests", "faces"].iter().collect()
}

fn is_making() -> bool {
    std::env::var_os("SHADOWVOL_MAKE_FACES").is_some_and(|value| value != "0")
}

/// Plays a trace; makes it first if that is wanted.
fn check(name: &str, make: impl FnOnce() -> Vec<Value>) {
    let path = folder().join(name);
    if is_making() {
        let mut player = Player::default();
        let lines = make().into_iter().map(|mut line| {
            player.play(&line).enter(&mut line);
            format!("{line}\n")
        });
        fs::write(&path, lines.collect::<String>()).expect("a file");
    }
    let trace = fs::read_to_string(&path).expect("a trace");
    let mut player = Player::default();
    for (number, line) in (1..).zip(trace.lines()) {
        let expected: Value = serde_json::from_str(line).expect("an object");
        let mut found = expected.clone();
        player.play(&expected).enter(&mut found);
        assert_eq!(found, expected, "{name}, line {number}");
    }
    assert!(trace.lines().count() > 100, "{name} is a trace of some length");
}

#[test]
fn where_a_write_fails_when_the_diff_area_is_full() {
    check("fail.jsonl", || maker::trace(1, "fail"));
}

#[test]
fn where_the_oldest_copies_go_when_the_diff_area_is_full() {
    check("drop.jsonl", || maker::trace(2, "drop-oldest"));
}

/// What is made and what is in the folder are the same questions.
#[test]
fn the_traces_are_what_the_maker_makes() {
    if is_making() {
        return;
    }
    for (name, seed, on_full) in [("fail.jsonl", 1, "fail"), ("drop.jsonl", 2, "drop-oldest")] {
        let trace = fs::read_to_string(folder().join(name)).expect("a trace");
        let questions = trace.lines().map(|line| {
            let mut line: Value = serde_json::from_str(line).expect("an object");
            let fields = line.as_object_mut().expect("an object");
            fields.retain(|field, _| !["result", "error", "numbers"].contains(&field.as_str()));
            line
        });
        assert!(questions.eq(maker::trace(seed, on_full)), "{name}: run `make faces`");
    }
}
