//! A participant in a set: the call under way, and what must still be undone.

use super::call::{Action, Call, CallNumber};
use super::outcome::Reason;
use super::plan::Invitation;
use super::time::Time;

/// A participant in a set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Seat {
    pub(super) invitation: Invitation,
    calls: CallNumber,
    pending: Option<Pending>,
    /// A prepare or freeze that was given up. Its late answer means that the participant may just
    /// have become frozen, whatever it was told meanwhile.
    overdue: Option<CallNumber>,
    /// Why it does not take part any more.
    pub(super) left_out: Option<Reason>,
    pub(super) complaint: Option<Reason>,
    /// It is told to abort when the call under way has ended or was given up: a participant that
    /// answers is never called while another of its calls is running.
    pub(super) abort_next: bool,
    pub(super) saw_prepare: bool,
    pub(super) saw_abort: bool,
    /// Since when it is to be frozen; nothing once it was told to thaw or abort.
    pub(super) frozen_since: Option<Time>,
    /// It was told to freeze, and has not answered since that it goes on.
    pub(super) maybe_frozen: bool,
    /// It has let a deadline pass, and not answered since.
    pub(super) is_silent: bool,
}

/// A call under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Pending {
    number: CallNumber,
    call: Call,
    until: Time,
}

impl Seat {
    pub(super) fn new(invitation: Invitation) -> Self {
        Self {
            invitation,
            calls: CallNumber::default(),
            pending: None,
            overdue: None,
            left_out: None,
            complaint: None,
            abort_next: false,
            saw_prepare: false,
            saw_abort: false,
            frozen_since: None,
            maybe_frozen: false,
            is_silent: false,
        }
    }

    /// Whether it takes part.
    pub(super) fn is_in(&self) -> bool {
        self.left_out.is_none()
    }

    /// The call that it has not answered.
    pub(super) fn pending(&self) -> Option<Call> {
        self.pending.map(|pending| pending.call)
    }

    /// When the call under way is given up.
    pub(super) fn until(&self) -> Option<Time> {
        self.pending.map(|pending| pending.until)
    }

    /// When it has been frozen for too long.
    pub(super) fn frozen_until(&self) -> Option<Time> {
        self.frozen_since.map(|since| since + self.invitation.deadlines.frozen)
    }

    /// All moments that it remembers.
    #[cfg(feature = "sim")]
    pub(super) fn times(&mut self) -> impl Iterator<Item = &mut Time> {
        let until = self.pending.iter_mut().map(|pending| &mut pending.until);
        until.chain(&mut self.frozen_since)
    }

    /// Makes a call.
    pub(super) fn call(&mut self, participant: usize, call: Call, now: Time) -> Action {
        self.calls.0 += 1;
        let number = self.calls;
        let mut until = now + self.invitation.deadlines.of(call);
        match call {
            Call::Prepare => self.saw_prepare = true,
            Call::Freeze => {
                self.frozen_since = Some(now);
                self.maybe_frozen = true;
                until = until.min(now + self.invitation.deadlines.frozen);
            }
            Call::Thaw => self.frozen_since = None,
            Call::Abort => {
                self.frozen_since = None;
                self.saw_abort = true;
                self.abort_next = false;
            }
            Call::PostSnapshot | Call::BackupComplete { .. } | Call::Shutdown => {}
        }
        self.pending = Some(Pending { number, call, until });
        Action::Call { participant, number, call }
    }

    /// The call that an answer ends; nothing if it was given up before, or was answered before.
    pub(super) fn end(&mut self, number: CallNumber, once: bool) -> Option<Call> {
        let matching = self.pending.filter(|pending| pending.number == number || !once)?;
        self.pending = None;
        self.is_silent = false;
        Some(matching.call)
    }

    /// Whether a prepare or freeze that was given up may still come back.
    pub(super) fn is_overdue(&self) -> bool {
        self.overdue.is_some()
    }

    /// Whether the answer is that of a prepare or freeze that was given up.
    pub(super) fn was_overdue(&mut self, number: CallNumber) -> bool {
        let is = self.overdue == Some(number);
        if is {
            self.overdue = None;
        }
        is
    }

    /// Gives up the call under way.
    pub(super) fn give_up(&mut self) -> Option<Call> {
        let Pending { number, call, .. } = self.pending.take()?;
        if matches!(call, Call::Prepare | Call::Freeze) {
            self.overdue = Some(number);
        }
        self.is_silent = true;
        Some(call)
    }
}
