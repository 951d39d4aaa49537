//! scratch
use shadowvol::Rule;
use shadowvol::sim::*;
use std::time::Instant;
fn run(name: &str, s: &Scenario, first: First) {
    let t = Instant::now();
    let states = std::env::var("N").map_or(300_000, |n| n.parse().unwrap());
    let r = explore(s, Limits { states, first });
    println!(
        "{:<22} {:<38} states {:>8} steps {:>9} depth {:>3} ends {:>5} crashes {:>7} {} {:.1}s",
        name,
        s.size(),
        r.states,
        r.steps,
        r.depth,
        r.ends,
        r.crashes,
        if r.is_proof() {
            "PROOF"
        } else if r.complete {
            "damage"
        } else {
            "INCOMPLETE"
        },
        t.elapsed().as_secs_f64()
    );
    if let Some(d) = r.damage {
        if std::env::var("Q").is_ok() {
            println!("   {} events => {}", d.events.len(), d.damage)
        } else {
            println!("{d}");
        }
    }
}
fn main() {
    let filter = std::env::args().nth(1).unwrap_or_default();
    for s in scenarios::all().into_iter().chain(scenarios::large()) {
        if s.name.contains(&filter) {
            run(
                s.name,
                &s,
                if std::env::var("BFS").is_ok() { First::Nearest } else { First::Deepest },
            );
        }
    }
    for rule in Rule::ALL {
        let name = format!("{rule:?}");
        if name.contains(&filter) {
            run(&name, &scenarios::without(rule), First::Nearest);
        }
    }
}
