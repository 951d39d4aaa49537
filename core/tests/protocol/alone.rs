//! One machine, stepped by hand: for what one moment decides, and not a schedule.

use shadowvol::CopyId;
use shadowvol::active::{Active, Delete, Grow, MakeRoom};
use shadowvol::format::checksum::Checksum;
use shadowvol::machine::{Buffer, Buffers, Fed, Machine, Medium, Next, Op, ReadOp, Scratch, Step};

use crate::world::World;

pub(crate) struct Alone<M> {
    pub(crate) machine: M,
    pub(crate) user: Vec<u8>,
    pub(crate) scratch: Scratch,
    /// What it has asked for and got.
    pub(crate) done: Vec<Op>,
}

/// An operation of an active or of a passive machine.
pub(crate) trait AnyOp: Copy {
    fn op(self) -> Op;
}

impl AnyOp for Op {
    fn op(self) -> Op {
        self
    }
}

impl AnyOp for ReadOp {
    fn op(self) -> Op {
        Op::Read(self)
    }
}

impl<M: Machine<Op: AnyOp>> Alone<M> {
    pub(crate) fn new(machine: M) -> Self {
        Self { machine, user: Vec::new(), scratch: Scratch::new(), done: Vec::new() }
    }

    pub(crate) fn step(&mut self, shared: &mut M::Shared, fed: Fed) -> Step<M::Output> {
        let Self { machine, user, scratch, .. } = self;
        machine.step(shared, &mut Buffers { user, scratch, checksum: Checksum::PORTABLE }, fed)
    }

    pub(crate) fn ops(&self) -> Vec<Op> {
        self.machine.ops().iter().map(|op| op.op()).collect()
    }

    /// Does what the machine asks for until it wants to be stepped; says what to feed it.
    pub(crate) fn perform(&mut self, world: &mut World) -> Fed {
        self.perform_some(world, &mut { usize::MAX })
    }

    /// The same, but after this many groups of operations the next one fails.
    pub(crate) fn perform_some(&mut self, world: &mut World, groups: &mut usize) -> Fed {
        loop {
            let ops = self.ops();
            if *groups == 0
                && let Some(op) = ops.first()
            {
                return Fed::Failed(op.failure());
            }
            *groups = groups.saturating_sub(usize::from(!ops.is_empty()));
            if let (fed, Next::Step) = self.perform_group(world) {
                return fed;
            }
        }
    }

    /// Does what the machine asks for at once, and says what to feed it if it wants to be stepped.
    pub(crate) fn perform_group(&mut self, world: &mut World) -> (Fed, Next) {
        let mut fed = Fed::Done;
        for op in self.ops() {
            self.done.push(op);
            match op {
                Op::Read(read) => {
                    let disk = match read.medium {
                        Medium::Origin => &world.origin,
                        Medium::DiffArea => &world.diff,
                    };
                    let bytes = &disk.visible[read.at as usize..][..read.into.len];
                    let into = match read.into.buffer {
                        Buffer::User => &mut self.user[..],
                        Buffer::Scratch => &mut self.scratch[..],
                    };
                    into[read.into.range()].copy_from_slice(bytes);
                }
                Op::Write { medium, at, from } => {
                    let bytes = match from.buffer {
                        Buffer::User => &self.user[..],
                        Buffer::Scratch => &self.scratch[..],
                    };
                    let bytes = bytes[from.range()].to_vec();
                    let disk = match medium {
                        Medium::Origin => &mut world.origin,
                        Medium::DiffArea => &mut world.diff,
                    };
                    disk.begin_write(u64::MAX, at as usize, bytes, 0);
                    disk.end_write(u64::MAX);
                }
                Op::Barrier { medium: Medium::Origin } => world.origin.barrier(),
                Op::Barrier { medium: Medium::DiffArea } => world.diff.barrier(),
                Op::Grow { size } => {
                    let grown = world.diff.grow(size as usize);
                    fed = grown.map_or(Fed::Failed(op.failure()), Fed::Size);
                }
                Op::Punch { at, len } => {
                    let zeros = vec![0; len as usize];
                    world.origin.begin_write(u64::MAX, at as usize, zeros, 0);
                    world.origin.end_write(u64::MAX);
                }
            }
        }
        let Self { machine, user, scratch, .. } = self;
        let mut buffers = Buffers { user, scratch, checksum: Checksum::PORTABLE };
        (fed, machine.absorb(&mut buffers))
    }
}

impl<M: Machine<Op: AnyOp, Shared = Active>> Alone<M> {
    /// Steps the machine on the world's active node.
    pub(crate) fn act(&mut self, world: &mut World, fed: Fed) -> Step<M::Output> {
        self.step(active(world), fed)
    }

    /// Drives it for as long as it waits for nobody.
    pub(crate) fn run(&mut self, world: &mut World) -> Step<M::Output> {
        let mut fed = Fed::Again;
        loop {
            match self.act(world, fed) {
                Step::Io => fed = self.perform(world),
                step => return step,
            }
        }
    }
}

impl<M: Machine<Op: AnyOp, Shared = ()>> Alone<M> {
    /// Drives a machine that shares nothing to its end.
    pub(crate) fn end(&mut self, world: &mut World) -> Result<M::Output, shadowvol::Error> {
        let mut fed = Fed::Again;
        loop {
            match self.step(&mut (), fed) {
                Step::Io => fed = self.perform(world),
                Step::Wait(_) => unreachable!("nobody else is there"),
                Step::Done(done) => return done,
            }
        }
    }
}

pub(crate) fn active(world: &mut World) -> &mut Active {
    world.active.as_mut().expect("an active")
}

pub(crate) fn copy(number: u32) -> CopyId {
    CopyId::new(number).expect("a number")
}

/// Lets the diff area grow in good time, on a medium that becomes so large.
pub(crate) fn grow(world: &mut World, bytes: u64) {
    let mut grow = Alone::new(Grow::ahead());
    assert_eq!(grow.act(world, Fed::Again), Step::Io, "it wants to grow");
    assert_eq!(grow.act(world, Fed::Size(bytes)), Step::Io);
    assert_eq!(grow.act(world, Fed::Done), Step::Done(Ok(())));
}

/// What a machine does that finds no room, on a medium that refuses to grow.
pub(crate) fn without_growth(world: &mut World) -> (Step<()>, Vec<Op>) {
    let mut room = Alone::new(MakeRoom::new(10_000, 0));
    let mut fed = Fed::Again;
    loop {
        let step = room.act(world, fed);
        match room.ops()[..] {
            [op @ Op::Grow { .. }] if step == Step::Io => fed = Fed::Failed(op.failure()),
            _ => return (step, room.ops()),
        }
    }
}

/// Appends a record, of the greatest length there is or of the least, that no commit has taken yet;
/// false if the journal has no room for it.
pub(crate) fn append(world: &mut World, greatest: bool) -> bool {
    let copies = vec![copy(1); if greatest { 512 } else { 1 }];
    matches!(Alone::new(Delete::new(copies, 0)).act(world, Fed::Again), Step::Wait(_))
}
