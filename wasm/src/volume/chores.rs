//! What a volume does beside its requests: sweep, grow in good time, compact, note events.
//!
//! `ts/volume.ts` begins it when a request has ended, and no request waits for it.

use js_sys::Array;
use shadowvol::active::{Event, Grow};
use wasm_bindgen::prelude::*;

use super::RawVolume;
use crate::value;

/// Entries of the table that are swept at once.
const SWEEP_ENTRIES: usize = 4096;

#[wasm_bindgen]
impl RawVolume {
    /// Whether there is something to do. A journal that is not larger than this is not written anew.
    #[wasm_bindgen(js_name = hasChores)]
    #[must_use]
    pub fn has_chores(&self, too_large: f64) -> bool {
        let active = self.0.active.borrow();
        let compacts = active.wants_compaction() && active.space().journal as f64 > too_large;
        active.has_events() || active.wants_sweep() || active.wants_growth() || compacts
    }

    /// The events since the last call, the oldest first.
    #[must_use]
    pub fn events(&self) -> Array {
        let events = self.0.active.borrow_mut().take_events();
        events.into_iter().map(tell).collect()
    }

    /// Sweeps some of the table; whether there is more.
    #[must_use]
    pub fn sweep(&self) -> bool {
        let mut active = self.0.active.borrow_mut();
        active.sweep(SWEEP_ENTRIES);
        active.wants_sweep()
    }

    /// Makes the diff area larger, if that is due.
    #[wasm_bindgen(js_name = growAhead)]
    #[must_use]
    pub fn grow_ahead(&self) -> u32 {
        self.0.begin(Grow::ahead())
    }

    /// Bytes of the journal, if it is to be written anew, else 0.
    #[wasm_bindgen(js_name = wantsCompaction)]
    #[must_use]
    pub fn wants_compaction(&self) -> f64 {
        let active = self.0.active.borrow();
        if active.wants_compaction() { active.space().journal as f64 } else { 0.0 }
    }

    /// Lets no write begin any more; whether none is under way, or the role has ended.
    #[wasm_bindgen(js_name = closeToWrites)]
    #[must_use]
    pub fn close_to_writes(&self) -> bool {
        let mut active = self.0.active.borrow_mut();
        active.close_to_writes() || active.ended().is_some()
    }
}

fn tell(event: Event) -> JsValue {
    match event {
        Event::LowSpace { free, limit } => value::low_space(free as f64, limit as f64),
        Event::Dropped { copies } => {
            let copies: Array = copies.iter().map(|copy| JsValue::from(copy.number())).collect();
            value::copies_dropped(&copies)
        }
        _ => JsValue::UNDEFINED,
    }
}
