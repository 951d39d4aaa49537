//! Two kernels at the two ends of the wire.

use crate::bed::{Bed, Seat};
use crate::kernel::Kernel;

/// Boots both at once.
pub(crate) fn boot(bed: &Bed, disks: &[&str]) -> [Kernel; 2] {
    let kernels = [Seat::One, Seat::Two].map(|seat| (Kernel::boot(bed, seat, disks), seat));
    kernels.map(|(kernel, seat)| kernel.joined(seat.address()))
}
