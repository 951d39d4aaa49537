//! Results as a table for people, and as files for programs; `benches/README.md` describes them.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::log::Log;
use crate::machine::{Machine, utc};
use crate::outcome::{Ahead, Outcome};
use crate::{Axes, Result, settings};

/// The results of one bench; each row is printed and saved when it is known.
pub struct Table {
    name: &'static str,
    date: Option<String>,
    rows: usize,
    lines: BufWriter<File>,
    log: Log,
}

/// What is compared with what.
#[derive(Clone, Copy, Debug)]
pub struct Versus {
    /// Whose figure it is.
    pub who: &'static str,
    /// What it is compared with.
    pub base: &'static str,
    /// The ratio that it should reach.
    pub goal: Option<f64>,
}

impl Versus {
    /// Ours, compared with this.
    #[must_use]
    pub const fn base(base: &'static str) -> Self {
        Self { who: "shadowvol", base, goal: None }
    }

    /// With a ratio that it should reach.
    #[must_use]
    pub const fn goal(self, goal: f64) -> Self {
        Self { goal: Some(goal), ..self }
    }
}

/// A line of `NAME.jsonl`.
#[derive(Serialize)]
struct Line<'a> {
    bench: &'a str,
    date: Option<&'a str>,
    what: &'a str,
    who: &'a str,
    #[serde(flatten)]
    axes: Axes,
    base: &'a str,
    ratio: f64,
    least: f64,
    greatest: f64,
    goal: Option<f64>,
    ahead: &'a str,
    rounds: usize,
    count: usize,
    seed: u64,
    seconds: f64,
    base_seconds: f64,
    p50_ns: Option<u64>,
    p99_ns: Option<u64>,
    p999_ns: Option<u64>,
    max_ns: Option<u64>,
    base_p50_ns: Option<u64>,
    base_p99_ns: Option<u64>,
    base_p999_ns: Option<u64>,
    base_max_ns: Option<u64>,
    interval_ns: Option<u64>,
    tag: &'a str,
    extra: Map<String, Value>,
}

impl Table {
    /// An empty table, in the place of the one that a run before has saved.
    ///
    /// # Errors
    ///
    /// When the files cannot be made.
    pub fn new(name: &'static str) -> Result<Self> {
        let folder = folder();
        fs::create_dir_all(&folder)?;
        Machine::look().save(&folder)?;
        let lines = BufWriter::new(File::create(folder.join(format!("{name}.jsonl")))?);
        let log = Log::create(&folder.join(format!("{name}.hlog")))?;
        println!(
            "\n{name}: speed as a ratio to the base, the median of the rounds (least..greatest)\n\
             {:<52} {:<6} {:<14} {:>6} {:>14} {:>6}  {:<12} {:>10} {:>10}",
            "what", "place", "base", "ratio", "spread", "goal", "ahead", "p50", "p99"
        );
        Ok(Self { name, date: utc(), rows: 0, lines, log })
    }

    /// Adds a row: prints and saves it.
    ///
    /// # Errors
    ///
    /// When it cannot be saved.
    pub fn push(&mut self, axes: Axes, versus: Versus, outcome: &Outcome) -> Result<()> {
        let Versus { who, base, goal } = versus;
        let Outcome { ratio, spread: (least, greatest), ours, base: other, .. } = outcome;
        let (ratio, least, greatest) = (*ratio, *least, *greatest);
        let what = axes.to_string();
        let ahead = match outcome.ahead() {
            Ahead::Ours => who,
            Ahead::Base => base,
            Ahead::Nobody => "even",
        };
        let tag = format!("{}-{:03}", self.name, self.rows);
        self.rows += 1;
        self.log.add(&tag, &ours.intervals)?;
        self.log.add(&format!("{tag}.base"), &other.intervals)?;
        let (latency, base_latency) = (ours.latency(), other.latency());
        let at = |quantile| (!latency.is_empty()).then(|| latency.value_at_quantile(quantile));
        let base_at =
            |quantile| (!base_latency.is_empty()).then(|| base_latency.value_at_quantile(quantile));
        let micros = |nanos: Option<u64>| {
            nanos.map_or(String::new(), |nanos| format!("{:.1} us", nanos as f64 / 1000.0))
        };
        let reached = goal.map_or(String::new(), |goal| {
            format!("{goal:.2}{}", if ratio >= goal { ' ' } else { '!' })
        });
        println!(
            "{what:<52} {:<6} {base:<14} {ratio:>6.2} {:>14} {reached:>6}  {ahead:<12} {:>10} {:>10}{}",
            axes.place,
            format!("{least:.2}..{greatest:.2}"),
            micros(at(0.5)),
            micros(at(0.99)),
            outcome
                .extra
                .iter()
                .map(|(name, value)| format!("  {name} {value:.2}"))
                .collect::<String>()
        );
        let line = Line {
            bench: self.name,
            date: self.date.as_deref(),
            what: &what,
            who,
            axes,
            base,
            ratio,
            least,
            greatest,
            goal,
            ahead,
            rounds: ours.rounds.len(),
            count: ours.count,
            seed: settings().seed,
            seconds: ours.seconds(),
            base_seconds: other.seconds(),
            p50_ns: at(0.5),
            p99_ns: at(0.99),
            p999_ns: at(0.999),
            max_ns: at(1.0),
            base_p50_ns: base_at(0.5),
            base_p99_ns: base_at(0.99),
            base_p999_ns: base_at(0.999),
            base_max_ns: base_at(1.0),
            interval_ns: outcome.interval.map(|interval| interval.as_nanos() as u64),
            tag: &tag,
            extra: outcome
                .extra
                .iter()
                .map(|(name, it)| ((*name).to_owned(), (*it).into()))
                .collect(),
        };
        serde_json::to_writer(&mut self.lines, &line)?;
        self.lines.write_all(b"\n")?;
        // A bench that is stopped has saved what it has printed.
        Ok(self.lines.flush()?)
    }
}

/// Where results are saved.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench-results")
}
