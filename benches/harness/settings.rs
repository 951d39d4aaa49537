//! What the environment says about how to measure.

use std::env;
use std::sync::OnceLock;

/// How to measure.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The long form: every size, and what takes minutes.
    pub long: bool,
    /// Rounds that count.
    pub rounds: usize,
    /// What random offsets are drawn from.
    pub seed: u64,
}

/// The settings of this run.
///
/// # Panics
///
/// When a variable that should be a number is none: a bench that measured something else than it was
/// told to would mislead.
#[must_use]
pub fn settings() -> Settings {
    static SETTINGS: OnceLock<Settings> = OnceLock::new();
    *SETTINGS.get_or_init(|| Settings {
        long: env::var("SHADOWVOL_LONG").is_ok_and(|value| !value.is_empty()),
        rounds: number("SHADOWVOL_BENCH_ROUNDS", 5).max(1) as usize,
        seed: number("SHADOWVOL_BENCH_SEED", 1),
    })
}

fn number(name: &str, default: u64) -> u64 {
    let Ok(value) = env::var(name) else { return default };
    match value.parse() {
        Ok(number) => number,
        Err(_) => panic!("{name} must be a number: {value}"),
    }
}
