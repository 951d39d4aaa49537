//! A passive node that threads share, while the journal moves on under them: one thread reloads it,
//! the others wait for that or find their answers taken back, and every read is right or `Gone`.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use shuttle::thread;

use crate::explore::explore;
use crate::world::{Shape, World};

#[test]
fn readers_of_one_node_share_a_reload() {
    let reloads = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&reloads);
    explore("passive", 800, move || {
        let world = World::new(Shape::NEIGHBOURS);
        let volume = world.open();
        world.fill(&volume, 1);
        world.rig.calm(true);
        let stays = volume.find_newest().expect("open").expect("a copy").id;
        let goes = world.create(&volume, "goes").expect("a copy");
        let node = world.node();
        world.rig.calm(false);
        thread::scope(|scope| {
            let (world, volume, node) = (&world, &volume, &node);
            for _ in 0..2 {
                scope.spawn(move || {
                    assert!(world.read(node, stays), "nobody deletes it");
                    assert!(world.read(node, stays), "nobody deletes it");
                });
            }
            scope.spawn(move || {
                let found: Vec<_> = (0..3).map(|_| world.read(node, goes)).collect();
                assert!(found.is_sorted_by(|before, after| before >= after), "gone for good");
            });
            scope.spawn(move || {
                world.write(volume, 0).expect("a write");
                volume.compact().expect("a compaction");
                world.delete(volume, goes).expect("a deletion");
                world.write(volume, 1).expect("a write");
                volume.compact().expect("a compaction");
            });
        });
        seen.fetch_add(node.stats().counters.reloads, Ordering::Relaxed);
        volume.close().expect("a close");
        world.inspect_closed()
    });
    assert!(reloads.load(Ordering::Relaxed) > 0, "no reload was shared");
}
