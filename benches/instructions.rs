//! Instructions of one request on the hot paths, counted by callgrind: the same on a noisy machine.
//!
//! What the kernel does for a request is not in it. Counts depend on the compiler and on the processor's
//! abilities, so the committed ones, `instructions.json`, are those of one machine; `--accept` puts
//! those of this one in their place. Growth beyond some percent is an error.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use shadowvol_benches::Pattern::Random;
use shadowvol_benches::{Axes, Outcome, Result, Shuffle, Side, Table, Versus};
use shadowvol_host::Durability::{Coherent, Durable};
use shadowvol_host::{CreateOptions, Durability, Passive, PassiveOptions, Volume};

const SIZE: u64 = 16 << 20;
const SMALL: usize = 4 << 10;
const REQUESTS: usize = 1000;
/// Growth that is none: counts differ a little with where memory lies.
const TOLERATED: f64 = 1.02;

const WORKS: [(&str, Option<&str>, Durability); 7] = [
    ("first overwrite", None, Coherent),
    ("first overwrite", None, Durable),
    ("rewrite", None, Coherent),
    ("active read", None, Coherent),
    ("passive read", Some("nothing overwritten"), Coherent),
    ("passive read", Some("all overwritten"), Coherent),
    ("create", None, Coherent),
];

fn main() -> Result<()> {
    match env::args().nth(1).as_deref() {
        None => compare(false),
        Some("--accept") => compare(true),
        Some(nth) => {
            let (work, state, durability) = WORKS[nth.parse::<usize>()?];
            perform(work, state, durability)
        }
    }
}

/// Counts all works, each in a process of its own, and compares with the committed counts.
fn compare(accept: bool) -> Result<()> {
    let committed: BTreeMap<String, f64> = match fs::read_to_string(committed_path()) {
        Ok(text) => serde_json::from_str(&text)?,
        Err(_) => BTreeMap::new(),
    };
    let mut table = Table::new("instructions")?;
    let (mut counted, mut grown) = (BTreeMap::new(), Vec::new());
    for (nth, (work, state, durability)) in WORKS.into_iter().enumerate() {
        let mut axes = Axes { volume: SIZE, state, durability, ..Axes::default() }.work(work);
        if work != "create" {
            axes = axes.requests(Random, SMALL as u64);
        }
        let now = count(nth)?;
        let before = committed.get(&axes.to_string()).copied().unwrap_or(now);
        if now > before * TOLERATED {
            grown.push(format!("{axes}: {before:.0} to {now:.0}"));
        }
        counted.insert(axes.to_string(), now);
        let side = Side::new(REQUESTS);
        let outcome = Outcome::of_ratios(side.clone(), side, vec![before / now])
            .with("instructions_per_request", now);
        table.push(axes, Versus::base("committed"), &outcome)?;
    }
    if accept {
        fs::write(committed_path(), serde_json::to_string_pretty(&counted)? + "\n")?;
        return Ok(());
    }
    if grown.is_empty() { Ok(()) } else { Err(grown.join("; ").into()) }
}

fn committed_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.json")
}

/// Instructions of one request, as callgrind counts those of [`measured`].
fn count(nth: usize) -> Result<f64> {
    let done = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"])
        .arg("--toggle-collect=*measured*")
        .arg(env::current_exe()?)
        .arg(nth.to_string())
        .output()?;
    let said = String::from_utf8_lossy(&done.stderr);
    let total: Option<f64> =
        said.lines().find_map(|line| line.split_once("Collected : ")?.1.parse().ok());
    match total {
        Some(total) if done.status.success() && total > 0.0 => Ok(total / REQUESTS as f64),
        _ => Err(format!("callgrind has counted nothing: {said}").into()),
    }
}

/// Prepares the work, and does it.
fn perform(work: &str, state: Option<&str>, durability: Durability) -> Result<()> {
    let folder = tempfile::tempdir_in("/dev/shm")?;
    let path = folder.path().join("disk.img");
    let options = CreateOptions { size: Some(SIZE), durability, ..CreateOptions::default() };
    let volume = Volume::create(&path, &options)?;
    let mut offsets: Vec<u64> = (0..SIZE / SMALL as u64).map(|nth| nth * SMALL as u64).collect();
    Shuffle::new(0).shuffle(&mut offsets);
    let data = [1; SMALL];
    let write_all = || offsets.iter().try_for_each(|offset| volume.write(*offset, &data));
    write_all()?;
    volume.create_shadow_copy("")?;
    if work == "rewrite" || state == Some("all overwritten") {
        write_all()?;
    }
    let mut buffer = [0; SMALL];
    // The first requests of a thread make its working space; the others find it.
    let (first, offsets) = offsets.split_at(16);
    match work {
        "first overwrite" | "rewrite" => {
            let mut write = |nth: usize| Ok(volume.write(offsets[nth], &data)?);
            first.iter().try_for_each(|offset| volume.write(*offset, &data))?;
            measured(&mut write)
        }
        "active read" => {
            volume.read(first[0], &mut buffer)?;
            measured(&mut |nth| Ok(volume.read(offsets[nth], &mut buffer)?))
        }
        "passive read" => {
            let node = Passive::open(&path, &PassiveOptions::default())?;
            let copy = node.find_newest()?.ok_or("no copy")?;
            copy.read(first[0], &mut buffer)?;
            measured(&mut |nth| Ok(copy.read(offsets[nth], &mut buffer)?))
        }
        _ => measured(&mut |_| Ok(volume.create_shadow_copy("").map(drop)?)),
    }
}

/// What callgrind counts, by this name.
#[inline(never)]
fn measured(request: &mut dyn FnMut(usize) -> Result<()>) -> Result<()> {
    (0..REQUESTS).try_for_each(request)
}
