//! Results as a table for people and as lines for programs.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use crate::Outcome;

/// One measured thing.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was done.
    pub what: String,
    /// On which storage.
    pub place: &'static str,
    /// What it is compared with.
    pub base: &'static str,
    /// The ratio that it should reach.
    pub goal: Option<f64>,
    /// What came out.
    pub outcome: Outcome,
}

/// The results of one bench.
#[derive(Debug)]
pub struct Table {
    name: &'static str,
    rows: Vec<Row>,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        println!(
            "\n{name}: speed as a ratio to the base, the median of the rounds (least..greatest)\n\
             {:<44} {:<6} {:<14} {:>6} {:>14} {:>6}  {:>9} {:>9}",
            "what", "place", "base", "ratio", "spread", "goal", "p50", "p99"
        );
        Self { name, rows: Vec::new() }
    }

    /// Adds a row and prints it.
    pub fn push(&mut self, row: Row) {
        let Outcome { ratio, spread: (least, greatest), latency } = &row.outcome;
        let goal = row.goal.map_or(String::new(), |goal| {
            format!("{goal:.2}{}", if *ratio >= goal { ' ' } else { '!' })
        });
        let micros = |quantile| latency.value_at_quantile(quantile) as f64 / 1000.0;
        println!(
            "{:<44} {:<6} {:<14} {ratio:>6.2} {:>14} {goal:>6}  {:>6.1} us {:>6.1} us",
            row.what,
            row.place,
            row.base,
            format!("{least:.2}..{greatest:.2}"),
            micros(0.5),
            micros(0.99)
        );
        self.rows.push(row);
    }

    /// Saves the rows as JSON lines below `target/bench-results`.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn save(&self) -> std::io::Result<()> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench-results");
        fs::create_dir_all(&folder)?;
        let mut file = fs::File::create(folder.join(format!("{}.jsonl", self.name)))?;
        for Row { what, place, base, goal, outcome } in &self.rows {
            let Outcome { ratio, spread: (least, greatest), latency } = outcome;
            let goal = goal.map_or("null".to_owned(), |goal| goal.to_string());
            writeln!(
                file,
                "{{\"what\":\"{what}\",\"place\":\"{place}\",\"base\":\"{base}\",\
                 \"ratio\":{ratio:.4},\"least\":{least:.4},\"greatest\":{greatest:.4},\
                 \"goal\":{goal},\"p50_ns\":{},\"p99_ns\":{},\"max_ns\":{}}}",
                latency.value_at_quantile(0.5),
                latency.value_at_quantile(0.99),
                latency.max()
            )?;
        }
        Ok(())
    }
}
