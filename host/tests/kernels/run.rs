//! The program: as a node in a kernel, or as the test that boots kernels.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use shadowvol_host::Caching;

use crate::bed::{Bed, Seat};
use crate::figures::Figures;
use crate::kernel::Kernel;
use crate::random::is_long;
use crate::{active, cut, fence, nfs, passive, raw};

/// What is tested.
struct Case {
    name: &'static str,
    run: fn(&Bed, u64) -> Figures,
    /// Seconds or rounds in the short form.
    length: u64,
    needs_network: bool,
}

const fn case(name: &'static str, run: fn(&Bed, u64) -> Figures, length: u64) -> Case {
    Case { name, run, length, needs_network: false }
}

const CASES: [Case; 5] = [
    case("one raw disk that two kernels see", raw::shared_disk, 8),
    case("a raw disk, the power being cut", cut::raw, 6),
    case("ext4, the power being cut", cut::ext4, 8),
    Case { needs_network: true, ..case("NFS between the kernels", nfs::both_ways, 4) },
    case("the role is taken from a sleeping kernel", fence::woken, 4),
];

/// How many times longer the long form is.
const LONG: u64 = 20;

pub(crate) fn main() -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["create", image, diff] => active::create(Path::new(image), Path::new(diff)),
        ["active", image, diff] => active::run(Path::new(image), Path::new(diff)),
        ["passive", image, diff] => passive::run(Path::new(image), Path::new(diff), Caching::Auto),
        ["stale", image, diff] => {
            passive::run(Path::new(image), Path::new(diff), Caching::Buffered)
        }
        _ => return test(words.first().map_or("", String::as_str)),
    }
    ExitCode::SUCCESS
}

/// Runs the cases whose names have this in them.
fn test(wanted: &str) -> ExitCode {
    let bed = match Bed::make() {
        Ok(bed) => bed,
        Err(missing) => {
            eprintln!("cannot test two kernels: {missing}");
            return ExitCode::FAILURE;
        }
    };
    let has_network = match try_out(&bed) {
        Ok(has_network) => has_network,
        Err(why) => {
            println!("\n  NOT TESTED: two kernels. User Mode Linux does not start here: {why}\n");
            return ExitCode::SUCCESS;
        }
    };
    for Case { name, run, length, needs_network } in CASES {
        if !name.contains(wanted) {
            continue;
        }
        if needs_network && !has_network {
            println!("\n  NOT TESTED: {name}. Kernels do not reach each other here\n");
            continue;
        }
        println!("{name}");
        let began = Instant::now();
        let figures = run(&bed, if is_long() { LONG * length } else { length });
        println!("    {figures}\n    {} s", began.elapsed().as_secs());
    }
    ExitCode::SUCCESS
}

/// Whether kernels start here at all, or why not; and whether they reach each other. That is no
/// merit of ours, and no fault.
fn try_out(bed: &Bed) -> Result<bool, String> {
    let mut kernels = [Seat::One, Seat::Two].map(|seat| Kernel::boot(bed, seat, &[]));
    kernels.iter_mut().try_for_each(Kernel::starts)?;
    let [one, two] = &mut kernels;
    let (here, there) = (Seat::One.address(), Seat::Two.address());
    let joined = one.can(&format!("join {here}")) && two.can(&format!("join {there}"));
    Ok(joined && one.can(&format!("ping -c 3 {there} >/dev/null")))
}
