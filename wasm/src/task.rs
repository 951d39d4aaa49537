//! A request: done at once if its media answer at once, else a promise.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::error::Error;

/// A request under way.
pub(crate) type Task = Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>>;

/// Begins a request and gives its result, or the promise of one.
pub(crate) fn start<T: Into<JsValue>>(
    request: impl Future<Output = Result<T, Error>> + 'static,
) -> Result<JsValue, JsValue> {
    go(Box::pin(async move { request.await.map(Into::into).map_err(Into::into) }))
}

fn go(mut task: Task) -> Result<JsValue, JsValue> {
    // Nobody is woken: what is not done now is looked at again by whoever makes it a promise.
    match task.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => Ok(future_to_promise(task).into()),
    }
}

/// Nothing, to JavaScript.
pub(crate) struct Nothing;

impl From<Nothing> for JsValue {
    fn from(_: Nothing) -> Self {
        Self::UNDEFINED
    }
}
