//! QEMU's way of backing up a live disk: a filter copies before it writes, and another node shows the
//! disk as it was ("fleecing").
//!
//! A disk has one such snapshot at a time: another one takes its place.

use core::time::Duration;
use std::fs::{self, File};
use std::thread;
use std::time::Instant;

use serde_json::json;
use shadowvol_benches::{Plain, Result};

use crate::disk::Disk;
use crate::peer::{Age, Peer, Setting};
use crate::qemu::{Qemu, file};

const PATIENCE: Duration = Duration::from_secs(5);

/// A disk in a raw file.
pub(crate) struct Fleece {
    setting: Setting,
    qemu: Qemu,
    /// Of the snapshot that there is.
    number: Option<usize>,
    taken: usize,
}

impl Fleece {
    pub(crate) fn new(setting: Setting) -> Result<Self> {
        let axes = setting.axes;
        Plain::create(&setting.folder.join("disk.img"), axes.volume, axes.caching)?;
        let mut disk = file(&setting, "disk.img");
        disk["node-name"] = "disk".into();
        let top = json!({ "driver": "raw", "node-name": "top", "file": "disk" });
        let qemu = Qemu::start(&setting, &[disk, top])?;
        Ok(Self { setting, qemu, number: None, taken: 0 })
    }

    /// A node is in use until its export's connections have ended, which takes a moment.
    fn remove(&mut self, node: &str) -> Result<()> {
        let begun = Instant::now();
        loop {
            match self.qemu.qmp.order("blockdev-del", json!({ "node-name": node })) {
                Err(_) if begun.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(1)),
                done => return done.map(drop),
            }
        }
    }

    /// What the exported node reads and writes from now on.
    fn put_below_top(&mut self, node: &str) -> Result<()> {
        let top = json!({ "driver": "raw", "node-name": "top", "file": node });
        self.qemu.qmp.order("blockdev-reopen", json!({ "options": [top] })).map(drop)
    }
}

impl Peer for Fleece {
    fn renew(&mut self) -> Result<()> {
        let Some(number) = self.number.take() else { return Ok(()) };
        let export = json!({ "id": format!("frozen{number}"), "mode": "hard" });
        self.qemu.qmp.order("block-export-del", export)?;
        // While somebody looks through it, the filter lets nobody else write.
        self.remove(&format!("view{number}"))?;
        self.put_below_top("disk")?;
        self.remove(&format!("filter{number}"))?;
        self.remove(&format!("old{number}"))?;
        Ok(fs::remove_file(self.setting.folder.join(format!("old{number}")))?)
    }

    fn snapshot(&mut self) -> Result<()> {
        self.renew()?;
        self.taken += 1;
        let number = self.taken;
        let [old, filter, view] = ["old", "filter", "view"].map(|kind| format!("{kind}{number}"));
        File::create(self.setting.folder.join(&old))?.set_len(self.setting.axes.volume)?;
        let mut target = file(&self.setting, &old);
        target["node-name"] = old.clone().into();
        let filter_node = json!({
            "driver": "copy-before-write", "node-name": filter, "file": "disk", "target": old,
        });
        let view_node = json!({ "driver": "snapshot-access", "node-name": view, "file": filter });
        self.qemu.qmp.order("blockdev-add", target)?;
        self.qemu.qmp.order("blockdev-add", filter_node)?;
        self.put_below_top(&filter)?;
        self.qemu.qmp.order("blockdev-add", view_node)?;
        self.qemu.export(&format!("frozen{number}"), &view)?;
        self.number = Some(number);
        Ok(())
    }

    fn live(&self) -> Result<Box<dyn Disk>> {
        self.qemu.connect("live")
    }

    /// There is one, so that the newest is the oldest.
    fn frozen(&self, _: Age) -> Result<Option<Box<dyn Disk>>> {
        let number = self.number.ok_or("no snapshot")?;
        self.qemu.connect(&format!("frozen{number}")).map(Some)
    }

    fn plain(&self) -> Result<Box<dyn Disk>> {
        self.qemu.connect("plain")
    }

    fn has_many(&self) -> bool {
        false
    }

    fn written(&mut self) -> Result<Option<u64>> {
        Ok(self.qemu.written())
    }
}
