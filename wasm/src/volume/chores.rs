//! What a volume does beside its requests: sweep, grow in good time, compact, note events.
//!
//! The request that finds that there is something to do begins it, and does not wait for it.

use alloc::rc::Rc;

use js_sys::Array;
use shadowvol::active::{self, Active, Compact, Grow};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{Inner, RawVolume};
use crate::value::object;

/// Entries of the table that are swept at once.
const SWEEP_ENTRIES: usize = 4096;
/// Events that are kept when nobody takes them.
const MOST_EVENTS: u32 = 1000;

#[wasm_bindgen]
impl RawVolume {
    /// The events since the last call, the oldest first.
    #[must_use]
    pub fn events(&self) -> Array {
        self.0.collect_events();
        self.0.events.take()
    }
}

impl Inner {
    /// Begins the chores, if there are some and nobody does them.
    pub(super) fn begin_chores(self: &Rc<Self>) {
        let idle = !self.working.get() && !self.closed.get();
        if idle && self.node.with(|active| self.has_chores(active)) {
            self.working.set(true);
            let inner = Rc::clone(self);
            spawn_local(async move {
                inner.work().await;
                inner.working.set(false);
                // Who closes the volume waits for this.
                inner.node.with(|_| ());
            });
        }
    }

    fn has_chores(&self, active: &Active) -> bool {
        let compacts = active.wants_compaction() && active.space().journal > self.too_large.get();
        active.has_events() || active.wants_sweep() || active.wants_growth() || compacts
    }

    async fn work(self: &Rc<Self>) {
        self.collect_events();
        while self.node.with(|active| {
            active.sweep(SWEEP_ENTRIES);
            active.wants_sweep()
        }) {}
        if self.node.with(|active| active.wants_growth()) {
            // A barrier that failed has ended the role, of which the next request is told.
            let _ = self.run_inner(&mut self.node.job(Grow::ahead())).await;
        }
        let journal =
            self.node.with(|active| active.wants_compaction().then_some(active.space().journal));
        if let Some(size) = journal.filter(|&size| size > self.too_large.get()) {
            let done = self.run_inner(&mut self.node.job(Compact::new())).await;
            self.too_large.set(if done.is_ok() { 0 } else { size });
        }
        self.collect_events();
    }

    pub(super) fn collect_events(&self) {
        let fresh = self.node.with(Active::take_events);
        let events = self.events.borrow();
        for told in fresh.into_iter().map(event) {
            events.push(&told);
            if events.length() > MOST_EVENTS {
                events.shift();
            }
        }
    }
}

fn event(event: active::Event) -> JsValue {
    match event {
        active::Event::LowSpace { free, limit } => object([
            ("kind", "low-space".into()),
            ("free", (free as f64).into()),
            ("limit", (limit as f64).into()),
        ]),
        active::Event::Dropped { copies } => {
            let copies: Array = copies.iter().map(|copy| JsValue::from(copy.number())).collect();
            object([("kind", "copies-dropped".into()), ("copies", copies.into())])
        }
        _ => object([("kind", "unknown".into())]),
    }
}
