//! A chunk size with copies that are taken every so often, and kept in several ways at once.
//!
//! Here the oldest copy always goes first, so what was preserved while a copy was the newest is
//! needed until that copy goes, and no longer.

use core::time::Duration;
use std::collections::VecDeque;

use shadowvol::{Extent, Geometry};

use super::Keep;
use super::marks::Marks;
use super::need::Need;
use super::records::Cost;
use super::row::{Row, Schedule};
use crate::trace::TraceError;

/// More copies than that are taken for a mistake in the unit of time.
const MOST_COPIES: u64 = 4_000_000;

/// The lane.
#[derive(Debug)]
pub(super) struct Scheduled {
    geometry: Geometry,
    every: u64,
    /// What was preserved since the newest copy, or would have been if it had been kept.
    marks: Marks,
    /// When the next copy is taken, and when anything is to be done next.
    next_copy: u64,
    next: u64,
    windows: Vec<Window>,
    new: Vec<Extent>,
    cost: Cost,
}

/// One way to keep copies.
#[derive(Debug)]
struct Window {
    keep: Keep,
    need: Need,
    /// The copies, the oldest first.
    live: VecDeque<Taken>,
}

#[derive(Clone, Copy, Debug)]
struct Taken {
    goes: u64,
    chunks: u64,
}

impl Scheduled {
    pub(super) fn new(geometry: Geometry, every: Duration, keeps: &[Keep]) -> Self {
        let window = |&keep: &Keep| Window {
            keep,
            need: Need::new(geometry, Schedule::Every { every, keep }),
            live: VecDeque::new(),
        };
        Self {
            geometry,
            every: nanoseconds(every),
            marks: Marks::new(),
            next_copy: 0,
            next: 0,
            windows: keeps.iter().map(window).collect(),
            new: Vec::new(),
            cost: Cost::default(),
        }
    }

    /// Takes and deletes the copies that are due.
    pub(super) fn pass_time(&mut self, now: u64) -> Result<(), TraceError> {
        if now < self.next {
            return Ok(());
        }
        if now / self.every >= MOST_COPIES {
            return Err(TraceError::TooManyCopies {
                span: Duration::from_nanos(now),
                every: Duration::from_nanos(self.every),
                most: MOST_COPIES,
            });
        }
        while self.next <= now {
            let at = self.next;
            self.windows.iter_mut().for_each(|window| window.expire(at));
            if at == self.next_copy {
                self.windows.iter_mut().for_each(|window| window.create(at));
                self.marks.clear();
                self.next_copy = self.next_copy.saturating_add(self.every);
            }
            let goes = self.windows.iter().filter_map(|window| window.live.front());
            self.next = goes.map(|oldest| oldest.goes).fold(self.next_copy, u64::min);
        }
        Ok(())
    }

    /// Some bytes are overwritten or discarded.
    pub(super) fn change(&mut self, at: u64, offset: u64, length: u64) {
        self.new.clear();
        self.marks.insert(self.geometry.cover(offset, length), &mut self.new);
        if self.new.is_empty() {
            return;
        }
        self.cost.measure(&self.geometry, &self.new);
        for window in &mut self.windows {
            if let Some(newest) = window.live.back_mut() {
                newest.chunks += self.cost.chunks;
                window.need.preserve(at, &self.cost);
            }
        }
    }

    pub(super) fn rows(self, written: u64) -> impl Iterator<Item = Row> {
        self.windows.into_iter().map(move |window| window.need.row(written))
    }
}

impl Window {
    fn expire(&mut self, now: u64) {
        while let Some(oldest) = self.live.front().filter(|oldest| oldest.goes <= now) {
            self.need.delete(oldest.chunks);
            self.live.pop_front();
        }
    }

    fn create(&mut self, now: u64) {
        let goes = match self.keep {
            Keep::For(time) => now.saturating_add(nanoseconds(time)),
            Keep::Copies(count) => {
                if self.live.len() >= count as usize
                    && let Some(oldest) = self.live.pop_front()
                {
                    self.need.delete(oldest.chunks);
                }
                u64::MAX
            }
        };
        self.need.create(now);
        self.live.push_back(Taken { goes, chunks: 0 });
    }
}

/// At least one: nothing is done in no time.
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(1)
}
