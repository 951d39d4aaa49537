//! The JavaScript package `shadowvol`: core behind wasm-bindgen, driven by promises.
//!
//! It translates and drives, and has no logic of its own. What can be done at once is done here; what
//! has to wait for a promise is told to the TypeScript beside it, in `ts/`, which waits. People see
//! that: it gives these raw classes their names, types and documentation.
//!
//! | file      | what is in it                                                |
//! |-----------|--------------------------------------------------------------|
//! | `medium`  | a medium: in wasm memory, or a JavaScript object             |
//! | `port`    | such an object                                               |
//! | `buffer`  | a buffer of JavaScript's                                     |
//! | `perform` | operations of machines done to media, at once or as promises |
//! | `work`    | machines of any kind                                         |
//! | `driver`  | machines driven until they have to wait                      |
//! | `peek`    | a look at a superblock                                       |
//! | `volume`  | the active node                                              |
//! | `set`     | the machine of a shadow copy set, a feature                  |
//! | `passive` | a passive node                                               |
//! | `checksum`| CRC-32C                                                      |
//! | `value`   | what requests come to                                        |
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
#[cfg(feature = "engine")]
mod driver;
mod error;
#[cfg(feature = "files")]
mod files;
#[cfg(feature = "engine")]
mod medium;
#[cfg(feature = "engine")]
mod passive;
#[cfg(feature = "engine")]
mod peek;
#[cfg(feature = "engine")]
mod perform;
#[cfg(feature = "engine")]
mod port;
#[cfg(target_family = "wasm")]
mod runtime;
#[cfg(feature = "set")]
mod set;
#[cfg(feature = "sim")]
mod sim;
#[cfg(any(feature = "engine", feature = "set"))]
mod value;
#[cfg(feature = "engine")]
mod volume;
#[cfg(feature = "engine")]
mod work;

/// For the checks on a host, which does not run this.
#[cfg(all(feature = "engine", not(target_family = "wasm")))]
mod checksum {
    pub(crate) const CRC32C: shadowvol::format::checksum::Checksum =
        shadowvol::format::checksum::Checksum::PORTABLE;
}
