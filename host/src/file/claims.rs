//! Who may write which blocks at the moment: a lock on ranges.
//!
//! Direct I/O writes whole blocks, so a smaller write reads a block, changes a part and writes it
//! back. Whatever others write to that block in between would be lost; so such a write claims its
//! blocks alone, and one of whole blocks claims them together with others of its sort.

use core::ops::Range;

use parking_lot::{Condvar, Mutex};

/// The claims that are held.
#[derive(Debug, Default)]
pub(super) struct Claims {
    held: Mutex<Vec<Held>>,
    released: Condvar,
}

/// A claim; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct Claim<'a> {
    claims: &'a Claims,
    held: Held,
}

/// How a claim bears with others on the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Company {
    Shared,
    Alone,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Held {
    bytes: Range<u64>,
    company: Company,
}

impl Claims {
    /// Waits until the bytes are free for this company.
    pub(super) fn take(&self, bytes: Range<u64>, company: Company) -> Claim<'_> {
        let wanted = Held { bytes, company };
        let mut held = self.held.lock();
        while held.iter().any(|other| wanted.excludes(other)) {
            self.released.wait(&mut held);
        }
        held.push(wanted.clone());
        Claim { claims: self, held: wanted }
    }
}

impl Held {
    fn excludes(&self, other: &Self) -> bool {
        let overlap = self.bytes.start < other.bytes.end && other.bytes.start < self.bytes.end;
        overlap && (self.company == Company::Alone || other.company == Company::Alone)
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut held = self.claims.held.lock();
        // Equal claims are interchangeable.
        if let Some(at) = held.iter().position(|held| *held == self.held) {
            held.swap_remove(at);
        }
        drop(held);
        self.claims.released.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn only_claims_that_bear_each_other_overlap() {
        let claims = Claims::default();
        let shared = claims.take(0..10, Company::Shared);
        let beside = claims.take(10..20, Company::Alone);
        let also = claims.take(5..10, Company::Shared);
        let (tell, told) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                drop(claims.take(8..11, Company::Alone));
                tell.send(()).expect("the receiver lives");
            });
            assert!(told.recv_timeout(Duration::from_millis(20)).is_err());
            drop((shared, beside));
            assert!(told.recv_timeout(Duration::from_millis(20)).is_err());
            drop(also);
            told.recv().expect("nothing is in the way any more");
        });
        assert!(claims.held.lock().is_empty());
    }
}
