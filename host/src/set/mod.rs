//! Shadow copy sets: several volumes at one instant, with the applications that use them.
//!
//! A [`BackupSet`] goes through its states by value, so a wrong order does not compile:
//!
//! ```text
//! BackupSet<Gathering> --prepare--> BackupSet<Prepared> --create--> BackupSet<Created> --complete--> Report
//! ```
//!
//! `abort` is there in every state from `Prepared` on, and dropping a set does the same: all who saw
//! prepare are let go, writes go on, and copies are deleted. So whatever ends the requester (a
//! return, an error, a panic) nothing is left frozen or held, and no copy is left that nobody knows
//! of. How a set is taken, step by step, and what is promised: [`shadowvol::set`].
//!
//! ```
//! use std::sync::Arc;
//! use shadowvol::set::{Outcome, Veto};
//! use shadowvol_host::set::{BackupSet, Participant, SetOptions};
//! # use shadowvol_host::{CreateOptions, Volume};
//! # let folder = tempfile::tempdir()?;
//! # let options = CreateOptions { size: Some(1 << 20), ..Default::default() };
//! # let data = Volume::create(folder.path().join("data"), &options)?;
//! # let log = Volume::create(folder.path().join("log"), &options)?;
//!
//! struct Database;
//!
//! impl Participant for Database {
//!     fn name(&self) -> String {
//!         "database".into()
//!     }
//!     fn freeze(&self) -> Result<(), Veto> {
//!         Ok(()) // write out what is in memory, and change nothing from now on
//!     }
//!     fn abort(&self) -> Result<(), Veto> {
//!         Ok(()) // go on
//!     }
//! }
//!
//! let mut set = BackupSet::new(SetOptions::default());
//! set.volume("data", &data)?.volume("log", &log)?;
//! set.require(Arc::new(Database));
//! let set = set.prepare()?.create()?;
//! assert_eq!(set.report().outcome, Some(Outcome::ApplicationConsistent));
//! let [of_data, _] = &set.copies()[..] else { unreachable!("two volumes") };
//! let copy = data.reader()?.shadow_copy(of_data.id)?;
//! copy.read(0, &mut [0; 512])?;
//! set.complete(true);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Nothing is created before all have prepared:
//!
//! ```compile_fail,E0599
//! # use shadowvol_host::set::{BackupSet, SetOptions};
//! let set = BackupSet::new(SetOptions::default());
//! set.create();
//! ```
//!
//! Nobody joins once they have:
//!
//! ```compile_fail,E0599
//! # use shadowvol_host::{Volume, set::{BackupSet, Prepared}};
//! fn join(mut set: BackupSet<Prepared>, volume: &Volume) {
//!     set.volume("late", volume);
//! }
//! ```
//!
//! Nothing is completed that was not created:
//!
//! ```compile_fail,E0599
//! # use shadowvol_host::set::{BackupSet, Prepared};
//! fn complete(set: BackupSet<Prepared>) {
//!     set.complete(true);
//! }
//! ```
//!
//! And a set is created once:
//!
//! ```compile_fail,E0382
//! # use shadowvol_host::set::{BackupSet, Prepared};
//! fn twice(set: BackupSet<Prepared>) {
//!     let _ = set.create();
//!     let _ = set.create();
//! }
//! ```

mod conductor;
mod draft;
mod error;
mod participant;
mod side;
mod states;
mod worker;

pub use draft::Draft;
pub use error::SetError;
pub use participant::Participant;
pub use states::{BackupSet, Busy, Created, Gathering, Prepared, SetCopy, SetOptions, Stopper};
