//! The same set at another time, for an explorer: what matters is how long ago and how soon.

use super::SetCreation;
use super::time::{Span, Time};

impl SetCreation {
    /// The same, so much earlier.
    pub(crate) fn shift(&mut self, by: Span) {
        let back = |time: &mut Time| time.0 -= by.0;
        back(&mut self.now);
        self.frozen_since.iter_mut().for_each(back);
        self.held_since.iter_mut().for_each(back);
        for place in &mut self.places {
            place.pending.iter_mut().filter_map(|(_, until)| until.as_mut()).for_each(back);
        }
        for seat in &mut self.seats {
            seat.times().for_each(back);
        }
    }
}
