//! A medium that forgets what is not behind a barrier, and fails when it is told to.

use shadowvol::machine::Medium;

use crate::Random;

/// Bytes as they are seen, and as they are on the medium.
pub(super) struct Disk {
    visible: Vec<u8>,
    stable: Vec<u8>,
    /// Written since the last barrier, in this order.
    loose: Vec<(usize, Vec<u8>)>,
    limit: usize,
}

/// An operation that fails, some operations from now.
#[derive(Clone, Copy)]
pub(super) struct Fault {
    pub(super) medium: Medium,
    pub(super) after: u8,
    /// What part of a failed write is done all the same, in 256ths.
    pub(super) part: u8,
    /// It is the power that fails, and this decides what of the loose writes is there.
    pub(super) power: Option<u64>,
}

impl Disk {
    pub(super) fn new(size: usize, limit: usize) -> Self {
        let (visible, stable) = (vec![0; size], vec![0; size]);
        Self { visible, stable, loose: Vec::new(), limit }
    }

    pub(super) fn visible(&self) -> &[u8] {
        &self.visible
    }

    /// `None` where the range reaches past the end.
    pub(super) fn read(&self, at: u64, into: &mut [u8]) -> Option<()> {
        let end = usize::try_from(at).ok()?.checked_add(into.len())?;
        into.copy_from_slice(self.visible.get(at as usize..end)?);
        Some(())
    }

    pub(super) fn write(&mut self, at: u64, data: &[u8]) -> Option<()> {
        let at = usize::try_from(at).ok()?;
        self.visible.get_mut(at..at.checked_add(data.len())?)?.copy_from_slice(data);
        self.loose.push((at, data.to_vec()));
        Some(())
    }

    pub(super) fn barrier(&mut self) {
        self.loose.clear();
        self.stable.clone_from(&self.visible);
    }

    pub(super) fn grow(&mut self, size: u64) -> Option<u64> {
        if size > self.limit as u64 {
            return None;
        }
        self.visible.resize(self.visible.len().max(size as usize), 0);
        Some(self.visible.len() as u64)
    }

    /// The power fails: of each loose write any part is there, of the growth all or nothing.
    pub(super) fn lose_power(&mut self, random: &mut Random) {
        let mut image = self.stable.clone();
        if random.below(2) == 0 {
            image.resize(self.visible.len(), 0);
        }
        for (at, data) in self.loose.drain(..) {
            let cut = random.below(data.len() as u64 + 1) as usize;
            let kept = match random.below(4) {
                0 => 0..0,
                1 => 0..cut,
                2 => cut..data.len(),
                _ => 0..data.len(),
            };
            if at + kept.end <= image.len() {
                image[at + kept.start..at + kept.end].copy_from_slice(&data[kept]);
            }
        }
        self.visible.clone_from(&image);
        self.stable = image;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_behind_a_barrier_survives_for_sure() {
        let mut lost = 0;
        for seed in 0..50 {
            let mut disk = Disk::new(8, 8);
            disk.write(0, &[1; 4]).expect("within");
            disk.barrier();
            disk.write(4, &[2; 4]).expect("within");
            assert_eq!(disk.visible(), [1, 1, 1, 1, 2, 2, 2, 2]);
            disk.lose_power(&mut Random(seed));
            assert_eq!(disk.visible()[..4], [1; 4]);
            lost += i32::from(disk.visible()[4..] != [2; 4]);
        }
        assert!((10..50).contains(&lost), "{lost} of 50 lost something");
    }
}
