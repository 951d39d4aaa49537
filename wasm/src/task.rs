//! A request: done at once if its media answer at once, else a promise.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::error::Error;

/// A request under way.
type Task = Pin<Box<dyn Future<Output = Result<JsValue, Error>>>>;

/// Begins a request and gives its result, or the promise of one.
pub(crate) fn start(request: impl Future<Output = Result<JsValue, Error>> + 'static) -> JsValue {
    answer(attempt(Box::pin(request)))
}

/// Gives the result of a request. An error is a promise that does not come true: to throw it, there
/// would have to be more than one value, for which JavaScript makes an object each time.
pub(crate) fn answer(done: Result<JsValue, Error>) -> JsValue {
    done.unwrap_or_else(|error| Promise::reject(&error.into()).into())
}

/// As [`start`], and an error that comes at once is none of a promise.
pub(crate) fn attempt(mut task: Task) -> Result<JsValue, Error> {
    // Nobody is woken: what is not done now is looked at again by whoever makes it a promise.
    match task.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => {
            let promised = async move { task.await.map_err(Into::into) };
            Ok(future_to_promise(promised).into())
        }
    }
}
