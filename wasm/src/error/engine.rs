//! The engine's errors as kinds with numbers.

use alloc::string::ToString;

use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

use super::ShadowvolError;

/// The error that JavaScript sees, with what the medium said as its cause.
pub(super) fn translate(error: &shadowvol::Error, cause: &JsValue) -> JsValue {
    let (kind, facts) = describe(error);
    let object = Object::new();
    for &(name, number) in facts.iter().flatten() {
        // A fresh object takes any property.
        let _ = Reflect::set(&object, &name.into(), &JsValue::from_f64(number as f64));
    }
    let mut message = error.to_string();
    let said = Reflect::get(cause, &"message".into()).ok().and_then(|said| said.as_string());
    if let Some(said) = said {
        message.push_str(": ");
        message.push_str(&said);
    }
    ShadowvolError::new(kind, &message, &object, cause).into()
}

type Facts = [Option<(&'static str, u64)>; 3];

/// The kind of an error, and the numbers in it.
fn describe(error: &shadowvol::Error) -> (&'static str, Facts) {
    use shadowvol::Error as E;
    let one = |name, number| [Some((name, number)), None, None];
    let two = |name, number, other, second| [Some((name, number)), Some((other, second)), None];
    const NONE: Facts = [None; 3];
    match *error {
        E::Gone { copy } => ("gone", one("copy", copy.number().into())),
        E::NoSuchCopy { copy } => ("no-such-copy", one("copy", copy.number().into())),
        E::CopiesExhausted => ("copies-exhausted", NONE),
        E::Retained { copy, .. } => ("retained", one("copy", copy.number().into())),
        E::RetentionShortened { copy } => {
            ("retention-shortened", one("copy", copy.number().into()))
        }
        E::Reverting { copy } => ("reverting", one("copy", copy.number().into())),
        E::DiffAreaFull { needed, free, limit } => (
            "diff-area-full",
            [Some(("needed", needed)), Some(("free", free)), Some(("limit", limit))],
        ),
        E::Fenced { mine, holder } => ("fenced", two("mine", mine.0, "holder", holder.0)),
        E::RoleEnded => ("role-ended", NONE),
        E::OutOfRange { offset, length, size } => (
            "out-of-range",
            [Some(("offset", offset)), Some(("length", length)), Some(("size", size))],
        ),
        E::ChunkSize { bytes } => ("bad-chunk-size", one("chunkSize", bytes)),
        E::LabelTooLong { limit, .. } => ("label-too-long", one("limit", limit as u64)),
        E::NotADiffArea => ("not-a-diff-area", NONE),
        E::UnknownFormat { found, known } => {
            ("unknown-format", two("found", found.into(), "known", known.into()))
        }
        E::OriginSize { recorded, found } => {
            ("origin-size", two("recorded", recorded, "found", found))
        }
        E::OtherOrigin => ("other-origin", NONE),
        E::ExternalWrite => ("external-write", NONE),
        E::CoherentCrash => ("coherent-crash", NONE),
        E::Corrupt { at, .. } => ("corrupt", one("at", at)),
        E::DiffAreaTooSmall { needed, found } => {
            ("diff-area-too-small", two("needed", needed, "found", found))
        }
        E::Unfinished { copy } => ("unfinished", one("copy", copy.number().into())),
        E::CreationCancelled => ("cancelled", NONE),
        E::Io { .. } => ("medium-error", NONE),
        _ => ("error", NONE),
    }
}
