//! The protocol, explored: every interleaving and every crash of the machines that ship.
//!
//! A [`World`] is two media, the nodes that share them, and what was promised. It is a value, and
//! says what can happen next: a machine is stepped, a piece of an operation lands, a node dies, the
//! power fails. [`explore`] goes through all that can ever happen from a [`Scenario`]'s beginning,
//! and answers with a count, or with the shortest [`Story`] that breaks a promise.
//!
//! ```
//! use shadowvol::{Rule, Rules};
//! use shadowvol::sim::{Limits, Order, Scenario, explore};
//!
//! let write = Order::Write { units: 0..2, value: 2 };
//! let read = Order::Read { copy: 1, units: 0..2 };
//! let scenario = Scenario::new("race", "a chunk is overwritten while it is read")
//!     .before(&[Order::Create])
//!     .active(&[&[write]])
//!     .passive(&[&[read]]);
//! assert!(explore(&scenario, Limits::default()).is_proof());
//!
//! let careless = Scenario { rules: Rules::default().without(Rule::ConfirmAbsence), ..scenario };
//! let report = explore(&careless, Limits::default());
//! println!("{}", report.damage.expect("a wrong read"));
//! ```

mod alone;
mod audit;
mod beginning;
mod content;
mod disk;
mod drive;
mod explore;
mod image;
mod mishap;
mod oracle;
mod order;
mod painter;
pub mod picture;
mod place;
mod player;
mod retell;
mod scenario;
pub mod scenarios;
pub mod sets;
mod shared;
mod story;
mod task;
mod thread;
mod walk;
mod words;
mod world;

pub use content::Value;
pub use explore::{Explorer, First, Limits, Report, explore};
pub use order::Answer;
pub use place::{Held, Place};
pub use player::{Move, Player};
pub use retell::{Retold, retell};
pub use scenario::{Mishaps, Nonsense, Order, Program, Scenario};
pub use shared::Digest;
pub use story::{Event, Story};
pub use world::{Action, World};
