//! A world as something to draw: what the media hold, what the journal says, how far everybody is.
//!
//! It is taken from the media as they are, as a passive that came now would see them, so it shows
//! what is there and not what somebody means to be there.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use super::content::Value;

/// A world, to draw. Units hold small numbers, none where bytes are torn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Picture {
    /// What the origin holds.
    pub units: Vec<Option<Value>>,
    /// What the diff area's slots are in use for.
    pub slots: Vec<Slot>,
    /// Records of the journal in force.
    pub records: u64,
    /// The newest of them, in order.
    pub lines: Vec<Line>,
    /// The journal's generation: the epoch of the role's holder and a number; none if no superblock
    /// can be read.
    pub generation: Option<(u64, u64)>,
    /// The shadow copies that there are.
    pub copies: Vec<Shadow>,
    /// Everybody.
    pub nodes: Vec<Node>,
    /// Pieces of writes that are not behind a barrier: of the origin, and of the diff area.
    pub loose: (usize, usize),
    /// The promise that was broken, if one was.
    pub broken: Option<String>,
}

/// What a slot of the diff area is in use for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "camelCase")]
pub enum Slot {
    /// It holds superblocks.
    Superblock,
    /// It is part of the journal in force.
    Journal,
    /// It holds the old bytes of a chunk.
    Preserved {
        /// The chunk.
        chunk: u64,
        /// The newest copy that it answers for.
        copy: u32,
        /// The values of its units.
        units: Vec<Option<Value>>,
        /// No live copy needs it any more.
        stale: bool,
    },
    /// The active has taken it, and the journal does not say for what.
    Taken,
    /// Nothing.
    Free,
}

/// A record of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its number.
    pub sequence: u64,
    /// What it says.
    pub text: String,
    /// Whether it is known to be behind a barrier, by one behind it.
    pub stable: bool,
}

/// A shadow copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shadow {
    /// Its number.
    pub id: u32,
    /// What it holds: the truth, which no node is asked for.
    pub truth: Vec<Value>,
    /// Whether no write was under way when it was taken. If one was, units of it may hold what that
    /// wrote.
    pub certain: bool,
    /// Which chunks have a record that answers for it; the others are in the origin.
    pub preserved: Vec<bool>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Whether it is an active one, or would be.
    pub active: bool,
    /// Whether it has the role, or, for a passive, the journal.
    pub alive: bool,
    /// The error that ended its role.
    pub ended: Option<String>,
    /// The epoch in which it took the role, or of the journal that it follows.
    pub epoch: Option<u64>,
    /// The shadow copies that it knows of.
    pub copies: Vec<u32>,
    /// The records that it has followed, or written.
    pub records: u64,
    /// Its threads.
    pub threads: Vec<Thread>,
}

/// A thread of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Thread {
    /// What it was asked to do, and does or does next.
    pub order: Option<String>,
    /// The step it is in; none between two orders.
    pub step: Option<&'static str>,
    /// What it does there.
    pub state: Doing,
    /// Pieces of its operations that have landed, and all of them.
    pub pieces: (u32, usize),
    /// Orders that wait behind this one.
    pub waiting: usize,
}

/// What a thread does in its step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Doing {
    /// It can go on.
    Ready,
    /// Its operations are under way.
    Io,
    /// Another one goes first.
    Waits,
    /// It has nothing to do.
    Idle,
}
