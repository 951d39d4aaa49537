//! A medium that promises what the backend contract promises, and nothing else.

use crate::random::Random;

#[derive(Clone, Debug)]
pub(crate) struct Disk {
    /// What a read brings now.
    pub(crate) visible: Vec<u8>,
    /// What a power cut cannot take.
    stable: Vec<u8>,
    /// Acknowledged, but not behind a barrier, in this order.
    loose: Vec<Put>,
    /// Begun and not acknowledged: half of each is visible.
    open: Vec<(u64, Put)>,
    limit: usize,
}

#[derive(Clone, Debug)]
struct Put {
    at: usize,
    data: Vec<u8>,
}

impl Disk {
    pub(crate) fn new(size: usize, limit: usize) -> Self {
        let (visible, stable) = (vec![0; size], vec![0; size]);
        Self { visible, stable, loose: Vec::new(), open: Vec::new(), limit }
    }

    pub(crate) fn begin_write(&mut self, key: u64, at: usize, data: Vec<u8>, cut: usize) {
        self.visible[at..at + cut].copy_from_slice(&data[..cut]);
        self.open.push((key, Put { at, data }));
    }

    pub(crate) fn end_write(&mut self, key: u64) {
        let nth = self.open.iter().position(|(open, _)| *open == key).expect("begun");
        let (_, put) = self.open.swap_remove(nth);
        self.visible[put.at..put.at + put.data.len()].copy_from_slice(&put.data);
        self.loose.push(put);
    }

    pub(crate) fn barrier(&mut self) {
        self.stable.resize(self.visible.len(), 0);
        for Put { at, data } in self.loose.drain(..) {
            self.stable[at..at + data.len()].copy_from_slice(&data);
        }
    }

    /// Growth is as loose as a write until a barrier.
    pub(crate) fn grow(&mut self, size: usize) -> Option<u64> {
        if size > self.limit {
            return None;
        }
        self.visible.resize(size.max(self.visible.len()), 0);
        Some(self.visible.len() as u64)
    }

    /// Writes that a crash may take or leave.
    pub(crate) fn loose(&self) -> usize {
        self.loose.len() + self.open.len()
    }

    /// The medium after a crash that keeps the loose writes whose bit is set, or, with a random
    /// number, any part of any of them.
    pub(crate) fn crash(&self, keep: u64, random: Option<&mut Random>) -> Self {
        let mut image = self.stable.clone();
        let puts = self.loose.iter().chain(self.open.iter().map(|(_, put)| put));
        let mut dice = random;
        if dice.as_mut().is_none_or(|random| random.one_in(2)) {
            image.resize(self.visible.len(), 0);
        }
        for (nth, Put { at, data }) in puts.enumerate() {
            let mut range = 0..data.len();
            let mut kept = keep >> nth.min(63) & 1 == 1;
            if let Some(random) = &mut dice {
                kept = !random.one_in(3);
                if random.one_in(2) {
                    let cut = random.below(data.len() + 1);
                    range = if random.one_in(2) { 0..cut } else { cut..data.len() };
                }
            }
            if kept && at + range.end <= image.len() {
                image[at + range.start..at + range.end].copy_from_slice(&data[range]);
            }
        }
        let (loose, open) = (Vec::new(), Vec::new());
        Self { visible: image.clone(), stable: image, loose, open, limit: self.limit }
    }

    /// The medium after somebody made it this long.
    pub(crate) fn lengthened(&self, size: usize) -> Self {
        let mut image = self.visible.clone();
        image.resize(size.max(image.len()), 0);
        let (loose, open) = (Vec::new(), Vec::new());
        Self { visible: image.clone(), stable: image, loose, open, limit: size }
    }

    /// The medium after a crash that leaves what was written before this end, and no more.
    pub(crate) fn shortened(&self, end: usize) -> Self {
        let image = self.visible[..end].to_vec();
        let (loose, open) = (Vec::new(), Vec::new());
        Self { visible: image.clone(), stable: image, loose, open, limit: self.limit }
    }
}
