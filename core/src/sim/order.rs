//! The orders of a scenario: how each begins, and whether what it came to is what was promised.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use core::mem;
use core::ops::Range;

use super::audit;
use super::content::{self, UNIT, Value};
use super::disk::Owner;
use super::drive;
use super::oracle::{self, Broken, Flight, Oracle};
use super::scenario::Order;
use super::task::{Output, Side, Task};
use super::thread::{Since, State, Thread};
use super::world::{Node, World};
use crate::active::{
    self, Active, Amend, Compact, Create, Delete, Describe, Flush, Revert, Role, Seal, TakeRole,
    Write,
};
use crate::description::{Attributes, Description};
use crate::error::Error;
use crate::format::checksum::Checksum;
use crate::machine::Fed;
use crate::passive::{Read, Zeros};
use crate::units::{ChunkSize, CopyId};

/// What a request that reads has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The node that asked.
    pub node: usize,
    /// And its thread.
    pub thread: usize,
    /// What was read.
    pub order: Order,
    /// The values of its units; none for one whose bytes are not those of any value.
    pub found: Vec<Option<Value>>,
    /// Why nothing was found.
    pub error: Option<Error>,
}

impl World {
    /// Begins a thread's next order.
    pub(super) fn begin(&mut self, node: usize, thread: usize) -> Result<(), Broken> {
        let owner = (node as u8, thread as u8);
        let Some(order) = self.order(node, thread).cloned() else { return Ok(()) };
        let mut since = Since { fenced: self.has_other_holder(node), ..Since::default() };
        let mut user = Vec::new();
        let mut time = 0;
        let task = match order {
            Order::Write { units, value } => {
                let (at, len) = (units.start * UNIT, units.len() * UNIT);
                self.oracle.change(|oracle| oracle.begin_write(owner, Flight { units, value }));
                Task::Write(Write::new(at as u64, len as u64))
            }
            Order::Discard { units } => {
                let (at, len) = (units.start * UNIT, units.len() * UNIT);
                self.oracle.change(|oracle| oracle.begin_write(owner, Flight { units, value: 0 }));
                Task::Write(Write::discard(at as u64, len as u64))
            }
            Order::Ahead { units } => {
                let (at, len) = (units.start * UNIT, units.len() * UNIT);
                Task::Write(Write::ahead(at as u64, len as u64))
            }
            Order::Create | Order::Make => {
                time = self.left.time;
                self.left.time += 1;
                let unfinished = order == Order::Make;
                self.oracle.change(|oracle| oracle.begin_creation(time, unfinished));
                Task::Create(Create::new(about(time, unfinished)))
            }
            Order::Amend { copy, units, value } => {
                let (at, count) = ((units.start * UNIT) as u64, units.len());
                let copy = CopyId::new(copy).unwrap_or(CopyId::MAX);
                let bytes = drive::units(units.start, count, value);
                Task::Amend(Amend::new(copy, at, &bytes, ChunkSize::MIN, Checksum::PORTABLE))
            }
            Order::Finish(copy) => {
                let copy = CopyId::new(copy).unwrap_or(CopyId::MAX);
                self.oracle.change(|oracle| oracle.begin_finish(copy));
                Task::Describe(Describe::new(copy, about(0, false)))
            }
            Order::Delete(copy) => {
                let copies: Vec<_> = CopyId::new(copy).into_iter().collect();
                self.oracle.change(|oracle| oracle.mark(&copies, oracle::State::Doomed));
                Task::Delete(Delete::new(copies, 0))
            }
            Order::Revert(copy) => {
                let copy = CopyId::new(copy).unwrap_or(CopyId::MAX);
                let side = &self.nodes[node].side;
                if side.active().is_none_or(|active| active.reverting() != Some(copy)) {
                    self.oracle.change(|oracle| oracle.begin_revert(copy))?;
                }
                Task::Revert(Revert::new(copy))
            }
            Order::Settle => Task::Settle(Box::default()),
            Order::Look { units } => {
                let (at, len) = (units.start * UNIT, units.len() * UNIT);
                user = alloc::vec![0; len];
                self.oracle.change(|oracle| oracle.begin_look(owner));
                Task::Look(Box::new(active::Read::new(at as u64, len as u64)))
            }
            Order::Compact => Task::Compact(Compact::new()),
            Order::Flush => Task::Flush(Flush::new()),
            Order::Close => {
                self.left.excuse = true;
                Task::Seal(Seal::new([0; 32]))
            }
            Order::TakeRole => {
                self.refuse_others(node);
                let origin_size = (self.scenario.units * UNIT) as u64;
                let diff_size = self.diff.visible().size() as u64;
                let role = TakeRole::new(role(origin_size, diff_size, self.scenario.coherent));
                Task::TakeRole(Box::new(role.with_rules(self.scenario.rules)))
            }
            Order::CatchUp => Task::CatchUp(Box::default()),
            Order::Read { copy, ref units } | Order::Zeros { copy, ref units } => {
                let Side::Passive(passive) = &*self.nodes[node].side else { return Ok(()) };
                match CopyId::new(copy).map(|copy| passive.view().copy(copy)) {
                    Some(Ok(info)) => {
                        time = info.about.time;
                        since.deleted = self.oracle.state(time) == Some(oracle::State::Dead);
                        since.finished = self.oracle.is_finished(time);
                        let (at, len) = (units.start * UNIT, units.len() * UNIT);
                        user = alloc::vec![0; len];
                        let (at, len) = (at as u64, len as u64);
                        match order {
                            Order::Zeros { .. } => {
                                Task::Zeros(Box::new(Zeros::new(info.id, time, at, len)))
                            }
                            _ => Task::Read(Box::new(Read::new(info.id, time, at, len))),
                        }
                    }
                    _ => {
                        since.unknown = self.oracle.live().any(|(_, id)| id.number() == copy);
                        Task::CatchUp(Box::default())
                    }
                }
            }
        };
        self.nodes[node].threads[thread].change(|thread| {
            thread.user = user;
            thread.time = time;
            thread.since = since;
            thread.push(task);
        });
        self.step(node, thread)
    }

    /// Whether another node has taken the role from this one.
    fn has_other_holder(&self, node: usize) -> bool {
        let epoch = |node: &Node| node.side.active().map(Active::epoch);
        let others = self.nodes.iter().enumerate().filter(|&(other, _)| other != node);
        epoch(&self.nodes[node]).is_some_and(|mine| {
            others.filter_map(|(_, other)| epoch(other)).any(|other| other > mine)
        })
    }

    fn refuse_others(&mut self, node: usize) {
        for other in 0..self.scenario.actives.len() {
            if other != node && self.scenario.reservation {
                self.nodes[other].refused = true;
            }
        }
        self.left.excuse |= self.scenario.actives.len() > 1;
    }

    /// The machine at work has ended: the one that waits for it goes on, or the order is done.
    pub(super) fn end(
        &mut self,
        node: usize,
        thread: usize,
        done: Result<Output, Error>,
    ) -> Result<(), Broken> {
        let of = &mut self.nodes[node].threads[thread];
        if of.frames.len() > 1 {
            of.change(|thread| thread.go_on(done));
            return Ok(());
        }
        let Some(order) = self.order(node, thread).cloned() else { return Ok(()) };
        let node_state = &mut self.nodes[node];
        if let Ok(Output::Role(active)) = &done {
            let role = Some(active.clone());
            node_state.side.change(|side| *side = Side::Active(role));
        }
        let caught_up = match (order.copy_asked(), &*node_state.side) {
            (Some(copy), Side::Passive(passive)) => {
                node_state.threads[thread].time == 0
                    && done.is_ok()
                    && CopyId::new(copy).is_some_and(|copy| passive.view().copy(copy).is_ok())
            }
            _ => false,
        };
        // Who finds no hole says nothing of the copy.
        if done.as_ref().is_ok_and(|done| !matches!(done, Output::Zeros(0))) {
            let live = |copy: u32| self.oracle.live().any(|(_, id)| id.number() == copy);
            let Thread { since, time, .. } = *node_state.threads[thread];
            since.allows(&order, caught_up, live)?;
            if since.finished && !sees_finished(&node_state.side, time) {
                return Err("a copy that had been finished was read as unfinished".into());
            }
        }
        let in_program = self.nodes[node].threads[thread].next < self.program(node, thread).len();
        let (time, user) = self.nodes[node].threads[thread].change(|thread| {
            thread.frames.clear();
            // A read of a copy that the node did not know, and does now, comes once more.
            match in_program {
                _ if caught_up => {}
                true => thread.next += 1,
                false => drop(thread.asked.pop_front()),
            }
            (mem::take(&mut thread.time), mem::take(&mut thread.user))
        });
        if let Some(units) = order.units().filter(|_| order.is_read() && !caught_up) {
            let found = match &done {
                Ok(Output::Zeros(zeros)) => holes(*zeros),
                Ok(_) => values(units, &user),
                Err(_) => Vec::new(),
            };
            let error = done.as_ref().err().cloned();
            self.answer = Some(Answer { node, thread, order: order.clone(), found, error });
        }
        self.judge(node, (node as u8, thread as u8), &order, time, &user, done)?;
        let at_rest = |node: usize| !self.is_active(node) || self.is_idle(node);
        if self.scenario.audit && self.is_active(node) && (0..self.nodes.len()).all(at_rest) {
            return audit::at_rest(self);
        }
        Ok(())
    }

    /// Compares what an order came to with what was promised.
    fn judge(
        &mut self,
        node: usize,
        owner: Owner,
        order: &Order,
        time: i64,
        user: &[u8],
        done: Result<Output, Error>,
    ) -> Result<(), Broken> {
        let excused = self.left.excuse;
        let fenced = self.has_other_holder(node);
        if !self.scenario.reservation && order.copy_asked().is_some() {
            return Ok(());
        }
        if self.scenario.ample && matches!(done, Err(Error::DiffAreaFull { .. })) {
            return Err(format!("{order:?} was refused, and there was room"));
        }
        let oracle = &mut self.oracle;
        match (order, done) {
            (Order::Write { .. } | Order::Discard { .. }, Ok(_)) => {
                oracle.change(|oracle| oracle.end_write(owner));
            }
            (Order::Write { .. } | Order::Discard { .. }, Err(Error::DiffAreaFull { .. })) => {
                oracle.change(|oracle| oracle.refuse_write(owner));
            }
            (Order::Write { .. } | Order::Discard { .. }, Err(error)) => {
                oracle.change(|oracle| oracle.fail_write(owner));
                return excuse(excused, order, &error);
            }
            (Order::Create | Order::Make, Ok(Output::Copy(id))) => {
                oracle.change(|oracle| oracle.end_creation(time, oracle::State::Live, Some(id)));
            }
            (
                Order::Create | Order::Make,
                Err(Error::DiffAreaFull { .. } | Error::Reverting { .. }),
            ) => {
                oracle.change(|oracle| oracle.end_creation(time, oracle::State::Dead, None));
            }
            (Order::Create | Order::Make, Err(error)) => {
                oracle.change(|oracle| oracle.end_creation(time, oracle::State::Maybe, None));
                return excuse(excused, order, &error);
            }
            // Whoever has taken the role since has forgotten it.
            (Order::Amend { .. }, Ok(_)) if fenced => {}
            (Order::Amend { copy, units, value }, Ok(_)) => {
                let amended = Flight { units: units.clone(), value: *value };
                return oracle.change(|oracle| oracle.amend(*copy, amended));
            }
            (
                Order::Amend { .. },
                Err(
                    Error::DiffAreaFull { .. }
                    | Error::Finished { .. }
                    | Error::Amended { .. }
                    | Error::Gone { .. },
                ),
            ) => {}
            (Order::Finish(copy), Ok(_)) => {
                oracle.change(|oracle| oracle.end_finish(*copy));
            }
            (Order::Finish(_), Err(Error::DiffAreaFull { .. } | Error::Gone { .. })) => {}
            (Order::Delete(copy), Ok(_)) => {
                let copies: Vec<_> = CopyId::new(*copy).into_iter().collect();
                oracle.change(|oracle| oracle.mark(&copies, oracle::State::Dead));
            }
            (Order::Revert(_), Ok(_)) => return oracle.change(|oracle| oracle.end_revert()),
            (
                Order::Revert(_),
                Err(
                    Error::DiffAreaFull { .. }
                    | Error::Reverting { .. }
                    | Error::Unfinished { .. }
                    | Error::Gone { .. },
                ),
            ) => oracle.change(Oracle::refuse_revert),
            (Order::Look { units }, Ok(_)) => {
                return oracle
                    .change(|oracle| oracle.look(owner, units.start, &values(units, user)));
            }
            (Order::Flush, Ok(_)) => oracle.change(Oracle::flush),
            (Order::TakeRole, Ok(_)) => return audit::after_recovery(self, node),
            (Order::Read { units, .. } | Order::Zeros { units, .. }, Ok(done)) if time != 0 => {
                let found = match done {
                    Output::Zeros(zeros) => holes(zeros),
                    _ => values(units, user),
                };
                let finished = sees_finished(&self.nodes[node].side, time);
                return oracle.change(|oracle| oracle.read((time, finished), units.start, &found));
            }
            (
                Order::Read { copy, .. } | Order::Zeros { copy, .. },
                Err(Error::Gone { .. } | Error::NoSuchCopy { .. }),
            ) => {
                if oracle.state(time) == Some(oracle::State::Live) {
                    return Err(format!("copy {copy} is alive, and was read as gone"));
                }
            }
            (Order::Read { .. } | Order::Zeros { .. } | Order::CatchUp, Err(error)) => {
                return Err(format!("a passive could not read: {error}"));
            }
            (
                Order::Compact | Order::Settle | Order::Ahead { .. },
                Err(Error::DiffAreaFull { .. }),
            )
            | (_, Ok(_)) => {}
            (Order::Delete(_), Err(Error::Gone { .. } | Error::NoSuchCopy { .. })) => {}
            (Order::Delete(copy), Err(Error::Reverting { .. })) => {
                let copies: Vec<_> = CopyId::new(*copy).into_iter().collect();
                oracle.change(|oracle| oracle.mark(&copies, oracle::State::Live));
            }
            (_, Err(error)) => return excuse(excused, order, &error),
        }
        Ok(())
    }
}

/// What these units hold.
fn values(units: &Range<usize>, bytes: &[u8]) -> Vec<Option<Value>> {
    bytes.chunks(UNIT).zip(units.clone()).map(|(bytes, unit)| content::parse(unit, bytes)).collect()
}

/// So many bytes of zeros, by their units.
fn holes(bytes: u64) -> Vec<Option<Value>> {
    alloc::vec![Some(0); bytes as usize / UNIT]
}

/// Whether a passive knows the copy of this time as a finished one.
fn sees_finished(side: &Side, time: i64) -> bool {
    let Side::Passive(passive) = side else { return false };
    let mut copies = passive.view().copies();
    copies.any(|info| info.about.time == time && !info.about.is_unfinished())
}

/// What is known of a copy.
fn about(time: i64, unfinished: bool) -> Description {
    let mut about = Description::new("", time);
    about.attributes.set(Attributes::UNFINISHED, unfinished);
    about
}

/// How a simulated node takes the role.
pub(super) fn role(origin_size: u64, diff_size: u64, coherent: bool) -> Role {
    Role {
        origin_size,
        diff_size,
        stamp: [0; 32],
        boot: [0; 16],
        coherent,
        limit: None,
        on_full: None,
        drop_copies: false,
    }
}

fn excuse(excused: bool, order: &Order, error: &Error) -> Result<(), Broken> {
    if excused { Ok(()) } else { Err(format!("{order:?} failed without a reason: {error}")) }
}

impl Since {
    /// Whether the order may end well.
    fn allows(
        self,
        order: &Order,
        caught_up: bool,
        live: impl Fn(u32) -> bool,
    ) -> Result<(), Broken> {
        let takes_barrier = matches!(
            order,
            Order::Flush
                | Order::Create
                | Order::Make
                | Order::Amend { .. }
                | Order::Finish(_)
                | Order::Delete(_)
        );
        if self.fenced && takes_barrier {
            return Err(format!(
                "{order:?} was acknowledged, and another node had the role before"
            ));
        }
        if self.deleted {
            return Err("a copy was read that had been deleted before the read began".into());
        }
        let still = order.copy_asked().is_some_and(live);
        if self.unknown && still && !caught_up {
            return Err("a copy that had been acknowledged was not there".into());
        }
        Ok(())
    }
}

impl Thread {
    /// The machine at work has ended, and the one that waited for it goes on.
    fn go_on(&mut self, done: Result<Output, Error>) {
        self.frames.pop();
        if let Some(waiting) = self.frames.last_mut() {
            waiting.state = State::Step(done.map_or_else(Fed::Failed, |_| Fed::Again));
        }
    }
}
