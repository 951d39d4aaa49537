//! Two real kernels, because two processes of one kernel share its page cache and so prove nothing
//! about two hosts.
//!
//! Kernels are User Mode Linux: ordinary processes that need no virtual machine and no rights. This
//! program is also the node that runs in them. Each case boots two kernels, runs the active in one
//! and passives in the other (and beside the active), and judges every byte: see `workload`. Cutting
//! the power is killing all of a kernel's processes: what only its page cache held is lost, and what
//! it had handed to its disk is not.
//!
//! `make test-kernels` installs what is needed where it can. `SHADOWVOL_LONG=1` asks for the long
//! form.

#[cfg(target_os = "linux")]
mod active;
#[cfg(target_os = "linux")]
mod bed;
#[cfg(target_os = "linux")]
mod cut;
#[cfg(target_os = "linux")]
mod fence;
#[cfg(target_os = "linux")]
mod figures;
#[cfg(target_os = "linux")]
mod kernel;
#[cfg(target_os = "linux")]
mod ledger;
#[cfg(target_os = "linux")]
mod nfs;
#[cfg(target_os = "linux")]
mod orders;
#[cfg(target_os = "linux")]
mod pair;
#[cfg(target_os = "linux")]
mod passive;
#[cfg(target_os = "linux")]
#[path = "../support/random.rs"]
#[expect(dead_code, reason = "others need more of it")]
mod random;
#[cfg(target_os = "linux")]
mod raw;
#[cfg(target_os = "linux")]
mod readers;
#[cfg(target_os = "linux")]
mod run;
#[cfg(target_os = "linux")]
mod workload;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    run::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("NOT TESTED: two kernels: User Mode Linux runs on Linux only");
}
