//! The JavaScript package `shadowvol`: core behind wasm-bindgen, driven by promises.
//!
//! It translates and drives, and has no logic of its own. What people see is the TypeScript beside
//! it, in `ts/`, which gives these raw classes their names, types and documentation.
//!
//! | file      | what is in it                                                |
//! |-----------|--------------------------------------------------------------|
//! | `medium`  | a medium: in wasm memory, or a JavaScript object             |
//! | `buffer`  | a buffer of JavaScript's                                     |
//! | `perform` | operations of machines done to media, at once or as promises |
//! | `node`    | machines driven to their ends                                |
//! | `task`    | a request: done at once, or a promise                        |
//! | `volume`  | the active node                                              |
//! | `set`     | the machine of a shadow copy set, a feature                  |
//! | `passive` | a passive node                                               |
//! | `checksum`| CRC-32C                                                      |
//! | `error`   | errors as JavaScript's                                       |
//! | `runtime` | what the module has in the place of an operating system      |
//! | `sim`     | the simulator and the explorer, a feature                    |
//! | `files`   | the files of an ext4 file system, a feature                  |

#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

#[cfg(feature = "engine")]
mod buffer;
#[cfg(all(feature = "engine", target_family = "wasm"))]
mod checksum;
mod error;
#[cfg(feature = "files")]
mod files;
#[cfg(feature = "engine")]
mod medium;
#[cfg(feature = "engine")]
mod node;
#[cfg(feature = "engine")]
mod object;
#[cfg(feature = "engine")]
mod passive;
#[cfg(feature = "engine")]
mod perform;
#[cfg(target_family = "wasm")]
mod runtime;
#[cfg(feature = "set")]
mod set;
#[cfg(feature = "sim")]
mod sim;
#[cfg(feature = "engine")]
mod task;
#[cfg(any(feature = "engine", feature = "set"))]
mod value;
#[cfg(feature = "engine")]
mod volume;

/// For the checks on a host, which does not run this.
#[cfg(all(feature = "engine", not(target_family = "wasm")))]
mod checksum {
    pub(crate) const CRC32C: shadowvol::format::checksum::Checksum =
        shadowvol::format::checksum::Checksum::PORTABLE;
}
