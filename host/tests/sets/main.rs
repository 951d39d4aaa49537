//! Shadow copy sets with real threads: participants that hang and panic, volumes whose media do not
//! come back, requesters that go away.
//!
//! What may happen in which order is explored in `shadowvol::sim::sets`, and every failure at every step
//! is played in virtual time by the core's tests. Here it is shown that the threads do what the machine
//! wants: deadlines hold though a callback or a barrier never returns, and nobody is left frozen.

mod bed;
mod drafts;
mod instant;
mod participants;
mod requesters;
mod volumes;
