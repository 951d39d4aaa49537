//! QEMU's storage daemon, with a disk that it exports and a plain one.

use std::path::PathBuf;

use serde_json::{Value, json};
use shadowvol_benches::{Plain, Result};
use shadowvol_host::Caching;

use crate::daemon::Daemon;
use crate::disk::Disk;
use crate::nbd::Nbd;
use crate::peer::{DEPTH, Setting};
use crate::qmp::Qmp;

/// How often one is started. A monitor that is spoken to as soon as it listens may never answer.
const TRIES: usize = 3;

/// A daemon that exports the node `live`, of which snapshots are taken, and `plain`.
pub(crate) struct Qemu {
    pub(crate) qmp: Qmp,
    setting: Setting,
    daemon: Daemon,
}

impl Qemu {
    /// Starts one with these nodes, and exports the last of them under the name `live`.
    pub(crate) fn start(setting: &Setting, nodes: &[Value]) -> Result<Self> {
        let path = |name: &str| setting.folder.join(name);
        if !path("plain.img").exists() {
            Plain::create(&path("plain.img"), setting.axes.volume, setting.axes.caching)?;
        }
        let (monitor, nbd) = (path("monitor"), path("nbd"));
        let mut arguments = Vec::new();
        let mut add = |option: &str, value: String| {
            arguments.extend([option.to_owned(), value]);
        };
        let plain =
            json!({ "driver": "raw", "node-name": "plain", "file": file(setting, "plain.img") });
        for node in nodes.iter().chain([&plain]) {
            add("--blockdev", node.to_string());
        }
        let last = nodes.last().and_then(|node| node["node-name"].as_str()).ok_or("no node")?;
        add("--nbd-server", format!("addr.type=unix,addr.path={}", nbd.display()));
        for (name, node) in [("live", last), ("plain", "plain")] {
            let export = format!("type=nbd,id={name},node-name={node},name={name},writable=on");
            add("--export", export);
        }
        let socket = format!("socket,path={},server=on,wait=off,id=qmp", monitor.display());
        add("--chardev", socket);
        add("--monitor", "chardev=qmp".to_owned());
        let mut tries = 1;
        loop {
            let daemon = Daemon::start("qemu-storage-daemon", &arguments, &monitor)?;
            match Qmp::connect(&monitor) {
                Ok(qmp) => return Ok(Self { qmp, setting: setting.clone(), daemon }),
                Err(_) if tries < TRIES => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Connects to an export.
    pub(crate) fn connect(&self, export: &str) -> Result<Box<dyn Disk>> {
        Ok(Box::new(Nbd::connect(&self.setting.folder.join("nbd"), export, DEPTH)?))
    }

    /// Exports a node, to be read.
    pub(crate) fn export(&mut self, name: &str, node: &str) -> Result<()> {
        let export = json!({ "type": "nbd", "id": name, "node-name": node, "name": name });
        self.qmp.order("block-export-add", export).map(drop)
    }

    /// Bytes that the daemon has written.
    pub(crate) fn written(&self) -> Option<u64> {
        self.daemon.written(self.setting.axes.caching)
    }
}

/// A file as a node without a name of its own.
pub(crate) fn file(setting: &Setting, name: &str) -> Value {
    let path: PathBuf = setting.folder.join(name);
    let mut node = json!({ "driver": "file", "filename": path });
    if setting.axes.caching == Caching::Direct {
        node["cache"] = json!({ "direct": true });
        node["aio"] = "native".into();
    }
    node
}
