//! Crashing a recording at many places, and looking at what is left.

use shadowvol_host::{OpenOptions, Passive, Volume};

use super::crashes::{Point, crashes, draw, points, shrunk};
use super::front::{Crash, Front};
use super::image::Image;
use super::load::{COPIES, Load, Recording};
use super::log::Pen;
use super::oracle::Oracle;
use super::random::{Random, is_long};
use super::recorder::{Pace, record};
use super::recovery::{Scene, recover};
use super::story::{story, witness};

/// Images of a recording in the short form, about.
const IMAGES: usize = 900;
/// Recordings of each load in the long form.
const SEEDS: u64 = 3;
/// How often a recovery is crashed in turn.
const NESTED: usize = 2;

/// Records a load and crashes it.
pub(crate) fn replay(name: &str, load: Load) {
    for seed in 0..if is_long() { SEEDS } else { 1 } {
        let copies = crash(&format!("{name}, seed {seed}"), &load.run(seed), Random(seed));
        assert!(copies >= 2 * COPIES, "{name}: only {copies} copies");
    }
}

/// Crashes a recording; returns how many copies are in it.
pub(crate) fn crash(what: &str, recording: &Recording, random: Random) -> usize {
    let mut replay = Replay { oracle: Oracle::new(recording), recording, random, images: 0 };
    replay.run(what);
    let (operations, copies) = (recording.log.operations.len(), replay.oracle.copies.len());
    println!("{what}: {operations} operations, {copies} copies, {} images", replay.images);
    copies
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
            front.advance(point.time);
            let mut found = Vec::new();
            if self.random.below(1000) < chance {
                found = crashes(&front, *point, &mut self.random);
            }
            while found.len() > most {
                let nth = self.random.below(found.len() as u64) as usize;
                found.swap_remove(nth);
            }
            // Growth is rare, and so never left to the draw.
            found.extend(shrunk(&front, point.time));
            if found.is_empty() {
                continue;
            }
            let bounds = self.oracle.volume_at(point.time);
            for crash in found {
                let scene = Scene { oracle: &self.oracle, bounds: &bounds, time: point.time };
                let mut random = Random(self.random.next());
                let story =
                    || format!("{what}: {}", story(&recording.log, &crash, self.oracle.seed));
                self.images += witness(story, || try_one(&scene, &front, &crash, &mut random));
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
}

/// Recovers from a crash; one time in four the volume is then used, and the recovery crashed.
/// Returns how many images that made.
fn try_one(scene: &Scene<'_>, front: &Front<'_>, crash: &Crash, random: &mut Random) -> usize {
    let (image, survivor) = left_by(scene, front, crash, random);
    if random.below(4) > 0 {
        recover(scene, &image, survivor, None);
        return 1;
    }
    let images = again(scene, &image, NESTED, random);
    recover(scene, &image, survivor, Some(random));
    images + 1
}

/// The media after a crash; sometimes with a node that has read them before, and lives on.
fn left_by(
    scene: &Scene<'_>,
    front: &Front<'_>,
    crash: &Crash,
    random: &mut Random,
) -> (Image, Option<Passive>) {
    let image = front.image(crash);
    if random.below(4) > 0 {
        return (image, None);
    }
    let seen = front.visible();
    let node = Passive::open_on(seen.media().read_only()).expect("a node");
    scene.oracle.copies_hold(&node, crash.time);
    seen.become_like(&image);
    (seen, Some(node))
}

/// Crashes the recovery from an image at random, and the recovery from that; returns how many
/// images that made.
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
    let crash = draw(&log, time, &diff, &origin, random);
    let story = || format!("in the recovery, {}", story(&log, &crash, scene.oracle.seed));
    witness(story, || {
        let image = front.image(&crash);
        let deeper = if nested > 1 { again(scene, &image, nested - 1, random) } else { 0 };
        recover(scene, &image, None, None);
        deeper + 1
    })
}
