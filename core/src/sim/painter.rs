//! Drawing a [`Picture`] of a world, again and again: bytes that have not changed are not looked at
//! again.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::content::{self, UNIT, Value};
use super::disk::Disk;
use super::picture::{Doing, Line, Node, Picture, Shadow, Slot, Thread};
use super::shared::Digest;
use super::task::Side;
use super::thread::State;
use super::walk::{Walk, walk};
use super::world::World;
use crate::active::Active;
use crate::journal::{CopyInfo, View};
use crate::table::{Cursor, Run};
use crate::units::{ChunkIndex, Content, SlotIndex};

/// Units of a chunk.
const IN_CHUNK: usize = 2;
/// The newest records that are told.
const MOST_LINES: usize = 200;

/// What was seen in the pages of a medium: a page is a chunk, or a slot.
#[derive(Default)]
struct Seen(Vec<Option<Page>>);

/// A page as it was when it was looked at.
#[derive(Clone)]
struct Page {
    digest: Digest,
    chunk: usize,
    units: Vec<Option<Value>>,
}

/// Somebody who draws one world after the other.
#[derive(Default)]
pub(super) struct Painter {
    origin: Seen,
    diff: Seen,
}

impl Painter {
    /// The world as something to draw.
    pub(super) fn paint(&mut self, world: &World) -> Picture {
        let units = world.scenario.units;
        let chunks = units.div_ceil(IN_CHUNK);
        let origin = (0..chunks).flat_map(|chunk| self.origin.look(&world.origin, chunk, chunk));
        let origin = origin.take(units).collect();
        let walk = walk(&world.diff);
        Picture {
            units: origin,
            slots: self.slots(world, walk.as_ref()),
            records: walk.as_ref().map_or(0, |walk| walk.lines.len() as u64),
            lines: walk.as_ref().map_or_else(Vec::new, lines),
            generation: walk.as_ref().map(|walk| {
                let generation = walk.superblock.generation;
                (generation.epoch.0, generation.number)
            }),
            copies: shadows(world, walk.as_ref()),
            nodes: (0..world.nodes.len()).map(|node| world.paint_node(node)).collect(),
            loose: (world.origin.loose(), world.diff.loose()),
            broken: world.broken().map(ToString::to_string),
        }
    }

    fn slots(&mut self, world: &World, walk: Option<&Walk>) -> Vec<Slot> {
        let disk = &world.diff;
        let mut slots = vec![Slot::Free; disk.visible().pages()];
        let actives = world.nodes.iter().filter_map(|node| node.side.active());
        if let Some(active) = actives.max_by_key(|active| active.epoch()) {
            for (nth, slot) in slots.iter_mut().enumerate() {
                if active.uses(SlotIndex(nth as u32)) {
                    *slot = Slot::Taken;
                }
            }
        }
        let Some(walk) = walk else { return slots };
        let header = walk.superblock.geometry.header_slots() as usize;
        slots.iter_mut().take(header).for_each(|slot| *slot = Slot::Superblock);
        for segment in &walk.segments {
            let of = slots.iter_mut().skip(segment.first.0 as usize);
            of.take(segment.slots as usize).for_each(|slot| *slot = Slot::Journal);
        }
        let mut paint = |run: Run, is_needed: &dyn Fn(ChunkIndex) -> bool| {
            let Content::Slot(first) = run.content else { return };
            for nth in 0..run.chunks.count {
                let (chunk, slot) = (run.chunks.first.0 + nth, u64::from(first.0) + nth);
                let Some(place) = slots.get_mut(slot as usize) else { continue };
                let stale = !is_needed(ChunkIndex(chunk));
                // A slot that was used again is what it was used for last.
                if stale && matches!(place, Slot::Preserved { .. } | Slot::Journal) {
                    continue;
                }
                let units = self.diff.look(disk, slot as usize, chunk as usize);
                *place = Slot::Preserved { chunk, copy: run.copy.number(), units, stale };
            }
        };
        let view = &walk.view;
        view.table().runs_from(&mut Cursor::default(), usize::MAX, |run, _| {
            paint(run, &|chunk| is_needed(view, run, chunk));
        });
        view.amended().runs_from(&mut Cursor::default(), usize::MAX, |run, _| {
            paint(run, &|_| view.copy(run.copy).is_ok());
        });
        slots
    }
}

impl Seen {
    /// The values of a page's units, of which the first is the first of this chunk.
    fn look(&mut self, disk: &Disk, page: usize, chunk: usize) -> Vec<Option<Value>> {
        if self.0.len() <= page {
            self.0.resize(page + 1, None);
        }
        let (digest, bytes) = disk.visible().page(page);
        match &self.0[page] {
            Some(seen) if (seen.digest, seen.chunk) == (digest, chunk) => seen.units.clone(),
            _ => {
                let parse = |(nth, bytes)| content::parse(chunk * IN_CHUNK + nth, bytes);
                let units: Vec<_> = bytes.chunks(UNIT).enumerate().map(parse).collect();
                self.0[page] = Some(Page { digest, chunk, units: units.clone() });
                units
            }
        }
    }
}

/// Whether a live copy is answered by this run.
fn is_needed(view: &View, run: Run, chunk: ChunkIndex) -> bool {
    let live = view.newest_at_most(run.copy);
    let found = live.and_then(|live| view.table().lookup(live, chunk));
    found.is_some_and(|found| found.copy == run.copy)
}

fn lines(walk: &Walk) -> Vec<Line> {
    let first = walk.lines.len().saturating_sub(MOST_LINES);
    let line = |(nth, text): (usize, &String)| Line {
        sequence: nth as u64,
        text: text.clone(),
        stable: (nth as u64) < walk.stable.0,
    };
    walk.lines.iter().enumerate().skip(first).map(line).collect()
}

/// The copies that a passive which came now would know, with what they hold in truth.
fn shadows(world: &World, walk: Option<&Walk>) -> Vec<Shadow> {
    let Some(walk) = walk else { return Vec::new() };
    let shadow = |info: &CopyInfo| {
        let (truth, certain) = world.oracle.content(info.about.time)?;
        let chunks = world.scenario.units.div_ceil(IN_CHUNK) as u64;
        let has = |chunk| walk.view.lookup(info.id, ChunkIndex(chunk)).is_some();
        let preserved = (0..chunks).map(has).collect();
        Some(Shadow { id: info.id.number(), truth: truth.to_vec(), certain, preserved })
    };
    walk.view.copies().filter_map(shadow).collect()
}

impl World {
    fn paint_node(&self, node: usize) -> Node {
        let of = &self.nodes[node];
        let thread = |thread| self.paint_thread(node, thread);
        let threads = (0..of.threads.len()).map(thread).collect();
        let name = self.node_name(node);
        match &*of.side {
            Side::Active(role) => {
                let role = role.as_deref();
                Node {
                    name,
                    active: true,
                    alive: role.is_some(),
                    ended: role.and_then(Active::ended).map(ToString::to_string),
                    epoch: role.map(|active| active.epoch().0),
                    copies: role.map_or_else(Vec::new, |active| numbers(active.view())),
                    records: role.map_or(0, Active::records),
                    threads,
                }
            }
            Side::Passive(passive) => Node {
                name,
                active: false,
                alive: true,
                ended: None,
                epoch: Some(passive.superblock().epoch.0),
                copies: numbers(passive.view()),
                records: passive.records(),
                threads,
            },
        }
    }

    fn paint_thread(&self, node: usize, thread: usize) -> Thread {
        let of = &self.nodes[node].threads[thread];
        let order = self.order(node, thread);
        let left = self.program(node, thread).len().saturating_sub(of.next) + of.asked.len();
        let (state, pieces) = match of.state() {
            None if order.is_none() => (Doing::Idle, (0, 0)),
            None | Some(State::Step(_) | State::Wait { woken: true, .. }) => (Doing::Ready, (0, 0)),
            Some(State::Ops { pieces, landed, .. }) => {
                (Doing::Io, (landed.count_ones(), pieces.len()))
            }
            Some(State::Wait { .. } | State::Served(_)) => (Doing::Waits, (0, 0)),
        };
        let step = (!of.frames.is_empty()).then(|| self.step_of(node, thread));
        let order = order.map(ToString::to_string);
        Thread { order, step, state, pieces, waiting: left.saturating_sub(1) }
    }
}

fn numbers(view: &View) -> Vec<u32> {
    view.copies().map(|info| info.id.number()).collect()
}
