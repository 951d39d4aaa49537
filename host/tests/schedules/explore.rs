//! Running a scenario under many schedules.

use std::collections::HashSet;
use std::env;
use std::sync::Arc;

use parking_lot::Mutex;
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, MaxSteps, Runner};

/// A schedule has at most some thousand steps. One that has so many more never ends.
const MOST_STEPS: usize = 300_000;
const STACK_BYTES: usize = 1 << 18;

/// Runs a scenario under this many schedules, a hundred times as many in the long form. Half of
/// them are drawn step by step; in the others threads have priorities that change two or four
/// times, which finds what needs one thread to sleep while another does much.
///
/// The scenario returns a number that stands for the order of its operations on media.
pub(crate) fn explore(
    name: &str,
    schedules: usize,
    scenario: impl Fn() -> u64 + Send + Sync + 'static,
) {
    let orders = Arc::new(Mutex::new(HashSet::new()));
    let seen = Arc::clone(&orders);
    let scenario = Arc::new(move || {
        let order = scenario();
        seen.lock().insert(order);
    });
    if let Ok(schedule) = env::var("SHADOWVOL_SCHEDULE") {
        return shuttle::replay(move || scenario(), &schedule);
    }
    let schedules = if is_long() { schedules * 100 } else { schedules };
    let run = |scheduler: Box<dyn Scheduler + Send>| {
        let scenario = Arc::clone(&scenario);
        Runner::new(scheduler, config()).run(move || scenario())
    };
    let done = run(Box::new(RandomScheduler::new_from_seed(1, schedules / 2)))
        + run(Box::new(PctScheduler::new_from_seed(2, 3, schedules / 4)))
        + run(Box::new(PctScheduler::new_from_seed(3, 5, schedules / 4)));
    let orders = orders.lock().len();
    assert!(orders > 50, "{name}: {done} schedules, but {orders} orders of operations");
    println!("{name}: {done} schedules, {orders} orders of operations");
}

/// Whether the long forms are wanted.
fn is_long() -> bool {
    env::var_os("SHADOWVOL_LONG").is_some_and(|value| value != "0")
}

pub(crate) fn config() -> Config {
    let mut config = Config::new();
    config.stack_size = STACK_BYTES;
    config.max_steps = MaxSteps::FailAfter(MOST_STEPS);
    // Nothing is decided by the order of accesses to two atomics.
    config.silence_warnings = true;
    config
}
