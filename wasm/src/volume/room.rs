//! Making room for old bytes.

use alloc::rc::Rc;
use core::cell::RefCell;

use shadowvol::active::{Active, Compact, MakeRoom};
use shadowvol::machine::{Buffers, Fed, Next, Op, Step};

use super::now;
use crate::work::{Job, Output, Work};

/// Writes the journal anew if that could help, and then makes room.
pub(super) struct Room {
    compact: Option<Job<Compact>>,
    make: Job<MakeRoom>,
}

impl Room {
    pub(super) fn new(active: &Rc<RefCell<Active>>, slots: u32) -> Self {
        let could_shrink = active.borrow().could_shrink();
        Self {
            compact: could_shrink.then(|| Job::new(Compact::within_room(), active)),
            make: Job::new(MakeRoom::new(slots, now()), active),
        }
    }

    fn current(&self) -> &dyn Work {
        self.compact.as_ref().map_or(&self.make, |compact| compact as &dyn Work)
    }

    fn current_mut(&mut self) -> &mut dyn Work {
        self.compact.as_mut().map_or(&mut self.make, |compact| compact as &mut dyn Work)
    }
}

impl Work for Room {
    fn op(&self, nth: usize) -> Option<Op> {
        self.current().op(nth)
    }

    fn absorb(&mut self, buffers: &mut Buffers<'_>) -> Next {
        self.current_mut().absorb(buffers)
    }

    fn step(&mut self, buffers: &mut Buffers<'_>, fed: Fed) -> Step<Output> {
        match self.current_mut().step(buffers, fed) {
            // Without room for it, the diff area grows, or copies go, or nothing helps.
            Step::Done(_) if self.compact.take().is_some() => self.make.step(buffers, Fed::Again),
            step => step,
        }
    }
}
