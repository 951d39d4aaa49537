//! How machines take turns, in every schedule there is.
//!
//! The machine is as small as can be: it waits for its turn, does I/O that others must not do
//! meanwhile, and is done. So the explorer comes to an end, and nothing is left to chance: in no
//! schedule do two do I/O at once, and in none does one sleep that should have been woken.

use std::sync::Arc;

use shadowvol::machine::{Buffers, Fed, Machine, Next, Op, Step, Wait};
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

#[derive(Default)]
struct Turn {
    mine: bool,
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
            return Step::Wait(Wait::Turn);
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
    explore_all("two machines", || {
        let (node, media) = node();
        let (other, media2) = (Arc::clone(&node), media.clone());
        let thread = thread::spawn(move || other.run(&mut Turn::default(), &media2));
        node.run(&mut Turn::default(), &media).expect("its turn");
        thread.join().expect("no panic").expect("its turn");
        assert_eq!(node.with(|shared| (shared.busy, shared.served)), (false, 2));
    });
}

#[test]
fn who_waits_for_a_condition_is_woken_in_every_schedule() {
    explore_all("a machine and a condition", || {
        let (node, media) = node();
        let other = Arc::clone(&node);
        let thread = thread::spawn(move || other.run(&mut Turn::default(), &media));
        node.wait_until(|shared| shared.served == 1);
        thread.join().expect("no panic").expect("its turn");
    });
}
