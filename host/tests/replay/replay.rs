//! Crashing a recording at many places, and looking at what is left.

use core::panic::AssertUnwindSafe;
use std::panic::{catch_unwind, resume_unwind};

use shadowvol_host::{OpenOptions, Passive, Volume};

use super::crashes::{Point, crashes, draw, points};
use super::front::{Crash, Front};
use super::image::Image;
use super::load::{Load, Recording};
use super::log::{Effect, Pen};
use super::oracle::Oracle;
use super::random::{Random, is_long};
use super::recorder::{Pace, record};
use super::records::tell;
use super::recovery::{Scene, recover};

/// Images of a recording in the short form, about.
const IMAGES: usize = 900;
/// Recordings of each load in the long form.
const SEEDS: u64 = 3;
/// How often a recovery is crashed in turn.
const NESTED: usize = 2;

/// Records a load and crashes it.
pub(crate) fn replay(name: &str, load: Load) {
    for seed in 0..if is_long() { SEEDS } else { 1 } {
        let recording = load.run(seed);
        let oracle = Oracle::new(&recording);
        assert!(oracle.copies.len() > 8, "{name}: only {} copies", oracle.copies.len());
        let mut replay = Replay { oracle, recording: &recording, random: Random(seed), images: 0 };
        replay.run(&format!("{name}, seed {seed}"));
        println!(
            "{name}, seed {seed}: {} operations, {} copies, {} images",
            recording.log.operations.len(),
            replay.oracle.copies.len(),
            replay.images
        );
    }
}

struct Replay<'a> {
    oracle: Oracle<'a>,
    recording: &'a Recording,
    random: Random,
    images: usize,
}

impl Replay<'_> {
    fn run(&mut self, what: &str) {
        let recording = self.recording;
        let durability = recording.load.durability;
        let mut front = Front::new(&recording.log, &recording.before, durability);
        let points = points(&recording.log, durability);
        for point in &points {
            let (chance, most) = self.share(*point, points.len());
            if self.random.below(1000) >= chance {
                continue;
            }
            front.advance(point.time);
            let bounds = self.oracle.volume_at(point.time);
            let mut found = crashes(&front, *point, &mut self.random);
            while found.len() > most {
                let nth = self.random.below(found.len() as u64) as usize;
                found.swap_remove(nth);
            }
            for crash in found {
                let (image, survivor) = self.image(&front, &crash);
                let scene = Scene { oracle: &self.oracle, bounds: &bounds, time: point.time };
                let thorough = self.random.below(4) == 0;
                let mut random = Random(self.random.next());
                let done = catch_unwind(AssertUnwindSafe(|| {
                    if thorough {
                        self.images += again(&scene, &image, NESTED, &mut random);
                    }
                    recover(&scene, &image, survivor, thorough.then_some(&mut random));
                }));
                self.images += 1;
                if let Err(panic) = done {
                    eprintln!("{what}: {}", self.describe(&crash));
                    resume_unwind(panic);
                }
            }
        }
    }

    /// How many of a thousand such points are tried, and with how many images.
    fn share(&self, point: Point, points: usize) -> (u64, usize) {
        match (is_long(), point.is_epoch) {
            (true, _) => (1000, usize::MAX),
            (false, true) => (1000, 1.max(IMAGES * 3 / points)),
            (false, false) => (250, 1),
        }
    }

    /// The media after a crash; sometimes with a node that has read them before, and lives on.
    fn image(&mut self, front: &Front<'_>, crash: &Crash) -> (Image, Option<Passive>) {
        let image = front.image(crash);
        if self.random.below(4) > 0 {
            return (image, None);
        }
        let seen = front.visible();
        let node = Passive::open_on(seen.media().read_only()).expect("a node");
        self.oracle.copies_hold(&node, crash.time);
        seen.become_like(&image);
        (seen, Some(node))
    }

    /// What a person needs to follow a crash.
    fn describe(&self, crash: &Crash) -> String {
        let log = &self.recording.log;
        let mut lines = vec![format!("a crash at {} of {}", crash.time, log.end)];
        let recent = crash.time.saturating_sub(300);
        for (nth, one) in log.operations.iter().enumerate() {
            let fate = crash.fates.iter().find(|(other, _)| *other == nth);
            if one.begun < crash.time && (fate.is_some() || one.begun > recent) {
                let bytes = match &one.effect {
                    Effect::Write { data, .. } => tell(data, self.oracle.seed),
                    _ => String::new(),
                };
                let fate = match fate {
                    Some((_, fate)) => format!("{fate:?}"),
                    None if one.ended < crash.time => "done".to_owned(),
                    None => "under way".to_owned(),
                };
                lines.push(format!("  {one}: {fate}{bytes}"));
            }
        }
        for (time, told) in &log.told {
            if (recent..crash.time).contains(time) {
                lines.push(format!("  {time}: told {told:?}"));
            }
        }
        lines.join("\n")
    }
}

/// Crashes the recovery from an image at random, and the recovery from that; returns how many images
/// that made.
fn again(scene: &Scene<'_>, image: &Image, nested: usize, random: &mut Random) -> usize {
    let pen = Pen::default();
    let media = image.duplicate();
    let volume = Volume::open_on(record(&media, &pen, Pace::Swift), &OpenOptions::default());
    volume.expect("the role").close().expect("a close");
    let log = pen.finish();
    let time = 1 + random.below(log.end as u64) as usize;
    let mut front = Front::new(&log, image, scene.oracle.durability());
    front.advance(time);
    let (diff, origin) = front.loose();
    assert!(origin.is_empty(), "recovery overwrites nothing");
    let image = front.image(&draw(&log, time, &diff, &origin, random));
    let deeper = if nested > 1 { again(scene, &image, nested - 1, random) } else { 0 };
    recover(scene, &image, None, None);
    deeper + 1
}
