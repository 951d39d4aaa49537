//! What a set says of itself, as plain JavaScript objects: the types `Report`, `Part` and `Failure`.

use alloc::format;

use js_sys::Array;
use shadowvol::set::{Author, Call, Failure, Outcome, Part, Reason, Report};
use wasm_bindgen::JsValue;

use crate::value::object;

/// What is known of a set.
pub(super) fn report(report: &Report) -> JsValue {
    let outcome = report.outcome.as_ref().map(|outcome| match outcome {
        Outcome::ApplicationConsistent => "application-consistent",
        Outcome::CrashConsistent => "crash-consistent",
        Outcome::Failed(_) => "failed",
    });
    let failed = match &report.outcome {
        Some(Outcome::Failed(of)) => failure(of),
        _ => JsValue::UNDEFINED,
    };
    let left_behind = report.left_behind.iter().map(|name| JsValue::from(name.as_str()));
    object([
        ("outcome", outcome.into()),
        ("failure", failed),
        ("participants", report.participants.iter().map(part).collect::<Array>().into()),
        ("leftBehind", left_behind.collect::<Array>().into()),
    ])
}

fn part(part: &Part) -> JsValue {
    let told = |of: &Option<Reason>| of.as_ref().map_or(JsValue::UNDEFINED, reason);
    object([
        ("name", part.name.as_str().into()),
        ("required", part.required.into()),
        ("leftOut", told(&part.left_out)),
        ("maybeFrozen", part.maybe_frozen.into()),
        ("complaint", told(&part.complaint)),
    ])
}

fn failure(failure: &Failure) -> JsValue {
    let (author, name) = match &failure.author {
        Author::Participant(name) => ("participant", Some(name.as_str())),
        Author::Volume(name) => ("volume", Some(name.as_str())),
        Author::Requester => ("requester", None),
        Author::Set => ("set", None),
    };
    object([
        ("phase", format!("{}", failure.phase).into()),
        ("author", author.into()),
        ("name", name.into()),
        ("reason", reason(&failure.reason)),
        ("retryable", failure.retryable.into()),
        ("message", format!("{failure}").into()),
    ])
}

fn reason(reason: &Reason) -> JsValue {
    let (kind, during) = match reason {
        Reason::Vetoed(call, _) => ("vetoed", call_name(*call).into()),
        Reason::Late(call, _) => ("late", call_name(*call).into()),
        Reason::FrozenTooLong(_) => ("frozen-too-long", JsValue::UNDEFINED),
        Reason::Refused(ask, _) => ("refused", format!("{ask}").into()),
        Reason::Slow(ask, _) => ("slow", format!("{ask}").into()),
        Reason::FreezeWindow(_) => ("freeze-window", JsValue::UNDEFINED),
        Reason::HoldWindow(_) => ("hold-window", JsValue::UNDEFINED),
        Reason::NoParticipant => ("no-participant", JsValue::UNDEFINED),
        Reason::Aborted => ("aborted", JsValue::UNDEFINED),
    };
    object([
        ("kind", kind.into()),
        ("during", during),
        ("message", format!("{reason}").into()),
        ("retryable", reason.is_retryable().into()),
    ])
}

/// The method of a participant.
pub(super) fn call_name(call: Call) -> &'static str {
    match call {
        Call::Prepare => "prepare",
        Call::Freeze => "freeze",
        Call::Thaw => "thaw",
        Call::PostSnapshot => "postSnapshot",
        Call::Abort => "abort",
        Call::BackupComplete { .. } => "backupComplete",
        Call::Shutdown => "shutdown",
    }
}
