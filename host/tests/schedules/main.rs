//! The driver's threads under a schedule explorer: which thread runs next is decided at every lock,
//! every wake-up and every operation on a medium, thousands of times over and differently each time.
//!
//! The driver is the one that ships, with the explorer's locks and threads under it (`host/src/sync.rs`),
//! and so are the machines. A state in which every thread waits is a failure, and so is one that
//! never ends. The media are the tests' own: a write is done in two halves, a barrier covers what
//! was done before it began, and at one moment of each schedule the power fails and leaves what no
//! barrier covers behind in part. What threads were told is written down, and must be found again
//! when all is closed, and in what the power cut has left.
//!
//! In these tests the thread that opens a scope waits for nothing inside it: the explorer's scope wakes
//! it when the last thread ends, from whatever it waits for.
//!
//! Each module begins with its own story. Seeds are fixed; `SHADOWVOL_LONG=1` explores a hundred
//! times as many schedules and prints how many. A failure prints its schedule;
//! `SHADOWVOL_SCHEDULE` set to that runs it alone.

mod close;
mod commit;
mod create;
mod disk;
mod explore;
mod ledger;
mod node;
mod passive;
mod rig;
mod room;
mod world;
