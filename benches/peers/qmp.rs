//! Orders to QEMU's daemon: one JSON object a line.

use core::time::Duration;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde_json::{Value, json};
use shadowvol_benches::Result;

use crate::daemon::connect;

/// How long an order may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection to the monitor.
pub(crate) struct Qmp {
    orders: UnixStream,
    answers: BufReader<UnixStream>,
}

impl Qmp {
    pub(crate) fn connect(socket: &Path) -> Result<Self> {
        let orders = connect(socket)?;
        orders.set_read_timeout(Some(PATIENCE))?;
        let answers = BufReader::new(orders.try_clone()?);
        let mut qmp = Self { orders, answers };
        qmp.answer()?;
        qmp.order("qmp_capabilities", json!({}))?;
        Ok(qmp)
    }

    /// Gives an order, and waits until it is done.
    pub(crate) fn order(&mut self, execute: &str, arguments: Value) -> Result<Value> {
        let order = json!({ "execute": execute, "arguments": arguments });
        writeln!(self.orders, "{order}")?;
        loop {
            let answer = self.answer()?;
            if let Some(done) = answer.get("return") {
                return Ok(done.clone());
            }
            if let Some(error) = answer.get("error") {
                return Err(format!("{execute}: {error}").into());
            }
            // Something has happened; that is no answer.
        }
    }

    fn answer(&mut self) -> Result<Value> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err("QEMU's daemon has hung up".into());
        }
        Ok(serde_json::from_str(&line)?)
    }
}
