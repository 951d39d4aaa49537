//! Who takes part in a set: an application that brings its data into a good state for the instant.

use shadowvol::set::{Deadlines, Level, Veto};

use super::Draft;

/// An application that takes part in sets. Windows calls it a writer.
///
/// Each call is made on a thread that the participant has for itself, one after the other and always
/// the same. But when a call does not come back in time another thread is begun, on which the
/// participant is told to abort, *beside* the call that hangs; and it is told so again when that call
/// comes back after all. So `abort` must be safe to call at any time, by any thread, more than once.
///
/// A panic counts as a veto for good.
pub trait Participant: Send + Sync + 'static {
    /// Its name, which its vetoes are told with.
    fn name(&self) -> String;

    /// When it is frozen, among the others.
    fn level(&self) -> Level {
        Level::default()
    }

    /// How long it may take over each call, and how long it can stay frozen.
    fn deadlines(&self) -> Deadlines {
        Deadlines::default()
    }

    /// A backup is near. Slow work belongs here.
    ///
    /// # Errors
    ///
    /// Why it cannot take part.
    fn prepare(&self) -> Result<(), Veto> {
        Ok(())
    }

    /// Brings the data into a state to start from, and changes nothing until it is thawed.
    ///
    /// # Errors
    ///
    /// Why it cannot take part.
    fn freeze(&self) -> Result<(), Veto> {
        Ok(())
    }

    /// Goes on.
    ///
    /// # Errors
    ///
    /// That it was not frozen all the time, or cannot go on; it is told to abort then.
    fn thaw(&self) -> Result<(), Veto> {
        Ok(())
    }

    /// The copies are there, and nobody has seen them yet. Until this returns they can be written to
    /// ([`Draft::writable`]); if nobody does, that costs nothing.
    ///
    /// # Errors
    ///
    /// Why they are of no use to it.
    fn post_snapshot(&self, copies: &[Draft]) -> Result<(), Veto> {
        let _ = copies;
        Ok(())
    }

    /// It comes to nothing: goes on, if it is frozen, and forgets what it was told.
    ///
    /// # Errors
    ///
    /// That it may still be frozen, which is reported.
    fn abort(&self) -> Result<(), Veto>;

    /// The requester has read what it wanted.
    ///
    /// # Errors
    ///
    /// What is to be reported.
    fn backup_complete(&self, succeeded: bool) -> Result<(), Veto> {
        let _ = succeeded;
        Ok(())
    }

    /// Nothing more will come.
    ///
    /// # Errors
    ///
    /// What is to be reported.
    fn shutdown(&self) -> Result<(), Veto> {
        Ok(())
    }
}
