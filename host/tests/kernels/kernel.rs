//! A kernel: User Mode Linux, an ordinary process that its first process in there is talked to by a
//! console, in lines.
//!
//! A shell guards it: when the test dies, however that comes about, the guard kills the kernel's
//! process group. The same way the power is cut.

use core::time::Duration;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use crate::bed::{Bed, Seat};

/// How long anything may take before the test fails.
const DEADLINE: Duration = Duration::from_secs(180);

/// Starts the kernel in a process group of its own, which it makes itself, and kills that group when
/// asked to end or when whoever asked for it has died.
const GUARD: &str = r#"exec 3<&0
"$@" <&3 3<&- &
trap "kill -s KILL -- -$! $!; wait $!; exit" TERM
wait $!"#;

/// A running kernel; it dies when dropped.
pub(crate) struct Kernel {
    name: String,
    guard: Child,
    input: ChildStdin,
    output: Receiver<String>,
    /// All that it said.
    pub(crate) said: Vec<String>,
    /// How much of that was looked at.
    heard: usize,
    /// How much of that is no news any more.
    told: usize,
    home: PathBuf,
}

impl Kernel {
    /// Starts a kernel, which is not ready yet.
    ///
    /// The thread that calls this must live as long as the kernel: the guard watches the thread.
    pub(crate) fn boot(bed: &Bed, seat: Seat, disks: &[&str]) -> Self {
        let name = bed.next_name(seat);
        let home = bed.path().join(&name);
        fs::create_dir(&home).expect("a folder");
        let log = File::create(home.join("log")).expect("a file");
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "sh", "-c", GUARD, "sh"]).arg(bed.program());
        command.args(["umid=kernel", "mem=128M", "con=null", "con0=fd:0,fd:1", "con1=null,fd:2"]);
        command.args(["console=tty1", "rootfstype=hostfs", "ro", "init=/init"]);
        command.arg(format!("uml_dir={name}"));
        command.arg(format!("rootflags={}", bed.tree().display()));
        // The other kernel remembers this one's hardware address when this one is started anew.
        let hardware = format!("02:00:00:00:00:0{}", seat as u8 + 1);
        command.arg(format!("vec0:transport=fd,fd={},mac={hardware}", bed.wire(seat)));
        for (disk, letter) in disks.iter().zip('a'..) {
            // `c`: shared between kernels, without a lock.
            command.arg(format!("ubd{letter}c={disk}"));
        }
        command.current_dir(bed.path()).env("TMPDIR", bed.path()).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut guard = command.spawn().expect("setpriv and sh");
        let (input, output) = (guard.stdin.take(), guard.stdout.take());
        let (tell, told) = mpsc::channel();
        let output = BufReader::new(output.expect("a pipe"));
        thread::spawn(move || {
            let lines = output.split(b'\n').map_while(Result::ok);
            lines.map(|line| String::from_utf8_lossy(&line).trim_end().to_owned()).all(|line| {
                // When nobody listens any more, the rest is of no interest.
                tell.send(line).is_ok()
            })
        });
        let input = input.expect("a pipe");
        Self { name, guard, input, output: told, said: Vec::new(), heard: 0, told: 0, home }
    }

    /// Waits until it takes orders, and lets it join the network.
    pub(crate) fn joined(mut self, address: &str) -> Self {
        self.wait_for("ready");
        self.run(&format!("join {address}"));
        self
    }

    /// Whether it takes orders; otherwise why it does not.
    pub(crate) fn starts(&mut self) -> Result<(), String> {
        match self.output.recv_timeout(DEADLINE) {
            Ok(line) if line == "ready" => Ok(()),
            Ok(line) => Err(format!("{line}\n{}", self.story())),
            Err(error) => Err(format!("{error}\n{}", self.story())),
        }
    }

    /// Whether a command goes well.
    pub(crate) fn can(&mut self, command: &str) -> bool {
        let from = self.said.len();
        self.tell(command);
        self.find("done ", from).0 == "done 0"
    }

    /// Runs a command in it and returns what it said.
    pub(crate) fn run(&mut self, command: &str) -> Vec<String> {
        let from = self.said.len();
        self.tell(command);
        let (done, _) = self.find("done ", from);
        assert_eq!(done, "done 0", "{}: {command}: {}", self.name, self.story());
        self.said[from..].to_vec()
    }

    /// Runs a node that goes on by itself, and can be given orders.
    pub(crate) fn start(&mut self, node: &str, place: &str) {
        let pipe = if node == "stale" { "passive" } else { node };
        self.run(&format!("rm -f /tmp/{pipe}; mkfifo /tmp/{pipe}; /node {node} {place} 2>&1 &"));
    }

    /// Gives an order to a node.
    pub(crate) fn order(&mut self, node: &str, order: &str) {
        self.run(&format!("echo {order} >/tmp/{node}"));
    }

    /// Ends a node that reads, and returns what it counted.
    pub(crate) fn stop_passive(&mut self) -> String {
        self.order("passive", "stop");
        self.wait_for("passive did")
    }

    /// What it said since this was asked last.
    pub(crate) fn news(&mut self) -> Vec<String> {
        let news = self.said[self.told..].to_vec();
        self.told = self.said.len();
        news
    }

    fn tell(&mut self, line: &str) {
        let told = writeln!(self.input, "{line}").and_then(|()| self.input.flush());
        if let Err(error) = told {
            panic!("{}: telling {line:?}: {error}: {}", self.name, self.story());
        }
    }

    /// Waits for a line that begins like this, among those that were not looked at.
    pub(crate) fn wait_for(&mut self, start: &str) -> String {
        let (line, next) = self.find(start, self.heard);
        self.heard = next;
        line
    }

    /// Waits for a line that begins like this, and is no earlier than one; and which is the next.
    fn find(&mut self, start: &str, mut next: usize) -> (String, usize) {
        let end = Instant::now() + DEADLINE;
        loop {
            while let Some(line) = self.said.get(next) {
                next += 1;
                if line.starts_with(start) {
                    return (line.clone(), next);
                }
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(line) => self.hear(line),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("{}: no {start:?} in {DEADLINE:?}: {}", self.name, self.story())
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("{}: ended before {start:?}: {}", self.name, self.story())
                }
            }
        }
    }

    /// Listens for so long.
    pub(crate) fn listen(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Ok(line) = self.output.recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            self.hear(line);
        }
    }

    fn hear(&mut self, line: String) {
        let bad = line.starts_with("FAULT") || line.contains("panicked at");
        self.said.push(line);
        if bad {
            self.listen(Duration::from_millis(200));
            panic!("{}: {}", self.name, self.story());
        }
    }

    /// What it said last, and what its kernel did.
    fn story(&self) -> String {
        let tail = |lines: &[String]| lines[lines.len().saturating_sub(30)..].join("\n  ");
        let log = fs::read(self.home.join("log")).unwrap_or_default();
        let log: Vec<_> = String::from_utf8_lossy(&log).lines().map(str::to_owned).collect();
        format!("it said last:\n  {}\nand its kernel:\n  {}", tail(&self.said), tail(&log))
    }

    /// Stops its clock: the host sleeps, and everything that it was about to do waits.
    pub(crate) fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Wakes it up.
    pub(crate) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let number = fs::read_to_string(self.home.join("kernel/pid")).expect("the kernel's number");
        let number = number.trim().parse().ok().and_then(Pid::from_raw);
        kill_process(number.expect("a number"), signal).expect("a running kernel");
    }

    /// Cuts its power, and returns the last news.
    pub(crate) fn cut(mut self) -> Vec<String> {
        self.kill();
        // Its end of the pipe is closed now, by all that held it.
        while let Ok(line) = self.output.recv_timeout(DEADLINE) {
            self.hear(line);
        }
        self.news()
    }

    fn kill(&mut self) {
        let guard = i32::try_from(self.guard.id()).ok().and_then(Pid::from_raw);
        if matches!(self.guard.try_wait(), Ok(None)) {
            // It cannot be gone: only `wait` frees its number.
            let _ = kill_process(guard.expect("a number"), Signal::TERM);
            let _ = self.guard.wait();
        }
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        self.kill();
    }
}
