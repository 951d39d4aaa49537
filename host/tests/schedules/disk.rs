//! The bytes of a medium that keeps the backend contract and promises nothing else.

use shadowvol::backend::{MemoryError, Pages};

/// What is in a medium, and what of it a power cut may take back.
#[derive(Clone)]
pub(crate) struct Disk {
    /// What a read brings now.
    visible: Pages,
    /// What a power cut cannot take.
    stable: Pages,
    /// Done, but not behind a barrier, in this order.
    loose: Vec<Put>,
    /// Begun and not done: half of each is visible.
    open: Vec<Put>,
    next: u64,
    pub(crate) barriers: u64,
}

#[derive(Clone)]
struct Put {
    number: u64,
    at: u64,
    data: Vec<u8>,
}

/// What a power cut does to a write that is not behind a barrier.
#[derive(Clone, Copy)]
pub(crate) enum Fate {
    Lost,
    Kept,
    /// Only the first half was done.
    Torn,
}

impl Disk {
    pub(crate) fn new(content: Pages) -> Self {
        let (visible, stable) = (content.clone(), content);
        Self { visible, stable, loose: Vec::new(), open: Vec::new(), next: 0, barriers: 0 }
    }

    pub(crate) fn size(&self) -> u64 {
        self.visible.size()
    }

    pub(crate) fn read(&self, at: u64, buffer: &mut [u8]) -> Result<(), MemoryError> {
        self.visible.read(at, buffer)
    }

    /// Does the first half of a write.
    pub(crate) fn begin_write(&mut self, at: u64, data: &[u8]) -> Result<u64, MemoryError> {
        self.visible.write(at, &data[..data.len() / 2])?;
        self.next += 1;
        self.open.push(Put { number: self.next, at, data: data.to_vec() });
        Ok(self.next)
    }

    /// Does the rest of it.
    pub(crate) fn end_write(&mut self, number: u64) -> Result<(), MemoryError> {
        let nth = self.open.iter().position(|put| put.number == number).expect("begun");
        let mut put = self.open.swap_remove(nth);
        let half = put.data.len() / 2;
        self.visible.write(put.at + half as u64, &put.data[half..])?;
        self.next += 1;
        put.number = self.next;
        self.loose.push(put);
        Ok(())
    }

    /// What was done up to this point will be behind the barrier.
    pub(crate) fn begin_barrier(&self) -> u64 {
        self.next
    }

    pub(crate) fn end_barrier(&mut self, begun: u64) -> Result<(), MemoryError> {
        let (covered, rest) = self.loose.drain(..).partition(|put| put.number <= begun);
        self.loose = rest;
        let covered: Vec<_> = covered;
        covered.iter().try_for_each(|put| self.stable.write(put.at, &put.data))?;
        self.barriers += 1;
        Ok(())
    }

    pub(crate) fn grow(&mut self, size: u64) -> Result<u64, MemoryError> {
        self.stable.grow(size)?;
        self.visible.grow(size)
    }

    /// What is left after a power cut, when each write that is not behind a barrier has its fate.
    pub(crate) fn crash(&self, mut fate: impl FnMut() -> Fate) -> Pages {
        let mut left = self.stable.clone();
        for Put { at, data, .. } in self.loose.iter().chain(&self.open) {
            let part = match fate() {
                Fate::Lost => 0,
                Fate::Torn => data.len() / 2,
                Fate::Kept => data.len(),
            };
            left.write(*at, &data[..part]).expect("written before");
        }
        left
    }

    /// Whether a power cut could take nothing.
    pub(crate) fn is_settled(&self) -> bool {
        self.loose.is_empty() && self.open.is_empty()
    }

    /// As a reader sees it now, without the past.
    pub(crate) fn visible(&self) -> Pages {
        self.visible.clone()
    }
}
