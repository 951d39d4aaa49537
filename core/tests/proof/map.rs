//! What the proof's text names is there: every world, and every test of its table.

use std::path::{Path, PathBuf};

use shadowvol::sim::scenarios;

const TEXT: &str = include_str!("../../docs/proof.md");

/// The rows of the table of failures, as their columns.
fn rows() -> Vec<Vec<&'static str>> {
    let table = TEXT.lines().skip_while(|line| !line.starts_with("| # |")).skip(2);
    let rows = table.take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// What stands between each pair of these marks.
fn between(text: &str, mark: char) -> impl Iterator<Item = &str> {
    text.split(mark).skip(1).step_by(2)
}

fn file(path: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let homes = ["core/tests", "host/tests", "py/tests"].map(|home| root.join(home).join(path));
    let found = homes.iter().find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("there is no {path}")).clone()
}

#[test]
fn every_known_failure_has_a_world_or_a_test_that_is_there() {
    let rows = rows();
    assert_eq!(rows.len(), 25);
    for (nth, row) in rows.iter().enumerate() {
        let [number, _, worlds, tests] = row[..] else { panic!("four columns, not {row:?}") };
        assert_eq!(number.parse(), Ok(nth + 1));
        for world in between(worlds, '*') {
            assert!(scenarios::named(world).is_some(), "there is no world {world}");
        }
        assert!(between(tests, '`').count() > 0, "{row:?}");
        for test in between(tests, '`') {
            let (path, name) = test.split_once("::").unwrap_or((test, ""));
            let code = std::fs::read_to_string(file(path)).expect("a test's file");
            let is_there = name.is_empty() || code.contains(&format!("fn {name}("));
            assert!(is_there, "there is no {name} in {path}");
        }
    }
}
