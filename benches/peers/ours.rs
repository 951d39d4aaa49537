//! A volume of ours, in this process.

use std::fs;
use std::sync::Arc;

use shadowvol_benches::{Axes, Plain, Result};
use shadowvol_host::{CreateOptions, Passive, PassiveOptions, Volume, diff_path};

use crate::disk::{Disk, Local};
use crate::peer::{Age, Peer, Setting, depth};

/// A volume, and a plain file.
pub(crate) struct Ours {
    setting: Setting,
    volume: Option<Arc<Volume>>,
}

impl Ours {
    pub(crate) fn new(setting: Setting) -> Result<Self> {
        let axes = setting.axes;
        for name in ["ours.img", "plain.img"] {
            Plain::create(&setting.folder.join(name), axes.volume, axes.caching)?;
        }
        let mut ours = Self { setting, volume: None };
        ours.renew()?;
        Ok(ours)
    }

    fn volume(&self) -> Result<&Arc<Volume>> {
        Ok(self.volume.as_ref().ok_or("it was not made")?)
    }
}

impl Peer for Ours {
    fn renew(&mut self) -> Result<()> {
        if let Some(volume) = &self.volume {
            let ids: Vec<_> = volume.shadow_copies()?.iter().map(|copy| copy.id).collect();
            return Ok(volume.delete_shadow_copies(&ids)?);
        }
        let path = self.setting.folder.join("ours.img");
        let diff = diff_path(&path);
        if diff.exists() {
            fs::remove_file(diff)?;
        }
        let Axes { durability, caching, .. } = self.setting.axes;
        let options = CreateOptions { durability, caching, ..CreateOptions::default() };
        self.volume = Some(Arc::new(Volume::create(&path, &options)?));
        Ok(())
    }

    fn snapshot(&mut self) -> Result<()> {
        Ok(self.volume()?.create_shadow_copy("").map(drop)?)
    }

    fn live(&self) -> Result<Box<dyn Disk>> {
        Ok(Box::new(Local { bytes: Arc::clone(self.volume()?), depth: depth(self.setting.axes) }))
    }

    fn frozen(&self, age: Age) -> Result<Option<Box<dyn Disk>>> {
        let caching = self.setting.axes.caching;
        let options = PassiveOptions { caching, ..PassiveOptions::default() };
        let node = Passive::open(self.setting.folder.join("ours.img"), &options)?;
        let mut copies = node.shadow_copies()?.into_iter();
        let copy = if age == Age::Newest { copies.next_back() } else { copies.next() };
        let copy = copy.ok_or("no copy")?;
        Ok(Some(Box::new(Local { bytes: copy, depth: depth(self.setting.axes) })))
    }

    fn plain(&self) -> Result<Box<dyn Disk>> {
        let (path, axes) = (self.setting.folder.join("plain.img"), self.setting.axes);
        Ok(Box::new(Local { bytes: Plain::open(&path, axes.caching)?, depth: depth(axes) }))
    }

    fn written(&mut self) -> Result<Option<u64>> {
        let stats = self.volume()?.stats();
        Ok(Some(stats.written_bytes + stats.preserved_bytes + stats.journal_bytes))
    }
}
