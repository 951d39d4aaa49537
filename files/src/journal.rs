//! Which blocks have newer bytes in the journal: it is replayed in memory.
//!
//! The journal (JBD2) is a ring of blocks behind its superblock, with numbers whose first byte is
//! the highest. A transaction is *descriptors*, each followed by the new bytes of the blocks that it
//! names; *revocations*, which name blocks whose bytes in this transaction and in all before it do
//! not count, because they were freed; and a *commit*, without which the whole transaction does not
//! count. It ends where a block has not the number of the transaction whose turn it is.

mod log;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use shadowvol::backend::ReadAt;

use self::log::{Checksums, Log};
use crate::bytes::{be16, be32, joined};
use crate::error::{Error, Part, Problem};
use crate::inode::Inode;
use crate::reader::Reader;

pub(crate) const MAGIC: u32 = 0xc03b_3998;
/// Bytes of what each block but those of other blocks' bytes begins with.
const HEAD: usize = 12;

const DESCRIPTOR: u32 = 1;
const COMMIT: u32 = 2;
const REVOCATION: u32 = 5;

const ESCAPED: u32 = 1;
const SAME_UUID: u32 = 2;
const LAST: u32 = 8;

/// What the journal has that has not reached its place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replayed {
    newer: BTreeMap<u64, Newer>,
    checksums: Checksums,
}

/// A block's bytes in the journal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Newer {
    /// The block that they are in.
    pub(crate) place: u64,
    /// Whether they began as the journal's own blocks do, which is hidden there.
    pub(crate) is_escaped: bool,
    transaction: u32,
    checksum: u32,
}

/// What one transaction says.
#[derive(Default)]
struct Transaction {
    newer: Vec<(u64, Newer)>,
    revoked: Vec<u64>,
}

impl Replayed {
    /// Replays the journal with this inode.
    pub(crate) fn of<S: ReadAt>(
        reader: &Reader<'_, S>,
        inode: &Inode,
    ) -> Result<Self, Error<S::Error>> {
        let Some(mut log) = Log::open(reader, inode)? else { return Ok(Self::default()) };
        let mut newer = Vec::new();
        // The last transaction that revoked a block.
        let mut revoked = BTreeMap::new();
        while let Some(transaction) = next_transaction(&mut log)? {
            newer.extend(transaction.newer);
            revoked.extend(transaction.revoked.into_iter().map(|block| (block, log.transaction)));
            log.transaction = log.transaction.wrapping_add(1);
        }
        // A later one counts more than an earlier one, and is inserted later.
        newer.retain(|(block, newer): &(u64, Newer)| {
            // Numbers begin again behind the largest.
            let is_after = |other: u32| newer.transaction.wrapping_sub(other) as i32 > 0;
            revoked.get(block).is_none_or(|&other| is_after(other))
        });
        Ok(Self { newer: newer.into_iter().collect(), checksums: log.checksums })
    }

    pub(crate) fn len(&self) -> usize {
        self.newer.len()
    }

    /// A block's newer bytes.
    pub(crate) fn newer(&self, block: u64) -> Option<Newer> {
        self.newer.get(&block).copied()
    }

    /// The first of so many blocks that has newer bytes.
    pub(crate) fn first_newer(&self, block: u64, blocks: u64) -> Option<(u64, Newer)> {
        let mut range = self.newer.range(block..block.saturating_add(blocks));
        range.next().map(|(&block, &newer)| (block, newer))
    }

    /// Checks bytes that were read from the journal, and makes them what they were.
    pub(crate) fn check(&self, newer: Newer, bytes: &mut [u8]) -> Result<(), Problem> {
        if !self.checksums.is_right(newer.transaction, newer.checksum, bytes) {
            return Err(Part::Journal.damaged(newer.place));
        }
        if let Some(first) = bytes.first_chunk_mut().filter(|_| newer.is_escaped) {
            *first = MAGIC.to_be_bytes();
        }
        Ok(())
    }
}

/// Reads a transaction; none if its end is not there.
fn next_transaction<S: ReadAt>(
    log: &mut Log<'_, '_, S>,
) -> Result<Option<Transaction>, Error<S::Error>> {
    let mut told = Transaction::default();
    loop {
        let Some(block) = log.next_block()? else { return Ok(None) };
        match be32(&block, 4) {
            DESCRIPTOR if log.checksums.is_end_right(&block) => {
                read_tags(log, &block, &mut told)?;
            }
            REVOCATION if log.checksums.is_end_right(&block) => {
                read_revoked(log, &block, &mut told);
            }
            COMMIT if log.checksums.is_commit_right(&block) => return Ok(Some(told)),
            // Torn: the power was cut while it was being written. Or it was damaged later.
            _ if log.has_commit()? => return Err(Part::Journal.damaged(log.transaction).into()),
            _ => return Ok(None),
        }
    }
}

/// Reads which blocks the blocks behind a descriptor are.
fn read_tags<S: ReadAt>(
    log: &mut Log<'_, '_, S>,
    block: &[u8],
    told: &mut Transaction,
) -> Result<(), Error<S::Error>> {
    let length = log.tag_bytes();
    let mut at = HEAD;
    while at + length <= block.len() - log.checksums.end_bytes() {
        let tag = &block[at..at + length];
        let (flags, checksum, high) = match log.checksums {
            Checksums::Whole { .. } => (be32(tag, 4), be32(tag, 12), be32(tag, 8)),
            _ => (be16(tag, 6).into(), be16(tag, 4).into(), be32(tag, 8)),
        };
        let newer = Newer {
            place: log.skip_block()?,
            is_escaped: flags & ESCAPED != 0,
            transaction: log.transaction,
            checksum,
        };
        told.newer.push((joined(if log.is_wide { high } else { 0 }, be32(tag, 0)), newer));
        if flags & LAST != 0 {
            break;
        }
        at += length + if flags & SAME_UUID == 0 { 16 } else { 0 };
    }
    Ok(())
}

fn read_revoked<S: ReadAt>(log: &Log<'_, '_, S>, block: &[u8], told: &mut Transaction) {
    let used = (be32(block, HEAD) as usize).min(block.len() - log.checksums.end_bytes());
    let numbers = block.get(HEAD + 4..used).unwrap_or_default();
    if log.is_wide {
        let wide = numbers.chunks_exact(8).map(|number| joined(be32(number, 0), be32(number, 4)));
        told.revoked.extend(wide);
    } else {
        told.revoked.extend(numbers.chunks_exact(4).map(|number| u64::from(be32(number, 0))));
    }
}
