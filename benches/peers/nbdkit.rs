//! nbdkit with its filter `cow`: what is written goes into an overlay, the file stays as it was.
//!
//! A snapshot is the file at the time when the server started; there is one. It is read as another
//! client would, through a server of its own.

use std::path::PathBuf;

use shadowvol_benches::{Plain, Result};

use crate::daemon::Daemon;
use crate::disk::Disk;
use crate::nbd::Nbd;
use crate::peer::{Age, DEPTH, Peer, Setting};

/// A server with an overlay, and one without.
pub(crate) struct Nbdkit {
    setting: Setting,
    /// The filter's block: its own default is 64 KiB.
    block: &'static str,
    live: Option<Daemon>,
    _plain: Daemon,
    _frozen: Daemon,
}

impl Nbdkit {
    pub(crate) fn new(setting: Setting, block: &'static str) -> Result<Self> {
        let axes = setting.axes;
        for name in ["disk.img", "plain.img"] {
            Plain::create(&setting.folder.join(name), axes.volume, axes.caching)?;
        }
        let plain = serve(&setting, "plain", &["file".to_owned(), file(&setting, "plain.img")])?;
        let disk = file(&setting, "disk.img");
        let frozen =
            serve(&setting, "frozen", &["--readonly".to_owned(), "file".to_owned(), disk])?;
        Ok(Self { setting, block, live: None, _plain: plain, _frozen: frozen })
    }

    fn connect(&self, name: &str) -> Result<Box<dyn Disk>> {
        Ok(Box::new(Nbd::connect(&socket(&self.setting, name), "", DEPTH)?))
    }
}

fn file(setting: &Setting, name: &str) -> String {
    setting.folder.join(name).display().to_string()
}

fn socket(setting: &Setting, name: &str) -> PathBuf {
    setting.folder.join(format!("{name}.socket"))
}

fn serve(setting: &Setting, name: &str, arguments: &[String]) -> Result<Daemon> {
    let socket = socket(setting, name);
    let mut all = vec!["--foreground".to_owned(), "--unix".to_owned()];
    all.push(socket.display().to_string());
    all.extend_from_slice(arguments);
    Daemon::start("nbdkit", &all, &socket)
}

impl Peer for Nbdkit {
    fn renew(&mut self) -> Result<()> {
        self.live = None;
        Ok(())
    }

    fn snapshot(&mut self) -> Result<()> {
        self.live = None;
        let disk = file(&self.setting, "disk.img");
        let block = format!("cow-block-size={}", self.block);
        let arguments = ["--filter=cow".to_owned(), "file".to_owned(), disk, block];
        self.live = Some(serve(&self.setting, "live", &arguments)?);
        Ok(())
    }

    fn live(&self) -> Result<Box<dyn Disk>> {
        self.connect("live")
    }

    /// There is one, so that the newest is the oldest.
    fn frozen(&self, _: Age) -> Result<Option<Box<dyn Disk>>> {
        self.connect("frozen").map(Some)
    }

    fn plain(&self) -> Result<Box<dyn Disk>> {
        self.connect("plain")
    }

    /// The server has to start anew.
    fn takes_while_written(&self) -> bool {
        false
    }

    fn has_many(&self) -> bool {
        false
    }

    fn written(&mut self) -> Result<Option<u64>> {
        let caching = self.setting.axes.caching;
        Ok(self.live.as_ref().and_then(|live| live.written(caching)))
    }
}
