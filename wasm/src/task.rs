//! A request: done at once if its media answer at once, else a promise.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::error::Error;

/// A request under way.
type Task = Pin<Box<dyn Future<Output = Result<JsValue, Error>>>>;

/// Begins a request and gives its result, or the promise of one.
pub(crate) fn start(
    request: impl Future<Output = Result<JsValue, Error>> + 'static,
) -> Result<JsValue, JsValue> {
    go(Box::pin(request))
}

fn go(mut task: Task) -> Result<JsValue, JsValue> {
    // Nobody is woken: what is not done now is looked at again by whoever makes it a promise.
    match task.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done.map_err(Into::into),
        Poll::Pending => {
            let promised = async move { task.await.map_err(Into::into) };
            Ok(future_to_promise(promised).into())
        }
    }
}
