//! Passives that read in both kernels while an active works in one.

use core::time::Duration;

use crate::figures::{Figures, Tally};
use crate::kernel::Kernel;

/// How many times more than asked for they may read, before it is a fault that they see nothing.
const ROUNDS: usize = 20;

/// A kernel, and what its passives say of the media when they have opened them.
pub(crate) type Side<'a> = (&'a mut Kernel, &'static str);

/// Lets passives read for a time, and again until they have seen `enough`: how fast a machine is
/// says nothing about what runs on it.
pub(crate) fn read(
    sides: &mut [Side<'_>; 2],
    volume: &str,
    time: Duration,
    figures: &mut Figures,
    enough: impl Fn(&Tally) -> bool,
) {
    let mut seen = Tally::default();
    for _ in 0..ROUNDS {
        sides.iter_mut().for_each(|(kernel, _)| kernel.start("passive", volume));
        for (kernel, opened) in &mut *sides {
            for _ in 0..2 {
                assert_eq!(kernel.wait_for("passive opened"), *opened);
            }
        }
        sides[0].0.listen(time);
        for (kernel, _) in &mut *sides {
            let said = kernel.stop_passive();
            seen.add(&said);
            figures.right.add(&said);
        }
        if enough(&seen) {
            return;
        }
    }
    panic!("passives have seen too little: {figures}");
}
