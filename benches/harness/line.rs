//! A row as programs read it: a line of `NAME.jsonl`, which `benches/README.md` describes.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::outcome::{Ahead, Outcome};
use crate::table::Versus;
use crate::{Axes, settings};

/// Where a row belongs.
#[derive(Serialize)]
pub(crate) struct Head<'a> {
    pub(crate) bench: &'a str,
    pub(crate) date: Option<&'a str>,
    pub(crate) tag: String,
}

/// A row.
#[derive(Serialize)]
pub(crate) struct Line<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    pub(crate) what: String,
    who: &'a str,
    #[serde(flatten)]
    pub(crate) axes: Axes,
    pub(crate) base: &'a str,
    pub(crate) ratio: f64,
    pub(crate) least: f64,
    pub(crate) greatest: f64,
    pub(crate) goal: Option<f64>,
    pub(crate) ahead: &'a str,
    rounds: usize,
    count: usize,
    seed: u64,
    seconds: f64,
    base_seconds: f64,
    pub(crate) p50_ns: Option<u64>,
    pub(crate) p99_ns: Option<u64>,
    p999_ns: Option<u64>,
    max_ns: Option<u64>,
    base_p50_ns: Option<u64>,
    base_p99_ns: Option<u64>,
    base_p999_ns: Option<u64>,
    base_max_ns: Option<u64>,
    interval_ns: Option<u64>,
    pub(crate) extra: BTreeMap<&'a str, f64>,
}

impl<'a> Line<'a> {
    pub(crate) fn new(head: Head<'a>, axes: Axes, versus: Versus, outcome: &'a Outcome) -> Self {
        let Outcome { ratio, spread: (least, greatest), ours, base, .. } = outcome;
        let (latency, base_latency) = (ours.latency(), base.latency());
        Self {
            head,
            what: axes.to_string(),
            who: versus.who,
            axes,
            base: versus.base,
            ratio: *ratio,
            least: *least,
            greatest: *greatest,
            goal: versus.goal,
            ahead: match outcome.ahead() {
                Ahead::Ours => versus.who,
                Ahead::Base => versus.base,
                Ahead::Nobody => "even",
            },
            rounds: ours.rounds.len(),
            count: ours.count,
            seed: settings().seed,
            seconds: ours.seconds(),
            base_seconds: base.seconds(),
            p50_ns: at(&latency, 0.5),
            p99_ns: at(&latency, 0.99),
            p999_ns: at(&latency, 0.999),
            max_ns: at(&latency, 1.0),
            base_p50_ns: at(&base_latency, 0.5),
            base_p99_ns: at(&base_latency, 0.99),
            base_p999_ns: at(&base_latency, 0.999),
            base_max_ns: at(&base_latency, 1.0),
            interval_ns: outcome.interval.map(|interval| interval.as_nanos() as u64),
            extra: outcome.extra.iter().copied().collect(),
        }
    }
}

/// Nothing of nothing.
fn at(latencies: &Histogram<u64>, quantile: f64) -> Option<u64> {
    (!latencies.is_empty()).then(|| latencies.value_at_quantile(quantile))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;

    /// Who reads the files knows them by it.
    #[test]
    fn every_field_is_in_the_readme() {
        let head = Head { bench: "a", date: None, tag: "a-000".to_owned() };
        let outcome = Outcome::of(Side::new(1), Side::new(1));
        let line = Line::new(head, Axes::default(), Versus::base("b"), &outcome);
        let line = serde_json::to_value(&line).expect("a line");
        let readme = include_str!("../README.md");
        for name in line.as_object().expect("an object").keys() {
            assert!(readme.contains(&format!("`{name}`")), "{name}");
        }
    }
}
