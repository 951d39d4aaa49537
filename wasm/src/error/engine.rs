//! The engine's errors as kinds with numbers.

use alloc::string::ToString;

use js_sys::{Object, Reflect};
use shadowvol::CopyId;
use wasm_bindgen::JsValue;

use super::ShadowvolError;
use crate::value::set_number;

/// The error that JavaScript sees, with what the medium said as its cause.
pub(super) fn translate(error: &shadowvol::Error, cause: &JsValue) -> JsValue {
    let (kind, names, numbers) = describe(error);
    let object = Object::new();
    names.iter().zip(numbers).for_each(|(name, number)| set_number(&object, name, number));
    let mut message = error.to_string();
    let said = Reflect::get(cause, &"message".into()).ok().and_then(|said| said.as_string());
    if let Some(said) = said {
        message.push_str(": ");
        message.push_str(&said);
    }
    ShadowvolError::new(kind, &message, &object, cause).into()
}

/// The kind of an error, the names of the numbers in it, and as many numbers.
type Described = (&'static str, &'static [&'static str], [u64; 3]);

fn describe(error: &shadowvol::Error) -> Described {
    use shadowvol::Error as E;
    let none = |kind| (kind, &[][..], [0; 3]);
    let of = |kind, copy: CopyId| (kind, &["copy"][..], [copy.number().into(), 0, 0]);
    match *error {
        E::Gone { copy } => of("gone", copy),
        E::NoSuchCopy { copy } => of("no-such-copy", copy),
        E::CopiesExhausted => none("copies-exhausted"),
        E::Retained { copy, .. } => of("retained", copy),
        E::RetentionShortened { copy } => of("retention-shortened", copy),
        E::Reverting { copy } => of("reverting", copy),
        E::DiffAreaFull { needed, free, limit } => {
            ("diff-area-full", &["needed", "free", "limit"], [needed, free, limit])
        }
        E::Fenced { mine, holder } => ("fenced", &["mine", "holder"], [mine.0, holder.0, 0]),
        E::RoleEnded => none("role-ended"),
        E::OutOfRange { offset, length, size } => {
            ("out-of-range", &["offset", "length", "size"], [offset, length, size])
        }
        E::ChunkSize { bytes } => ("bad-chunk-size", &["chunkSize"], [bytes, 0, 0]),
        E::LabelTooLong { limit, .. } => ("label-too-long", &["limit"], [limit as u64, 0, 0]),
        E::NotADiffArea => none("not-a-diff-area"),
        E::UnknownFormat { found, known } => {
            ("unknown-format", &["found", "known"], [found.into(), known.into(), 0])
        }
        E::OriginSize { recorded, found } => {
            ("origin-size", &["recorded", "found"], [recorded, found, 0])
        }
        E::OtherOrigin => none("other-origin"),
        E::ExternalWrite => none("external-write"),
        E::CoherentCrash => none("coherent-crash"),
        E::Corrupt { at, .. } => ("corrupt", &["at"], [at, 0, 0]),
        E::DiffAreaTooSmall { needed, found } => {
            ("diff-area-too-small", &["needed", "found"], [needed, found, 0])
        }
        E::Unfinished { copy } => of("unfinished", copy),
        E::CreationCancelled => none("cancelled"),
        E::Io { .. } => none("medium-error"),
        _ => none("error"),
    }
}
