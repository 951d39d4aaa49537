//! A thread that works for one participant or volume, and is left behind when it hangs.

use core::any::Any;
use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicBool, Ordering};
use std::io;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use shadowvol::set::Veto;

/// What is to be done.
type Work = Box<dyn FnOnce() -> Result<(), Veto> + Send>;
/// Who hears how it went.
type Answer = Box<dyn FnOnce(Result<(), Veto>) + Send>;

/// A thread that is begun with its first job, and again whenever the last job hangs.
#[derive(Default)]
pub(super) struct Worker {
    thread: Option<Thread>,
}

struct Thread {
    jobs: Sender<(Work, Answer)>,
    is_busy: Arc<AtomicBool>,
}

impl Worker {
    /// Begins a job at once.
    pub(super) fn run(&mut self, work: Work, answer: Answer) -> io::Result<()> {
        let thread = match self.thread.take() {
            Some(thread) if !thread.is_busy.load(Ordering::Acquire) => thread,
            // The thread that hangs finds its channel closed when it comes back, and ends.
            _ => begin()?,
        };
        thread.is_busy.store(true, Ordering::Release);
        thread.jobs.send((work, answer)).map_err(|_| io::ErrorKind::BrokenPipe)?;
        self.thread = Some(thread);
        Ok(())
    }
}

fn begin() -> io::Result<Thread> {
    let (jobs, inbox) = channel();
    let is_busy = Arc::new(AtomicBool::new(false));
    let busy = Arc::clone(&is_busy);
    thread::Builder::new().name("shadowvol-set".into()).spawn(move || work(&inbox, &busy))?;
    Ok(Thread { jobs, is_busy })
}

fn work(inbox: &Receiver<(Work, Answer)>, is_busy: &AtomicBool) {
    for (work, answer) in inbox {
        let done = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(veto(&*panic)));
        // The answer may bring the next job, which this thread can do.
        is_busy.store(false, Ordering::Release);
        answer(done);
    }
}

fn veto(panic: &(dyn Any + Send)) -> Veto {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Veto::for_good(format!("it panicked: {}", text.unwrap_or("without a message")))
}
