//! The engine's errors as kinds with numbers.

use alloc::string::ToString;

use shadowvol::CopyId;
use wasm_bindgen::JsValue;

use super::error_of;

/// The error that JavaScript sees, with what the medium said as its cause.
pub(super) fn translate(error: &shadowvol::Error, cause: &JsValue) -> JsValue {
    let (kind, numbers) = describe(error);
    error_of(kind, &error.to_string(), &numbers.map(|number| number as f64), cause)
}

/// The kind of an error, and the numbers in it, whose names are in `ts/error.ts`.
fn describe(error: &shadowvol::Error) -> (&'static str, [u64; 3]) {
    use shadowvol::Error as E;
    let none = |kind| (kind, [0; 3]);
    let of = |kind, copy: CopyId| (kind, [copy.number().into(), 0, 0]);
    match *error {
        E::Gone { copy } => of("gone", copy),
        E::NoSuchCopy { copy } => of("no-such-copy", copy),
        E::CopiesExhausted => none("copies-exhausted"),
        E::Retained { copy, .. } => of("retained", copy),
        E::RetentionShortened { copy } => of("retention-shortened", copy),
        E::Reverting { copy } => of("reverting", copy),
        E::DiffAreaFull { needed, free, limit } => ("diff-area-full", [needed, free, limit]),
        E::Fenced { mine, holder } => ("fenced", [mine.0, holder.0, 0]),
        E::RoleEnded => none("role-ended"),
        E::OutOfRange { offset, length, size } => ("out-of-range", [offset, length, size]),
        E::ChunkSize { bytes } => ("bad-chunk-size", [bytes, 0, 0]),
        E::LabelTooLong { limit, .. } => ("label-too-long", [limit as u64, 0, 0]),
        E::NotADiffArea => none("not-a-diff-area"),
        E::UnknownFormat { found, known } => ("unknown-format", [found.into(), known.into(), 0]),
        E::OriginSize { recorded, found } => ("origin-size", [recorded, found, 0]),
        E::OtherOrigin => none("other-origin"),
        E::ExternalWrite => none("external-write"),
        E::CoherentCrash => none("coherent-crash"),
        E::Corrupt { at, .. } => ("corrupt", [at, 0, 0]),
        E::DiffAreaTooSmall { needed, found } => ("diff-area-too-small", [needed, found, 0]),
        E::Unfinished { copy } => of("unfinished", copy),
        E::CreationCancelled => none("cancelled"),
        E::Io { .. } => none("medium-error"),
        _ => none("error"),
    }
}
