//! A client of network block devices, with many requests under way: only what is needed here, so
//! that peers are measured by the same clock and the same requests as we are.
//!
//! The protocol is described in `doc/proto.md` of the repository NetworkBlockDevice/nbd.

use core::time::Duration;
use std::collections::HashMap;
use std::io::{BufReader, IoSlice, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Instant;

use hdrhistogram::Histogram;
use shadowvol_benches::{Result, note};

use crate::daemon::connect;
use crate::disk::{Disk, Kind, Requests};

const FIXED_NEWSTYLE: u16 = 1;
const NO_ZEROES: u16 = 2;
const OPTION: &[u8; 8] = b"IHAVEOPT";
const EXPORT_NAME: u32 = 1;
const REQUEST: u32 = 0x2560_9513;
const REPLY: u32 = 0x6744_6698;
const READ: u16 = 0;
const WRITE: u16 = 1;
const DISCONNECT: u16 = 2;
const FLUSH: u16 = 3;

/// A connection.
pub(crate) struct Nbd {
    requests: UnixStream,
    replies: BufReader<UnixStream>,
    depth: usize,
}

impl Nbd {
    /// Connects to an export; so many requests will be under way at a time.
    pub(crate) fn connect(socket: &Path, export: &str, depth: usize) -> Result<Self> {
        let requests = connect(socket)?;
        let replies = BufReader::with_capacity(1 << 16, requests.try_clone()?);
        let mut nbd = Self { requests, replies, depth };
        nbd.negotiate(export)?;
        Ok(nbd)
    }

    fn negotiate(&mut self, export: &str) -> Result<()> {
        let (magic, option): ([u8; 8], [u8; 8]) = (self.take()?, self.take()?);
        if &magic != b"NBDMAGIC" || &option != OPTION {
            return Err("this is no NBD server".into());
        }
        let offered = u16::from_be_bytes(self.take()?);
        let flags = offered & (FIXED_NEWSTYLE | NO_ZEROES);
        let mut message = u32::from(flags).to_be_bytes().to_vec();
        message.extend(OPTION);
        message.extend(EXPORT_NAME.to_be_bytes());
        message.extend((export.len() as u32).to_be_bytes());
        message.extend(export.as_bytes());
        self.requests.write_all(&message)?;
        // Size and flags; a server without this export hangs up instead.
        let _: [u8; 10] = self.take()?;
        if flags & NO_ZEROES == 0 {
            let _: [u8; 124] = self.take()?;
        }
        Ok(())
    }

    fn send(
        &mut self,
        kind: u16,
        cookie: u64,
        offset: u64,
        length: u32,
        data: &[u8],
    ) -> Result<()> {
        let mut head = [0; 28];
        head[..4].copy_from_slice(&REQUEST.to_be_bytes());
        head[6..8].copy_from_slice(&kind.to_be_bytes());
        head[8..16].copy_from_slice(&cookie.to_be_bytes());
        head[16..24].copy_from_slice(&offset.to_be_bytes());
        head[24..].copy_from_slice(&length.to_be_bytes());
        let sent = self.requests.write_vectored(&[IoSlice::new(&head), IoSlice::new(data)])?;
        if sent < head.len() {
            self.requests.write_all(&head[sent..])?;
        }
        Ok(self.requests.write_all(&data[sent.saturating_sub(head.len())..])?)
    }

    /// Takes a reply; `data` is filled if the request was one to read.
    fn receive(&mut self, data: &mut [u8]) -> Result<u64> {
        let magic = u32::from_be_bytes(self.take()?);
        let error = u32::from_be_bytes(self.take()?);
        let cookie = u64::from_be_bytes(self.take()?);
        if magic != REPLY || error != 0 {
            return Err(format!("the NBD server has answered with error {error}").into());
        }
        self.replies.read_exact(data)?;
        Ok(cookie)
    }

    fn take<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH]> {
        let mut bytes = [0; LENGTH];
        self.replies.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

impl Disk for Nbd {
    fn at_once(
        &mut self,
        requests: Requests<'_>,
        latencies: &mut Histogram<u64>,
    ) -> Result<Duration> {
        let Requests { kind, offsets, length, .. } = requests;
        let mut buffer = vec![0xa5; length];
        let mut under_way = HashMap::with_capacity(self.depth);
        let begun = Instant::now();
        let (mut sent, mut done) = (0, 0);
        while done < offsets.len() {
            while sent < offsets.len() && under_way.len() < self.depth {
                under_way.insert(sent as u64, Instant::now());
                let (kind, data) = match kind {
                    Kind::Read => (READ, &[][..]),
                    Kind::Write => (WRITE, &buffer[..]),
                };
                self.send(kind, sent as u64, offsets[sent], length as u32, data)?;
                sent += 1;
            }
            let filled = if kind == Kind::Read { length } else { 0 };
            let cookie = self.receive(&mut buffer[..filled])?;
            let since = under_way.remove(&cookie).ok_or("a reply to no request")?;
            note(latencies, since.elapsed());
            done += 1;
        }
        Ok(begun.elapsed())
    }

    fn flush(&mut self) -> Result<()> {
        self.send(FLUSH, 0, 0, 0, &[])?;
        self.receive(&mut []).map(drop)
    }
}

impl Drop for Nbd {
    fn drop(&mut self) {
        // The server may be gone already.
        let _ = self.send(DISCONNECT, 0, 0, 0, &[]);
    }
}
