//! The step machines without threads: any order of operations, any crash, one seed.
//!
//! A world holds both media, one active node, some passive nodes and whatever machines are under
//! way. A schedule advances them one half of an operation at a time: a read sees half of a write,
//! two reads of one node overlap, a compaction changes over between the two halves of a
//! superblock's read. A crash takes from each medium any part of what was not behind a barrier;
//! passive nodes outlive it with all that they know. The oracle is equality with the bytes of the
//! copy's instant. Seeds are fixed; `SHADOWVOL_LONG=1` runs many more of them.
//!
//! # Why there is a second world beside `shadowvol::sim`
//!
//! The explorer's world visits every state, so it must be tiny: two chunks whose halves hold one
//! value each, threads that follow a program of a few orders, a medium torn in its middle. This one
//! visits few states of large ones: volumes of any size, any range of bytes, torn at any byte, ten
//! machines at once, journals that link in every record. It can begin a machine at any moment, take
//! it out of the world, step it by hand and look at what it asks for, which the regressions and the
//! tests of roles need and a program of orders cannot say. It drives the build that ships: with the
//! feature `sim` the machines ask at run time which rules they keep, and here they do not. And the
//! two oracles share no code, so that a mistake in one of them does not hide a fault from both.

mod again;
mod alone;
mod amending;
mod crashes;
mod damage;
mod describing;
mod disk;
mod ended;
mod following;
mod full;
mod gates;
mod job;
mod making;
mod random;
mod reading;
mod regressions;
mod remade;
mod reverting;
mod role;
mod room;
mod schedules;
mod settling;
mod space;
mod windows;
mod world;
mod zeros;
