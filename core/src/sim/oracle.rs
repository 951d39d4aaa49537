//! What was promised: the truth that every read and every crash is judged by.
//!
//! A copy is a constant. A write that was acknowledged before its creation began is in it, one that
//! began after its creation was acknowledged is not, and each of those between is wholly in or wholly
//! out, the same for every reader for ever. So the oracle knows for each copy the content from
//! before and the writes that may be in, and remembers what readers have seen of it.

mod creation;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use alloc::{format, vec};
use core::ops::Range;

use self::creation::{Creation, Finish};
use super::content::Value;
use super::disk::Owner;
use crate::units::CopyId;

/// Everything that was promised in a world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Oracle {
    units: Vec<Unit>,
    /// Writes under way.
    flights: BTreeMap<Owner, Flight>,
    /// Writes that have failed: any part of them may be there.
    failed: Vec<Flight>,
    /// By their time, which no two creations share.
    creations: BTreeMap<i64, Creation>,
    /// A revert under way that has not taken place yet: what the volume becomes.
    revert: Option<Vec<Value>>,
    /// What reads of the volume under way may find in each unit.
    looks: BTreeMap<Owner, Vec<Vec<Value>>>,
}

/// What is known of one unit of the volume.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Unit {
    /// Of the last acknowledged write.
    acknowledged: Value,
    /// Of the last acknowledged write that an acknowledged flush covers.
    flushed: Value,
    /// Of all writes begun since.
    since: Vec<Value>,
}

/// A write of one value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Flight {
    /// The units that it changes.
    pub(super) units: Range<usize>,
    /// What they become.
    pub(super) value: Value,
}

/// A copy that was found: when it was taken, its number, and whether it is finished.
pub(super) type Found = (i64, CopyId, bool);

/// How a copy stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum State {
    /// Its creation is under way.
    Begun,
    /// Its creation was neither acknowledged nor refused: it may be there.
    Maybe,
    /// It was acknowledged, so it must be there.
    Live,
    /// Its deletion has begun.
    Doomed,
    /// It is gone.
    Dead,
}

/// A promise that was broken, in words.
pub(super) type Broken = String;

impl Oracle {
    /// A volume whose units all have this value, and are safe.
    pub(super) fn new(units: usize, value: Value) -> Self {
        let unit = Unit { acknowledged: value, flushed: value, since: Vec::new() };
        let units = vec![unit; units];
        Self {
            units,
            flights: BTreeMap::new(),
            failed: Vec::new(),
            creations: BTreeMap::new(),
            revert: None,
            looks: BTreeMap::new(),
        }
    }

    /// A write begins.
    pub(super) fn begin_write(&mut self, owner: Owner, flight: Flight) {
        for unit in &mut self.units[flight.units.clone()] {
            unit.since.push(flight.value);
        }
        for look in self.looks.values_mut() {
            look[flight.units.clone()].iter_mut().for_each(|unit| unit.push(flight.value));
        }
        for creation in self.creations.values_mut() {
            if creation.state == State::Begun {
                creation.between.push(flight.clone());
            }
        }
        self.flights.insert(owner, flight);
    }

    /// A write is acknowledged.
    pub(super) fn end_write(&mut self, owner: Owner) {
        let Some(Flight { units, value }) = self.flights.remove(&owner) else { return };
        for unit in &mut self.units[units] {
            unit.acknowledged = value;
        }
    }

    /// A write is refused: nothing was written.
    pub(super) fn refuse_write(&mut self, owner: Owner) {
        let Some(flight) = self.flights.remove(&owner) else { return };
        for unit in &mut self.units[flight.units.clone()] {
            if let Some(at) = unit.since.iter().rposition(|&value| value == flight.value) {
                unit.since.remove(at);
            }
        }
        for creation in self.creations.values_mut() {
            creation.between.retain(|other| *other != flight);
        }
    }

    /// A write fails: any part of it may have been written.
    pub(super) fn fail_write(&mut self, owner: Owner) {
        let Some(flight) = self.flights.remove(&owner) else { return };
        for creation in self.creations.values_mut() {
            if let Some(at) = creation.between.iter().position(|other| *other == flight) {
                let parts = flight
                    .units
                    .clone()
                    .map(|unit| Flight { units: unit..unit + 1, ..flight.clone() });
                creation.between.splice(at..=at, parts);
            }
        }
        self.failed.push(flight);
    }

    /// Whether a write of this value to this unit has not ended well, so that it may be there.
    fn is_unsure(&self, unit: usize, value: Value) -> bool {
        let is = |flight: &Flight| flight.units.contains(&unit) && flight.value == value;
        self.flights.values().chain(&self.failed).any(is)
    }

    /// A flush is acknowledged that began when nothing was under way and met nothing on its way.
    pub(super) fn flush(&mut self) {
        for unit in &mut self.units {
            unit.flushed = unit.acknowledged;
            unit.since.clear();
        }
    }

    /// A revert to this copy begins. Its content must be certain: no write was under way when it was
    /// taken.
    pub(super) fn begin_revert(&mut self, copy: CopyId) -> Result<(), Broken> {
        let found = self.creations.values().find(|creation| creation.id == Some(copy));
        match found {
            Some(creation) if creation.between.is_empty() => {
                self.revert = Some(creation.content(0, true));
                Ok(())
            }
            _ => Err(format!("nobody can tell what copy {copy} holds")),
        }
    }

    /// The instant of the revert: all writes that have ended are undone. What is under way, writes
    /// and creations, comes after.
    pub(super) fn revert(&mut self) {
        let Some(values) = self.revert.take() else { return };
        for creation in self.creations.values_mut() {
            if creation.state == State::Begun {
                creation.before.clone_from(&values);
                creation.between = self.flights.values().cloned().collect();
            }
        }
        for (nth, (unit, value)) in self.units.iter_mut().zip(values).enumerate() {
            let later = self.flights.values().filter(|flight| flight.units.contains(&nth));
            *unit = Unit {
                acknowledged: value,
                flushed: value,
                since: later.map(|flight| flight.value).collect(),
            };
            for look in self.looks.values_mut() {
                look[nth].push(value);
            }
        }
        self.failed.clear();
    }

    /// A revert is acknowledged.
    ///
    /// # Errors
    ///
    /// When it has not taken place.
    pub(super) fn end_revert(&self) -> Result<(), Broken> {
        let waits = self.revert.is_some();
        if waits { Err("a revert was acknowledged and has not taken place".into()) } else { Ok(()) }
    }

    /// A revert is refused.
    pub(super) fn refuse_revert(&mut self) {
        self.revert = None;
    }

    /// A read of the volume begins.
    pub(super) fn begin_look(&mut self, owner: Owner) {
        let unit = |(nth, unit): (usize, &Unit)| {
            let flights = self.flights.values().chain(&self.failed);
            let unsure = flights.filter(|flight| flight.units.contains(&nth));
            unsure.map(|flight| flight.value).chain([unit.acknowledged]).collect()
        };
        let look = self.units.iter().enumerate().map(unit).collect();
        self.looks.insert(owner, look);
    }

    /// A read of the volume has found this from unit `first` on.
    ///
    /// # Errors
    ///
    /// When a unit holds what it held at no time since the read began.
    pub(super) fn look(
        &mut self,
        owner: Owner,
        first: usize,
        found: &[Option<Value>],
    ) -> Result<(), Broken> {
        let Some(look) = self.looks.remove(&owner) else { return Ok(()) };
        for (unit, (value, possible)) in (first..).zip(found.iter().zip(&look[first..])) {
            if !value.is_some_and(|value| possible.contains(&value)) {
                return Err(format!("unit {unit} was read as {value:?}, and held {possible:?}"));
            }
        }
        Ok(())
    }

    /// A creation begins, of a copy that is finished at once or later.
    pub(super) fn begin_creation(&mut self, time: i64, unfinished: bool) {
        let finish = if unfinished { Finish::Never } else { Finish::Done };
        let creation = Creation {
            finish,
            amended: Vec::new(),
            seen_finished: vec![None; self.units.len()],
            id: None,
            state: State::Begun,
            before: self.units.iter().map(|unit| unit.acknowledged).collect(),
            between: self.flights.values().cloned().chain(self.parts_of_failed()).collect(),
            seen: vec![None; self.units.len()],
        };
        self.creations.insert(time, creation);
    }

    /// Each unit of a failed write for itself.
    fn parts_of_failed(&self) -> impl Iterator<Item = Flight> {
        self.failed.iter().flat_map(|Flight { units, value }| {
            units.clone().map(|unit| Flight { units: unit..unit + 1, value: *value })
        })
    }

    /// A creation has this number, or was refused, or it is not known how it ended.
    pub(super) fn end_creation(&mut self, time: i64, state: State, id: Option<CopyId>) {
        if let Some(creation) = self.creations.get_mut(&time) {
            creation.state = state;
            creation.id = id;
        }
    }

    /// Copies change how they stand.
    pub(super) fn mark(&mut self, copies: &[CopyId], state: State) {
        for creation in self.creations.values_mut() {
            if creation.id.is_some_and(|id| copies.contains(&id)) {
                creation.state = state;
            }
        }
    }

    /// A copy was amended.
    ///
    /// # Errors
    ///
    /// When it was finished before.
    pub(super) fn amend(&mut self, copy: u32, flight: Flight) -> Result<(), Broken> {
        for creation in self.of(CopyId::new(copy)) {
            if creation.finish == Finish::Done {
                return Err(format!("copy {copy} was amended after it had been finished"));
            }
            creation.amended.push(flight.clone());
        }
        Ok(())
    }

    /// Somebody begins to call a copy finished.
    pub(super) fn begin_finish(&mut self, copy: CopyId) {
        for creation in self.of(Some(copy)) {
            if creation.finish == Finish::Lost {
                creation.amended.clear();
                creation.seen_finished.fill(None);
            }
            if creation.finish != Finish::Done {
                creation.finish = Finish::Begun;
            }
        }
    }

    /// A copy is finished.
    pub(super) fn end_finish(&mut self, copy: u32) {
        for creation in self.of(CopyId::new(copy)) {
            creation.finish = Finish::Done;
        }
    }

    fn of(&mut self, copy: Option<CopyId>) -> impl Iterator<Item = &mut Creation> {
        let is_one = move |creation: &&mut Creation| copy.is_some() && creation.id == copy;
        self.creations.values_mut().filter(is_one)
    }

    /// Whether the copy that was taken at this time has been called finished.
    pub(super) fn is_finished(&self, time: i64) -> bool {
        self.creations.get(&time).is_some_and(|creation| creation.finish == Finish::Done)
    }

    /// How the copy that was taken at this time stands.
    pub(super) fn state(&self, time: i64) -> Option<State> {
        self.creations.get(&time).map(|creation| creation.state)
    }

    /// What the copy that was taken at this time holds, and whether that is certain: if not, writes
    /// that were under way may be in it.
    pub(super) fn content(&self, time: i64) -> Option<(&[Value], bool)> {
        let creation = self.creations.get(&time)?;
        Some((&creation.before, creation.between.is_empty()))
    }

    /// The acknowledged copies that must be there, with their times.
    pub(super) fn live(&self) -> impl Iterator<Item = (i64, CopyId)> {
        self.creations
            .iter()
            .filter(|(_, creation)| creation.state == State::Live)
            .filter_map(|(&time, creation)| Some((time, creation.id?)))
    }

    /// Someone has read this of the copy of a time, which he knows as finished or not, from unit
    /// `first` on; `None` for a unit whose bytes have no value.
    ///
    /// # Errors
    ///
    /// When that is not what the copy holds.
    pub(super) fn read(
        &mut self,
        (time, finished): (i64, bool),
        first: usize,
        found: &[Option<Value>],
    ) -> Result<(), Broken> {
        let Some(creation) = self.creations.get_mut(&time) else {
            return Err(format!("a copy was read that nobody took (time {time})"));
        };
        if finished && creation.finish == Finish::Never {
            return Err("a copy was read as finished, and nobody has finished it".into());
        }
        let Creation { seen, seen_finished, .. } = creation;
        let seen = if finished { seen_finished } else { seen };
        for (nth, &value) in found.iter().enumerate() {
            let unit = first + nth;
            let Some(value) = value else {
                return Err(format!("unit {unit} of a copy is torn"));
            };
            match seen[unit] {
                Some(seen) if seen != value => {
                    return Err(format!("unit {unit} of a copy was {seen}, and is now {value}"));
                }
                _ => seen[unit] = Some(value),
            }
        }
        creation.explain()
    }

    /// The nodes that write are dead: what was under way may have been done in part.
    pub(super) fn crash(&mut self) {
        for creation in self.creations.values_mut() {
            if creation.state == State::Begun {
                creation.state = State::Maybe;
            }
        }
    }

    /// After a crash the volume holds this. From now on it is the truth.
    ///
    /// # Errors
    ///
    /// When an acknowledged flush was lost, or something is there that was never written.
    pub(super) fn survive(&mut self, found: &[Option<Value>], power: bool) -> Result<(), Broken> {
        self.looks.clear();
        // A revert is wholly there or not at all.
        if let Some(values) = self.revert.take()
            && values.iter().zip(found).all(|(value, found)| Some(*value) == *found)
        {
            self.units.iter_mut().zip(values).for_each(|(unit, value)| {
                unit.acknowledged = value;
                unit.since.push(value);
            });
        }
        for (nth, &found) in found.iter().enumerate() {
            let Some(value) = found else {
                return Err(format!("unit {nth} of the volume is torn"));
            };
            let Unit { acknowledged, flushed, since } = &self.units[nth];
            let possible = if power {
                value == *flushed || since.contains(&value)
            } else {
                value == *acknowledged || self.is_unsure(nth, value)
            };
            if !possible {
                return Err(format!(
                    "unit {nth} of the volume is {value}; {flushed} was flushed, then {since:?} \
                     written, and {acknowledged} acknowledged last"
                ));
            }
            let unit = &mut self.units[nth];
            unit.acknowledged = value;
            if power {
                unit.flushed = value;
                unit.since.clear();
            }
        }
        self.flights.clear();
        self.failed.clear();
        Ok(())
    }

    /// With nothing under way the volume holds this.
    ///
    /// # Errors
    ///
    /// When that is not what was written last.
    pub(super) fn check_volume(&self, found: &[Option<Value>]) -> Result<(), Broken> {
        let is_found =
            |values: &Vec<_>| values.iter().zip(found).all(|(value, found)| Some(*value) == *found);
        // A revert that failed may have taken place all the same.
        if self.revert.as_ref().is_some_and(is_found) {
            return Ok(());
        }
        for (nth, (unit, &found)) in self.units.iter().zip(found).enumerate() {
            let unsure = found.is_some_and(|value| self.is_unsure(nth, value));
            if found != Some(unit.acknowledged) && !unsure {
                let written = unit.acknowledged;
                return Err(format!(
                    "unit {nth} of the volume is {found:?}; {written} was written"
                ));
            }
        }
        Ok(())
    }

    /// A recovery has found these copies: what may have been there is now known.
    ///
    /// # Errors
    ///
    /// When a copy is lost, or one that was deleted is back.
    pub(super) fn recover(&mut self, found: &[Found]) -> Result<(), Broken> {
        for (time, creation) in &mut self.creations {
            let here = found.iter().find(|(there, ..)| there == time);
            if let Some(&(_, id, finished)) = here {
                creation.recover(id, finished)?;
            }
            match (creation.state, here) {
                (State::Live, None) => {
                    let number = creation.id.map_or(0, CopyId::number);
                    return Err(format!("copy {number} is lost"));
                }
                (State::Dead, Some((_, id, _))) if creation.id == Some(*id) => {
                    return Err(format!("copy {id} was deleted, and is back"));
                }
                (State::Maybe, Some((_, id, _))) => {
                    (creation.state, creation.id) = (State::Live, Some(*id));
                }
                (State::Maybe | State::Doomed, None) => creation.state = State::Dead,
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(oracle: &mut Oracle, thread: u8, units: Range<usize>, value: Value) {
        oracle.begin_write((0, thread), Flight { units, value });
    }

    #[test]
    fn a_write_between_is_wholly_in_or_wholly_out_and_stays_so() {
        let mut oracle = Oracle::new(2, 1);
        write(&mut oracle, 0, 0..2, 2);
        oracle.begin_creation(7, false);
        oracle.end_write((0, 0));
        oracle.end_creation(7, State::Live, CopyId::new(1));
        let read = |found: [Value; 2]| oracle.clone().read((7, true), 0, &found.map(Some));
        assert!(read([1, 1]).is_ok() && read([2, 2]).is_ok());
        assert!(read([1, 2]).is_err() && read([3, 3]).is_err());
        let mut later = oracle.clone();
        later.read((7, true), 0, &[Some(1)]).unwrap();
        assert!(later.clone().read((7, true), 1, &[Some(1)]).is_ok());
        assert!(later.read((7, true), 1, &[Some(2)]).is_err());
    }

    #[test]
    fn a_crash_keeps_what_was_flushed_or_anything_written_since() {
        let mut oracle = Oracle::new(1, 1);
        write(&mut oracle, 0, 0..1, 2);
        oracle.end_write((0, 0));
        oracle.flush();
        write(&mut oracle, 0, 0..1, 3);
        let survive = |value, power| oracle.clone().survive(&[Some(value)], power);
        assert!(survive(2, true).is_ok() && survive(3, true).is_ok());
        assert!(survive(1, true).is_err());
        oracle.end_write((0, 0));
        let survive = |value, power| oracle.clone().survive(&[Some(value)], power);
        assert!(survive(2, true).is_ok());
        assert!(survive(2, false).is_err(), "the death of a process loses nothing");
    }

    #[test]
    fn acknowledged_copies_must_be_there_and_deleted_ones_must_not() {
        let mut oracle = Oracle::new(1, 1);
        let copy = CopyId::new(1).unwrap();
        oracle.begin_creation(7, false);
        oracle.end_creation(7, State::Live, Some(copy));
        assert!(oracle.clone().recover(&[]).is_err());
        assert!(oracle.clone().recover(&[(7, copy, true)]).is_ok());
        oracle.mark(&[copy], State::Dead);
        assert!(oracle.clone().recover(&[(7, copy, true)]).is_err());
        assert!(oracle.recover(&[]).is_ok());
    }
}
