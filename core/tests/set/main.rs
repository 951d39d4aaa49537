//! Shadow copy sets in virtual time: every failure and every deadline, at every step, for every kind
//! of participant and volume.
//!
//! A [`world::World`] plays the participants and the volumes of a set as a *case* wants them: this
//! one refuses to freeze, that one answers after its deadline, another one never does. It sees what
//! really happens to them, whatever the machine believes, and judges that alone: at the end nobody
//! is frozen who can be reached, no writes are held, no copy is left of a set that failed, and what
//! is told is the truth.

mod stories;
mod table;
mod world;
