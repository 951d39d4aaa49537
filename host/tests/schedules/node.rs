//! How machines take turns, in every schedule there is.
//!
//! The machine is as small as can be: it waits for its turn, or as for the end of a commit, does I/O that
//! others must not do meanwhile, and is done. So the explorer comes to an end, and nothing is left to chance: in no
//! schedule do two do I/O at once, and in none does one sleep that should have been woken.

use std::sync::Arc;

use shadowvol::machine::{self, Buffers, Fed, Machine, Next, Op, Step, Wait};
use shadowvol_host::explored::Node;
use shadowvol_host::{Media, SharedMemory};
use shuttle::scheduler::DfsScheduler;
use shuttle::{Runner, thread};

use crate::explore::config;

/// What the machines share: whether one does I/O, and how many have.
#[derive(Default)]
struct Shared {
    busy: bool,
    served: usize,
}

impl machine::Shared for Shared {
    fn is_committing(&self) -> bool {
        self.busy
    }
}

struct Turn {
    /// What it says that it waits for.
    wait: Wait,
    mine: bool,
}

impl Turn {
    const fn new(wait: Wait) -> Self {
        Self { wait, mine: false }
    }
}

impl Machine for Turn {
    type Shared = Shared;
    type Output = ();
    type Op = Op;

    fn ops(&self) -> &[Op] {
        &[]
    }

    fn absorb(&mut self, _: &mut Buffers<'_>) -> Next {
        Next::Step
    }

    fn step(&mut self, shared: &mut Shared, _: &mut Buffers<'_>, _: Fed) -> Step<()> {
        if self.mine {
            assert!(shared.busy, "nobody else ends a turn");
            shared.busy = false;
            shared.served += 1;
            return Step::Done(Ok(()));
        }
        if shared.busy {
            return Step::Wait(self.wait);
        }
        shared.busy = true;
        self.mine = true;
        Step::Io
    }
}

fn node() -> (Arc<Node<Shared>>, Media) {
    let memory = || Arc::new(SharedMemory::new(0));
    (Arc::new(Node::new(Shared::default())), Media { origin: memory(), diff: memory() })
}

fn explore_all(name: &str, scenario: impl Fn() + Send + Sync + 'static) {
    let done = Runner::new(DfsScheduler::new(None, false), config()).run(scenario);
    println!("{name}: all {done} schedules");
    assert!(done > 10, "{name}: {done} schedules");
}

#[test]
fn two_machines_take_turns_in_every_schedule() {
    for (name, wait, other_wait) in [
        ("two machines", Wait::Turn, Wait::Turn),
        ("two behind a commit", Wait::Barrier, Wait::Barrier),
        ("one of each", Wait::Turn, Wait::Barrier),
    ] {
        explore_all(name, move || {
            let (node, media) = node();
            let (other, media2) = (Arc::clone(&node), media.clone());
            let thread = thread::spawn(move || other.run(&mut Turn::new(other_wait), &media2));
            node.run(&mut Turn::new(wait), &media).expect("its turn");
            thread.join().expect("no panic").expect("its turn");
            assert_eq!(node.with(|shared| (shared.busy, shared.served)), (false, 2));
        });
    }
}

#[test]
fn who_waits_for_a_condition_is_woken_in_every_schedule() {
    explore_all("a machine and a condition", || {
        let (node, media) = node();
        let other = Arc::clone(&node);
        let thread = thread::spawn(move || other.run(&mut Turn::new(Wait::Turn), &media));
        node.wait_until(|shared| shared.served == 1);
        thread.join().expect("no panic").expect("its turn");
    });
}
