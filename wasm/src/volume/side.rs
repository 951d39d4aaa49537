//! A volume's side of a set: its copy is taken in stretches, and can be called off from outside.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;

use js_sys::{Function, Promise};
use shadowvol::active::{Create, Describe, Gate};
use shadowvol::machine::Wait;
use shadowvol::{Attributes, Description, Id};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::copies::number;
use super::{Inner, RawVolume};
use crate::error::Error;
use crate::node::{Request, Under};
use crate::task::{answer, start};

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
        RawSide { gate: inner.node.with(|active| active.gate()), inner, about }
    }
}

#[wasm_bindgen]
impl RawSide {
    /// Takes the copy, unfinished. Before it holds the writes, and when they are held, it calls `pass`
    /// and waits for its promise. Gives the copy's number.
    pub fn create(&self, pass: Function) -> JsValue {
        let (inner, gate) = (Rc::clone(&self.inner), self.gate);
        let about = Description { attributes: Attributes::UNFINISHED, ..self.about.clone() };
        start(async move {
            inner.check_open()?;
            let serve = |wait| match wait {
                Wait::Gate => pass_gate(&pass),
                wait => inner.serve(wait),
            };
            let mut job = inner.node.job(Create::gated(about, gate));
            let done = inner.node.drive(&mut job, &inner.media, Request::default(), &serve).await;
            inner.begin_chores();
            inner.tell(done)?;
            Ok(job.output()?.number().into())
        })
    }

    /// Lets the writes go on at once, unless the copy is being committed. The creation ends when it
    /// passes its next gate.
    pub fn release(&self) {
        self.inner.node.with(|active| active.cancel(self.gate));
    }

    /// Describes the copy as finished.
    pub fn finish(&self, copy: u32, application_consistent: bool) -> JsValue {
        let mut about = self.about.clone();
        about.attributes.set(Attributes::APPLICATION_CONSISTENT, application_consistent);
        match number(copy) {
            Ok(copy) => self.inner.begin(Describe::new(copy, about)),
            Err(error) => answer(Err(error)),
        }
    }
}

fn pass_gate(pass: &Function) -> Under<'_, ()> {
    Box::pin(async move {
        let told = pass.call0(&JsValue::UNDEFINED).map_err(Error::Thrown)?;
        JsFuture::from(Promise::resolve(&told)).await.map_err(Error::Thrown)?;
        Ok(())
    })
}
