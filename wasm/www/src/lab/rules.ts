/** The rules of the protocol in plain words, and what happens without them. */
import type { Rule } from 'shadowvol/sim';

export interface RuleWords {
  /** What breaking it is called on a switch. */
  readonly broken: string;
  /** What the rule says. */
  readonly says: string;
  /** Why there is damage without it. */
  readonly why: string;
}

/** The rules that have a switch; all others are in a list. */
export const SWITCHES: readonly Rule[] = [
  'ConfirmAbsence',
  'CommitBeforeOverwrite',
  'SuperblockAfterTail',
  'FreeBeforeReuse',
];

export const RULES: Readonly<Record<Rule, RuleWords>> = {
  ConfirmAbsence: {
    broken: 'Skip the re-check',
    says: 'A chunk that had no record is confirmed after it was read (R3).',
    why:
      'The reader looked into the journal, found no record, and read the volume. The writer ' +
      'preserved and overwrote the chunk in between. One more look into the journal would have ' +
      'shown the record, and the old bytes were safe in their slot all the time. Nobody looked.',
  },
  CommitBeforeOverwrite: {
    broken: 'Overwrite before commit',
    says: 'A chunk is overwritten only when its record can be seen by everybody (W3, then W4).',
    why:
      'The writer overwrote the chunk while its record was not in the journal yet. The reader did ' +
      'everything right, the re-check included: the journal had nothing to tell it.',
  },
  SuperblockAfterTail: {
    broken: 'Trust a cached absence',
    says: '“No news” counts only if the journal that was asked is still the one in force.',
    why:
      'The journal had moved to another place. The reader went on asking the old place, where no ' +
      'record can arrive any more, and took its silence for “nothing was overwritten”.',
  },
  FreeBeforeReuse: {
    broken: 'Reuse slots early',
    says: 'A slot is used again only when everybody can see that its copy was deleted.',
    why:
      'The writer deleted a copy and put other bytes into its slot before the deletion could be ' +
      'seen. For the reader the copy was alive, and its slot held something else. Here the ' +
      'checksum in the record notices: the read fails instead of lying.',
  },
  BarrierBehindRecords: {
    broken: 'Commit without a barrier',
    says: 'A commit is a barrier, not only a write.',
    why: 'The power failed, and kept the overwritten chunk but not the record of its old bytes.',
  },
  SlotChecksums: {
    broken: 'Believe slots unseen',
    says: 'A record is believed only if its slots have their checksums.',
    why: 'A record had arrived before the bytes in its slot did, and the slot was believed.',
  },
  OneCommitAtATime: {
    broken: 'Commit in any order',
    says: 'Records become visible in their order.',
    why: 'A later record was there before an earlier one; readers stop at the gap and miss it.',
  },
  LeaveBeforeReuse: {
    broken: 'Reuse the old journal early',
    says: 'The old journal’s place is free only when the superblock that leaves it is stable.',
    why: 'The power failed, and the journal in force was the one that had been written over.',
  },
  DrainBeforeCreate: {
    broken: 'Take copies amid writes',
    says: 'A creation waits for the writes under way.',
    why: 'A write was half done at the instant, so the copy holds half of it.',
  },
  FlushBeforeCreate: {
    broken: 'Take copies of unflushed bytes',
    says: 'What was written before the instant is behind a barrier when the copy exists.',
    why: 'The power failed and took writes that the copy has to hold.',
  },
  ReadBeforeConfirm: {
    broken: 'Re-check too early',
    says: 'The re-check (R3) begins when all bytes have come (R2).',
    why:
      'The reader asked the journal for news and waited for its bytes afterwards. What was ' +
      'overwritten between the two looked like what the copy holds.',
  },
  ConfirmHoles: {
    broken: 'Believe in holes',
    says: 'A hole of the volume is confirmed like bytes that were read (R3).',
    why: 'The hole was made after the instant; the copy’s bytes were in a slot all the time.',
  },
  CheckAlive: {
    broken: 'Do not ask whether the copy lives',
    says: 'After the read: is the copy still alive (R4)?',
    why: 'The copy was deleted, so nobody preserved its bytes any more; the reader did not notice.',
  },
  ReadWhatShows: {
    broken: 'Take a glance for a look',
    says: 'A short look at the journal’s end tells whether there is a record; then it is read in whole.',
    why:
      'The reader looked at so little of the journal that no record has room in it, could make nothing ' +
      'of what it saw, and took that for “nothing was overwritten”.',
  },
  PassivesNeverWrite: {
    broken: 'Let a reader write back',
    says: 'A passive node writes nothing.',
    why: 'A reader wrote what it had read, over what the active node had written since.',
  },
  FenceBeforeLoad: {
    broken: 'Load the journal before fencing',
    says: 'Whoever takes the role fences the old holder first, and loads the journal then.',
    why: 'The old holder took a copy after the journal was loaded, and the new one never knew.',
  },
  FencedStops: {
    broken: 'Go on when fenced',
    says: 'A holder that was fenced acknowledges nothing.',
    why: 'Two nodes acknowledged at once, and only one of them was right.',
  },
  NewGenerationWithRole: {
    broken: 'Go on with the old journal',
    says: 'Taking the role begins a new generation of the journal.',
    why: 'A reader kept a record that the power cut took back, and its slot was used again.',
  },
  JournalBeforeSuperblock: {
    broken: 'Name the new journal early',
    says: 'A new journal is stable before a superblock names it.',
    why: 'The power failed: the superblock names a journal that is not there.',
  },
  TwoPlacesInTurn: {
    broken: 'One place for superblocks',
    says: 'The two superblocks are written in turn.',
    why: 'The only good superblock was torn by the power cut.',
  },
  FullFails: {
    broken: 'Write although nothing fits',
    says: 'A write whose old bytes cannot be kept fails.',
    why: 'The diff area was full, so the old bytes went nowhere, and were overwritten.',
  },
  DropLast: {
    broken: 'Drop copies first',
    says: 'A copy is let go only when nothing that costs nobody anything gives room.',
    why: 'A copy was lost, though there was room to be had without that.',
  },
  BarrierBehindGrowth: {
    broken: 'Rely on growth at once',
    says: 'A diff area that has grown is flushed before anything lies in the new part.',
    why: 'The power cut took the growth back, and a record told of what lay there.',
  },
  DrainBeforeRevert: {
    broken: 'Revert amid writes',
    says: 'A revert waits for the writes under way.',
    why: 'A write from before the revert landed after it.',
  },
  PreserveBeforeSettle: {
    broken: 'Revert over newer copies',
    says: 'What a revert overwrites is preserved for newer copies.',
    why: 'The revert overwrote bytes that a newer copy needed.',
  },
  BarrierBeforeSettled: {
    broken: 'Call it settled early',
    says: 'A chunk is settled when its bytes are behind a barrier.',
    why: 'The power failed, and a chunk that was called settled was not.',
  },
  SettleBeforeOverwrite: {
    broken: 'Write what is unsettled',
    says: 'While a revert is under way, a chunk is settled before it is written.',
    why: 'A write was hidden by the copy’s bytes, or they by it.',
  },
  MarkBeforePreserve: {
    broken: 'Preserve without a mark',
    says: 'A chunk that is preserved for the first time during a revert is called settled first.',
    why: 'A written chunk looked as if the revert had still to bring it back.',
  },
  KeepRevertedTo: {
    broken: 'Delete the copy reverted to',
    says: 'The copy that the volume is being reverted to is kept.',
    why: 'The copy was deleted while the volume’s bytes were in its slots.',
  },
  AmendBeforeFinish: {
    broken: 'Finish a copy early',
    says: 'What its maker changed in a copy is behind a barrier before the copy is called finished.',
    why: 'The copy was called finished, and what was changed in it did not outlive the crash.',
  },
  FinishedForEver: {
    broken: 'Change finished copies',
    says: 'A finished copy is never changed.',
    why: 'A reader had the copy already, and then its bytes were others.',
  },
  AmendedAtOnce: {
    broken: 'See changes one by one',
    says: 'What was changed in a copy counts when it is finished, all at once.',
    why: 'A reader took some chunks from before the changes and some from behind them.',
  },
  ForgetUnfinished: {
    broken: 'Keep half-made changes',
    says: 'After a crash nothing counts that was changed in a copy which was never finished.',
    why: 'The crash came in the middle of the changes, and the copy kept half of them.',
  },
  ReleaseAlways: {
    broken: 'Hold writers for ever',
    says: 'A creation lets the writers go on, however it ends.',
    why: 'The writers wait, and nobody will ever wake them.',
  },
  GiveBackUnused: {
    broken: 'Keep unused slots',
    says: 'Slots that were taken, and that no record came to name, go back.',
    why: 'A write failed after it had taken slots. Nobody ever uses them again.',
  },
  SweepDeleted: {
    broken: 'Never sweep',
    says: 'A deletion frees the slots that no copy needs any more.',
    why: 'The copy is gone, and its slots are in use for ever.',
  },
  SweepAtRecovery: {
    broken: 'Recover what nobody needs',
    says: 'Recovery takes none of the slots for used that no copy needs.',
    why: 'The power failed behind a deletion, and nobody frees the deleted copy’s slots any more.',
  },
  FreeOldJournal: {
    broken: 'Keep old journals',
    says: 'The place of a journal that was left goes back.',
    why: 'The journal moved, and the place it had is in use for ever.',
  },
  TornTwiceIsTruth: {
    broken: 'Wait for whole superblocks',
    says: 'A superblock that is torn in the same way twice is not waited for.',
    why:
      'The writer stopped in the middle of a superblock. The reader reads it again and again, and ' +
      'the other one would have told it all.',
  },
  DecideDoubts: {
    broken: 'Wait for slots',
    says: 'A slot that is not there yet is looked at once more, and no third time.',
    why:
      'The power cut took the bytes of a slot and left its record. The reader waits for them for ' +
      'ever; the volume itself still holds them.',
  },
  NoteNews: {
    broken: 'Begin again for old news',
    says: 'A reader asks again only for what is news since it asked last.',
    why: 'The same news made the reader take the same slot again and again.',
  },
  FollowLoaded: {
    broken: 'Forget the new journal',
    says: 'A reader follows the journal that it has loaded.',
    why: 'The journal had moved. The reader loads it again and again, and never believes it.',
  },
};
