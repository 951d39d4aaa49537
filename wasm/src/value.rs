//! What requests come to, as plain JavaScript objects.

#[cfg(feature = "engine")]
mod engine;
#[cfg(feature = "set")]
mod object;

#[cfg(feature = "engine")]
pub(crate) use engine::{changes, copies, copies_dropped, copy, low_space, numbers};
#[cfg(feature = "set")]
pub(crate) use object::object;
