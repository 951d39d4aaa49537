//! Results as a table for people, and as files for programs; `benches/README.md` describes them.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use crate::line::{Head, Line};
use crate::log::Log;
use crate::machine::{Machine, utc};
use crate::{Axes, Outcome, Result};

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
             {:<64} {:<6} {:<17} {:>6} {:>14} {:>6}  {:<17} {:>10} {:>10}",
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
        let tag = format!("{}-{:03}", self.name, self.rows);
        self.rows += 1;
        self.log.add(&tag, &outcome.ours.intervals)?;
        self.log.add(&format!("{tag}.base"), &outcome.base.intervals)?;
        let head = Head { bench: self.name, date: self.date.as_deref(), tag };
        let line = Line::new(head, axes, versus, outcome);
        print(&line);
        serde_json::to_writer(&mut self.lines, &line)?;
        self.lines.write_all(b"\n")?;
        // A bench that is stopped has saved what it has printed.
        Ok(self.lines.flush()?)
    }
}

fn print(line: &Line<'_>) {
    let Line { what, base, ratio, least, greatest, goal, ahead, .. } = line;
    let goal = goal.map_or(String::new(), |goal| {
        format!("{goal:.2}{}", if *ratio >= goal { ' ' } else { '!' })
    });
    let micros = |nanos: Option<u64>| {
        nanos.map_or(String::new(), |nanos| format!("{:.1} us", nanos as f64 / 1000.0))
    };
    let extra: String =
        line.extra.iter().map(|(name, value)| format!("  {name} {value:.2}")).collect();
    println!(
        "{what:<64} {:<6} {base:<17} {ratio:>6.2} {:>14} {goal:>6}  {ahead:<17} {:>10} {:>10}{extra}",
        line.axes.place,
        format!("{least:.2}..{greatest:.2}"),
        micros(line.p50_ns),
        micros(line.p99_ns),
    );
}

/// Where results are saved.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench-results")
}
