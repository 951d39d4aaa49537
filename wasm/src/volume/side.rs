//! A volume's side of a set: its copy is taken in stretches, and can be called off from outside.

use alloc::rc::Rc;
use alloc::string::String;

use shadowvol::active::{Create, Describe, Gate};
use shadowvol::{Attributes, Description, Id};
use wasm_bindgen::prelude::*;

use super::copies::number;
use super::{Inner, RawVolume};

/// One copy of a set, in the making.
#[wasm_bindgen]
pub struct RawSide {
    inner: Rc<Inner>,
    gate: Gate,
    /// What is said of the copy when it is finished.
    about: Description,
}

#[wasm_bindgen]
impl RawVolume {
    /// This volume's side of a set of so many copies, whose identity are 16 bytes; `time` is in
    /// milliseconds since 1970.
    #[must_use]
    pub fn side(&self, label: String, time: f64, set: &[u8], copies: u16) -> RawSide {
        let inner = Rc::clone(&self.0);
        let about = Description {
            set: Id(set.try_into().unwrap_or_default()),
            set_copies: copies,
            ..Description::new(label, (time * 1e6) as i64)
        };
        let gate = inner.active.borrow_mut().gate();
        RawSide { gate, inner, about }
    }
}

#[wasm_bindgen]
impl RawSide {
    /// Takes the copy, unfinished. It waits at its gate before it holds the writes, and when they are
    /// held. Comes to the copy's number.
    #[must_use]
    pub fn create(&self) -> u32 {
        let about = Description { attributes: Attributes::UNFINISHED, ..self.about.clone() };
        self.inner.begin(Create::gated(about, self.gate))
    }

    /// Lets the writes go on at once, unless the copy is being committed. The creation ends when it
    /// passes its next gate.
    pub fn release(&self) {
        self.inner.active.borrow_mut().cancel(self.gate);
    }

    /// Describes the copy as finished.
    #[must_use]
    pub fn finish(&self, copy: u32, application_consistent: bool) -> u32 {
        let mut about = self.about.clone();
        about.attributes.set(Attributes::APPLICATION_CONSISTENT, application_consistent);
        match number(copy) {
            Ok(copy) => self.inner.begin(Describe::new(copy, about)),
            Err(error) => self.inner.driver.ended(Err(error)),
        }
    }
}
