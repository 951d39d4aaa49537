//! What a person needs to follow a crash, told only when something was wrong behind it.

use core::panic::AssertUnwindSafe;
use std::panic::{catch_unwind, resume_unwind};

use super::front::Crash;
use super::log::{Effect, Log};
use super::records::tell;

/// How far back the story goes.
const RECENT: usize = 300;

/// Does something that panics if a crash has left something wrong, and tells the story then.
pub(crate) fn witness<T>(story: impl FnOnce() -> String, work: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        eprintln!("{}", story());
        resume_unwind(panic)
    })
}

/// The operations before a crash, and what became of them; the volume's checksum seed is `seed`.
pub(crate) fn story(log: &Log, crash: &Crash, seed: u32) -> String {
    let mut lines = vec![format!("a crash at {} of {}", crash.time, log.end)];
    let recent = crash.time.saturating_sub(RECENT);
    for (nth, one) in log.operations.iter().enumerate() {
        let fate = crash.fates.iter().find(|(other, _)| *other == nth);
        if one.begun < crash.time && (fate.is_some() || one.begun > recent) {
            let bytes = match &one.effect {
                Effect::Write { data, .. } => tell(data, seed),
                _ => String::new(),
            };
            let fate = match fate {
                Some((_, fate)) => format!("{fate:?}"),
                None if one.ended < crash.time => "done".to_owned(),
                None => "under way".to_owned(),
            };
            lines.push(format!("  {one}: {fate}{bytes}"));
        }
    }
    for (time, told) in &log.told {
        if (recent..crash.time).contains(time) {
            lines.push(format!("  {time}: told {told:?}"));
        }
    }
    lines.join("\n")
}
