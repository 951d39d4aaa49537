//! What byte arrays would do.

use std::collections::BTreeMap;
use std::rc::Rc;

use shadowvol::{CopyId, Error};

/// When a copy was taken: it tells two copies of one number apart, of which a power cut took one.
pub(super) type Time = i64;

/// Bytes that a copy was amended by, and where.
type Edit = (usize, Vec<u8>);

/// The volume and its copies, as they should be.
#[derive(Default)]
pub(super) struct Model {
    pub(super) now: Vec<u8>,
    /// The bytes of every instant at which a copy may have been taken.
    instants: BTreeMap<(CopyId, Time), Rc<Vec<u8>>>,
    /// What was amended in copies since, in order.
    amended: BTreeMap<(CopyId, Time), Vec<Edit>>,
    /// What copies hold since they are finished. More than one if a power cut took that back: then
    /// a passive may have heard of it all the same.
    finished: BTreeMap<(CopyId, Time), Vec<Rc<Vec<u8>>>>,
    /// The copies that there are.
    alive: BTreeMap<CopyId, Time>,
    /// Those that may be there: their creation or deletion began, and failed or was cut short.
    maybe: BTreeMap<CopyId, Time>,
}

impl Model {
    /// A volume of these bytes, without copies.
    pub(super) fn new(now: Vec<u8>) -> Self {
        Self { now, ..Self::default() }
    }

    /// A copy is going to be taken, under this number if it is taken at all, finished or not.
    pub(super) fn begin_copy(&mut self, copy: Option<CopyId>, time: Time, finished: bool) {
        if let Some(copy) = copy {
            let instant = Rc::new(self.now.clone());
            self.instants.insert((copy, time), Rc::clone(&instant));
            let finished = if finished { vec![instant] } else { Vec::new() };
            self.finished.insert((copy, time), finished);
            self.maybe.insert(copy, time);
        }
    }

    /// It was.
    pub(super) fn end_copy(&mut self, copy: CopyId, time: Time) {
        assert_eq!(self.maybe.remove(&copy), Some(time), "copy {copy} has an unexpected number");
        self.alive.insert(copy, time);
    }

    /// An unfinished copy was amended.
    pub(super) fn amend(&mut self, copy: CopyId, at: usize, data: &[u8]) {
        if let Some(&time) = self.alive.get(&copy) {
            self.amended.entry((copy, time)).or_default().push((at, data.to_vec()));
        }
    }

    /// A copy is going to be finished, or may have been.
    pub(super) fn begin_finish(&mut self, copy: CopyId) {
        let Some(&time) = self.alive.get(&copy) else { return };
        let mut content = Vec::clone(&self.instants[&(copy, time)]);
        for (at, data) in self.amended.get(&(copy, time)).into_iter().flatten() {
            content[*at..at + data.len()].copy_from_slice(data);
        }
        self.finished.entry((copy, time)).or_default().push(Rc::new(content));
    }

    /// It was.
    pub(super) fn end_finish(&mut self, copy: CopyId) {
        let Some(&time) = self.alive.get(&copy) else { return };
        if let Some(contents) = self.finished.get_mut(&(copy, time)) {
            contents.drain(..contents.len() - 1);
        }
    }

    /// Another holder of the role found this copy unfinished: nothing was amended in it.
    pub(super) fn forget_amended(&mut self, copy: CopyId, time: Time) {
        self.amended.remove(&(copy, time));
    }

    /// A copy is going to be deleted, or may have been.
    pub(super) fn begin_deletion(&mut self, copy: CopyId) {
        if let Some(time) = self.alive.remove(&copy) {
            self.maybe.insert(copy, time);
        }
    }

    /// It was.
    pub(super) fn end_deletion(&mut self, copy: CopyId) {
        self.maybe.remove(&copy);
    }

    /// The oldest copies that are not older than the nth, in a circle.
    pub(super) fn nth(&self, nth: u8) -> Option<CopyId> {
        let nth = usize::from(nth) % self.alive.len().max(1);
        self.alive.keys().nth(nth).copied()
    }

    pub(super) fn copies(&self) -> impl Iterator<Item = (CopyId, Time)> {
        self.alive.iter().map(|(&copy, &time)| (copy, time))
    }

    /// The node that holds the role says that there are these.
    pub(super) fn settle(&mut self, found: &BTreeMap<CopyId, Time>) {
        for (copy, time) in &self.alive {
            assert_eq!(found.get(copy), Some(time), "copy {copy} is missing");
        }
        for (copy, time) in found {
            let known = self.alive.get(copy).or_else(|| self.maybe.get(copy));
            assert_eq!(known, Some(time), "nobody took copy {copy}");
        }
        self.alive.clone_from(found);
        self.maybe.clear();
    }

    /// What a passive node has read, of a copy that it knows as finished or not, must be the truth, or
    /// the copy be gone.
    pub(super) fn judge_read(
        &self,
        (copy, time): (CopyId, Time),
        unfinished: bool,
        at: usize,
        read: Result<&[u8], &Error>,
    ) {
        match read {
            Ok(bytes) => {
                let instant = self.instants.get(&(copy, time)).expect("a copy that nobody took");
                let mut truths = match self.finished.get(&(copy, time)) {
                    Some(finished) if !unfinished => finished.iter(),
                    _ => core::slice::from_ref(instant).iter(),
                };
                let is_it = |truth: &Rc<Vec<u8>>| *bytes == truth[at..at + bytes.len()];
                assert!(truths.any(is_it), "wrong bytes of copy {copy}");
            }
            Err(Error::Gone { .. } | Error::NoSuchCopy { .. }) => {
                assert_ne!(self.alive.get(&copy), Some(&time), "copy {copy} is not gone");
            }
            Err(error) => panic!("reading copy {copy}: {error}"),
        }
    }

    /// A write of these bytes failed: any of them may have arrived, and no others.
    pub(super) fn judge_failed_write(&mut self, at: usize, new: &[u8], found: &[u8]) {
        for (place, &byte) in found.iter().enumerate() {
            let wanted = place.checked_sub(at).and_then(|place| new.get(place));
            let is_right = byte == self.now[place] || wanted == Some(&byte);
            assert!(is_right, "byte {place} after a failed write at {at}");
        }
        self.now.copy_from_slice(found);
    }
}
