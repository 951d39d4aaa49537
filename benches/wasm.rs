//! The JavaScript package in Node against the same engine without WebAssembly: volumes in memory, the
//! same requests, in turn in one run. Every figure is native time to JavaScript's: 0.5 is half as fast.
//!
//! It is time on a processor, so that whatever else the machine does counts little;
//! Node's has the collection of garbage in it.

use core::time::Duration;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use rustix::time::{ClockId, clock_gettime};
use shadowvol_benches::Pattern::Random;
use shadowvol_benches::{Axes, Outcome, Result, Side, Table, Versus, settings};
use shadowvol_host::{CreateOptions, Durability, Media, SharedMemory, Volume};

const SIZE: usize = 64 << 20;
/// What is done, and what the script calls it.
const WORKS: [(&str, &str); 4] = [
    ("rewrite", "rewrite"),
    ("first overwrite", "first"),
    ("active read", "read"),
    ("passive read", "read-copy"),
];

fn main() -> Result<()> {
    let mut table = Table::new("wasm")?;
    let mut node = Node::start()?;
    let media = Media {
        origin: Arc::new(SharedMemory::new(SIZE as u64)),
        diff: Arc::new(SharedMemory::new(0)),
    };
    let durability = Durability::Durable;
    let options = CreateOptions { durability, ..CreateOptions::default() };
    let volume = Volume::create_on(media, &options)?;
    volume.write(0, &vec![1; SIZE])?;
    let usual = Axes { place: "memory", volume: SIZE as u64, durability, ..Axes::default() };
    for (work, name) in WORKS {
        for bytes in [4096, 65_536, 1 << 20] {
            let count = (SIZE / bytes).min(4096);
            let (mut ours, mut base) = (Side::new(count), Side::new(count));
            for round in 0..=settings().rounds {
                let theirs = node.run(name, bytes, count)?;
                let native = native(&volume, name, bytes, count)?;
                // The first round warms up.
                if round > 0 {
                    ours.rounds.push(Duration::from_nanos(theirs));
                    base.rounds.push(Duration::from_nanos(native));
                }
            }
            let each = [ours.seconds(), base.seconds()].map(|time| time * 1e9 / count as f64);
            let outcome =
                Outcome::of(ours, base).with("each_ns", each[0]).with("native_each_ns", each[1]);
            let versus = Versus { who: "Node", ..Versus::base("native") };
            table.push(usual.work(work).requests(Random, bytes as u64), versus, &outcome)?;
        }
    }
    volume.close()?;
    node.end()
}

/// Nanoseconds that the workload takes here.
fn native(volume: &Volume, name: &str, bytes: usize, count: usize) -> Result<u64> {
    let mut data = vec![2; bytes];
    let at = |nth: usize| ((nth * 7919) % (SIZE / bytes) * bytes) as u64;
    let copy = match name {
        "first" | "read-copy" => Some(volume.create_shadow_copy("")?.id),
        _ => None,
    };
    let reader = volume.reader()?;
    let frozen = copy.map(|copy| reader.shadow_copy(copy)).transpose()?;
    let begun = computed();
    for nth in 0..count {
        match (name, &frozen) {
            ("read", _) => volume.read(at(nth), &mut data)?,
            ("read-copy", Some(frozen)) => frozen.read(at(nth), &mut data)?,
            _ => volume.write(at(nth), &data)?,
        }
    }
    let took = computed() - begun;
    volume.delete_shadow_copies(copy.as_slice())?;
    Ok(took)
}

/// Nanoseconds that this thread has had a processor for.
fn computed() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The same in Node.
struct Node {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Node {
    fn start() -> Result<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../wasm/bench/node.js");
        let mut child = Command::new("node")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let orders = child.stdin.take().ok_or("Node has no input")?;
        let answers = BufReader::new(child.stdout.take().ok_or("Node has no output")?);
        Ok(Self { child, orders, answers })
    }

    fn run(&mut self, name: &str, bytes: usize, count: usize) -> Result<u64> {
        writeln!(self.orders, "{name} {bytes} {count}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        answer.trim().parse().map_err(|_| "Node has ended: run make wasm first".into())
    }

    fn end(self) -> Result<()> {
        let Self { mut child, orders, .. } = self;
        drop(orders);
        child.wait()?;
        Ok(())
    }
}
