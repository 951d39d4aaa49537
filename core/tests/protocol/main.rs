//! The step machines without threads: any order of operations, any crash, one seed.
//!
//! A world holds both media, one active node, some passive nodes and whatever machines are under
//! way. A schedule advances them one half of an operation at a time: a read sees half of a write,
//! two reads of one node overlap, a compaction changes over between the two halves of a
//! superblock's read. A crash takes from each medium any part of what was not behind a barrier;
//! passive nodes outlive it with all that they know. The oracle is equality with the bytes of the
//! copy's instant. Seeds are fixed; `SHADOWVOL_LONG=1` runs many more of them.

mod crashes;
mod damage;
mod disk;
mod gates;
mod job;
mod random;
mod regressions;
mod role;
mod schedules;
mod space;
mod world;
