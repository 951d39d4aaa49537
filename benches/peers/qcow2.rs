//! QEMU's images: snapshots inside of one, and outside, as a chain of them.

use std::fs;

use serde_json::json;
use shadowvol_benches::{Plain, Result};

use crate::daemon::run;
use crate::disk::Disk;
use crate::peer::{Age, Peer, Setting};
use crate::qemu::{Qemu, file};

/// Snapshots inside of an image; nobody can read one while the image is written to.
pub(crate) struct Internal {
    setting: Setting,
    qemu: Option<Qemu>,
    taken: usize,
}

impl Internal {
    pub(crate) fn new(setting: Setting) -> Result<Self> {
        let path = |name: &str| setting.folder.join(name).display().to_string();
        let raw = setting.folder.join("raw.img");
        Plain::create(&raw, setting.axes.volume, setting.axes.caching)?;
        run("qemu-img", &["convert", "-O", "qcow2", &path("raw.img"), &path("pristine.qcow2")])?;
        fs::remove_file(raw)?;
        let mut internal = Self { setting, qemu: None, taken: 0 };
        internal.renew()?;
        Ok(internal)
    }

    fn qemu(&mut self) -> Result<&mut Qemu> {
        Ok(self.qemu.as_mut().ok_or("QEMU was not started")?)
    }
}

impl Peer for Internal {
    /// From an image without snapshots, because what one has allocated it keeps.
    fn renew(&mut self) -> Result<()> {
        self.qemu = None;
        let path = |name: &str| self.setting.folder.join(name);
        fs::copy(path("pristine.qcow2"), path("disk.qcow2"))?;
        let disk = file(&self.setting, "disk.qcow2");
        let node = json!({ "driver": "qcow2", "node-name": "image", "file": disk });
        self.qemu = Some(Qemu::start(&self.setting, &[node])?);
        Ok(())
    }

    fn snapshot(&mut self) -> Result<()> {
        self.taken += 1;
        let order = json!({ "device": "image", "name": format!("snapshot{}", self.taken) });
        self.qemu()?.qmp.order("blockdev-snapshot-internal-sync", order).map(drop)
    }

    fn live(&self) -> Result<Box<dyn Disk>> {
        self.qemu.as_ref().ok_or("QEMU was not started")?.connect("live")
    }

    fn frozen(&self, _: Age) -> Result<Option<Box<dyn Disk>>> {
        Ok(None)
    }

    fn plain(&self) -> Result<Box<dyn Disk>> {
        self.qemu.as_ref().ok_or("QEMU was not started")?.connect("plain")
    }

    fn written(&mut self) -> Result<Option<u64>> {
        Ok(self.qemu()?.written())
    }
}

/// Snapshots outside: the image that was written to becomes read only, and a new one on top of it takes
/// what is written.
pub(crate) struct External {
    setting: Setting,
    qemu: Option<Qemu>,
    /// Images on top of the first one, which is raw.
    chain: usize,
}

impl External {
    pub(crate) fn new(setting: Setting) -> Result<Self> {
        let axes = setting.axes;
        Plain::create(&setting.folder.join("disk.img"), axes.volume, axes.caching)?;
        let mut external = Self { setting, qemu: None, chain: 0 };
        external.renew()?;
        Ok(external)
    }

    fn qemu(&mut self) -> Result<&mut Qemu> {
        Ok(self.qemu.as_mut().ok_or("QEMU was not started")?)
    }

    fn overlay(&self, number: usize) -> std::path::PathBuf {
        self.setting.folder.join(format!("{}.qcow2", layer(number)))
    }
}

fn layer(number: usize) -> String {
    format!("layer{number}")
}

impl Peer for External {
    fn renew(&mut self) -> Result<()> {
        self.qemu = None;
        for number in 1..=self.chain {
            fs::remove_file(self.overlay(number))?;
        }
        self.chain = 0;
        let disk = file(&self.setting, "disk.img");
        let node = json!({ "driver": "raw", "node-name": layer(0), "file": disk });
        self.qemu = Some(Qemu::start(&self.setting, &[node])?);
        Ok(())
    }

    fn snapshot(&mut self) -> Result<()> {
        let (below, top) = (layer(self.chain), layer(self.chain + 1));
        let order = json!({
            "node-name": below, "snapshot-file": self.overlay(self.chain + 1),
            "snapshot-node-name": top, "format": "qcow2",
        });
        self.qemu()?.qmp.order("blockdev-snapshot-sync", order)?;
        self.qemu()?.export(&format!("frozen-{below}"), &below)?;
        self.chain += 1;
        Ok(())
    }

    fn live(&self) -> Result<Box<dyn Disk>> {
        self.qemu.as_ref().ok_or("QEMU was not started")?.connect("live")
    }

    fn frozen(&self, age: Age) -> Result<Option<Box<dyn Disk>>> {
        let number = if age == Age::Newest { self.chain - 1 } else { 0 };
        let export = format!("frozen-{}", layer(number));
        self.qemu.as_ref().ok_or("QEMU was not started")?.connect(&export).map(Some)
    }

    fn plain(&self) -> Result<Box<dyn Disk>> {
        self.qemu.as_ref().ok_or("QEMU was not started")?.connect("plain")
    }

    fn written(&mut self) -> Result<Option<u64>> {
        Ok(self.qemu()?.written())
    }
}
