//! Driving machines to their ends, as far as that can be done at once.
//!
//! A request that has to wait is kept here under a number, and `ts/driver.ts` goes on with it: it looks at
//! what the request waits for ([`Wanted`]), brings that about, and resumes it. Requests that never have to
//! wait, as with media in memory, take one call.
//!
//! JavaScript has one thread, so nothing needs a lock; but nothing is borrowed while a medium is called,
//! whose methods may make requests of their own.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::mem;

use js_sys::Array;
use shadowvol::machine::{Buffers, Fed, Machine, Next, Op, Scratch, Step, Wait};
use wasm_bindgen::prelude::*;

use crate::buffer::Buffer;
use crate::checksum::CRC32C;
use crate::error::Error;
use crate::medium::RawMedium;
use crate::passive::RawPassive;
use crate::perform::{Begun, Media, classify, finish};
use crate::volume::RawVolume;
use crate::work::{Job, Operation, Output, Work};

/// Spare requests that are kept, and the most bytes of the working space of one.
const SPARES: usize = 4;
const SPARE_BYTES: usize = 4 << 20;

/// What a request waits for.
#[wasm_bindgen]
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing: it has ended.
    #[default]
    Nothing,
    /// The promises of media.
    Media,
    /// That another request changes something.
    Turn,
    /// Its turn, too; but first others have to hear that it has changed something itself.
    Again,
    /// The driver's word that a creation goes on.
    Gate,
    /// Another request's end.
    Inner,
}

/// Both media of a volume, with the requests that are under way on them.
#[wasm_bindgen]
pub struct RawDriver(Rc<Driver>);

pub(crate) struct Driver {
    pub(crate) media: Media,
    /// A request's number is one more than its place.
    parked: RefCell<Vec<Option<Parked>>>,
    /// Requests that have ended, with their working space, for the next ones.
    #[expect(clippy::vec_box, reason = "a request is taken out and put back as it is")]
    spare: RefCell<Vec<Box<Request>>>,
}

/// Begins what a machine waits for, other than its turn.
pub(crate) trait Serve {
    /// Gives the number of the request, or 0 if it has ended well.
    fn serve(self: Rc<Self>, wait: Wait) -> u32;
}

/// A request: its bytes, and what it hears next.
pub(crate) struct Request {
    /// What is written.
    pub(crate) data: Option<Buffer>,
    /// What is filled with the caller's bytes at the end.
    into: Option<Buffer>,
    /// Who begins what it waits for.
    server: Option<Rc<dyn Serve>>,
    user: Vec<u8>,
    scratch: Scratch,
    fed: Fed,
    /// Operations whose ends are promised.
    under_way: Vec<(Op, JsValue)>,
    /// An operation has failed.
    failed: Option<shadowvol::Error>,
    /// What a medium has said to that.
    cause: JsValue,
    /// Why what it waited for has failed.
    served: Option<Error>,
}

/// A request that was not done at once, or has something to give.
struct Parked {
    /// Its machine; none while that is driven, and when it has ended.
    under_way: Option<(Box<dyn Work>, Box<Request>)>,
    state: State,
}

/// How far a request could be driven.
enum State {
    Media,
    Turn,
    Again,
    Gate,
    Inner(u32),
    Done(Output),
    Failed(Error),
}

#[wasm_bindgen]
impl RawDriver {
    /// Nothing is under way.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(origin: &RawMedium, diff: &RawMedium) -> Self {
        let media = Media { origin: origin.backend(), diff: diff.backend() };
        Self(Rc::new(Driver { media, parked: RefCell::default(), spare: RefCell::default() }))
    }

    /// What a request waits for.
    #[must_use]
    pub fn wanted(&self, request: u32) -> Wanted {
        self.0.look(request, |parked| match parked.state {
            State::Media => Wanted::Media,
            State::Turn => Wanted::Turn,
            State::Again => Wanted::Again,
            State::Gate => Wanted::Gate,
            State::Inner(_) => Wanted::Inner,
            State::Done(_) | State::Failed(_) => Wanted::Nothing,
        })
    }

    /// The request that has to end first.
    #[must_use]
    pub fn inner(&self, request: u32) -> u32 {
        self.0.look(request, Parked::inner)
    }

    /// The promises that media have given.
    #[must_use]
    pub fn promises(&self, request: u32) -> Array {
        let promises =
            |request: &mut Request| request.under_way.iter().map(|(_, promise)| promise).collect();
        self.0.tell(request, promises)
    }

    /// The promise with this number has come true.
    pub fn fulfil(&self, request: u32, nth: usize, value: &JsValue) {
        self.0.tell(request, |request| {
            if let Some(&(op, _)) = request.under_way.get(nth) {
                request.fed = finish(op, value, &mut request.bytes().0);
            }
        });
    }

    /// The promise with this number was broken, and why; `size` is the diff area's.
    pub fn fail(&self, request: u32, nth: usize, cause: JsValue, is_full: bool, size: Option<f64>) {
        self.0.tell(request, |request| {
            if let Some(&(op, _)) = request.under_way.get(nth) {
                request.failed = Some(classify(op, is_full, size.map(|size| size as u64)));
                request.cause = cause;
            }
        });
    }

    /// The request must not pass its gate, and why.
    pub fn refuse(&self, request: u32, thrown: JsValue) {
        self.0.tell(request, |request| request.refuse(Error::Thrown(thrown)));
    }

    /// Goes on with a request, for which everything has been told, or whose turn it is.
    pub fn resume(&self, request: u32) {
        self.0.resume(request);
    }

    /// What a request that has ended came to.
    ///
    /// # Errors
    ///
    /// When it has failed.
    pub fn outcome(&self, request: u32) -> Result<JsValue, JsValue> {
        match self.0.take(request) {
            Some(State::Done(output)) => Ok(match output {
                Output::Copy(copy) => copy.number().into(),
                Output::Flag(flag) => flag.into(),
                Output::Active(active) => RawVolume::new(&self.0, *active).into(),
                Output::Loaded(loaded) => RawPassive::new(&self.0, *loaded).into(),
                Output::Value(value) => value,
                Output::Nothing => JsValue::UNDEFINED,
            }),
            Some(State::Failed(error)) => Err(error.into()),
            _ => Ok(JsValue::UNDEFINED),
        }
    }
}

impl RawDriver {
    /// Begins a machine that shares nothing.
    pub(crate) fn run<M>(&self, machine: M) -> u32
    where
        M: Machine<Shared = (), Op: Operation, Output: Into<Output>> + 'static,
    {
        self.begin(Job::new(machine, &Rc::default()))
    }

    pub(crate) fn begin(&self, work: impl Work + 'static) -> u32 {
        self.0.begin(Box::new(work), self.0.request(None))
    }

    pub(crate) fn refused(&self, error: shadowvol::Error) -> u32 {
        self.0.ended(Err(error.into()))
    }
}

impl Driver {
    /// A request, to begin.
    pub(crate) fn request(&self, server: Option<Rc<dyn Serve>>) -> Box<Request> {
        let spare = self.spare.borrow_mut().pop();
        let mut request = spare.unwrap_or_default();
        request.server = server;
        request
    }

    /// Begins a request, and gives its number, or 0 if it has ended well and has nothing to give.
    pub(crate) fn begin(
        self: &Rc<Self>,
        mut work: Box<dyn Work>,
        mut request: Box<Request>,
    ) -> u32 {
        let state = self.go(&mut *work, &mut request);
        self.park(work, request, state)
    }

    /// The same for a machine of which the last one is kept for the next request.
    pub(crate) fn begin_again<J: Work + 'static>(
        self: &Rc<Self>,
        mut job: Box<J>,
        mut request: Box<Request>,
        spare: &Cell<Option<Box<J>>>,
    ) -> u32 {
        let state = self.go(&mut *job, &mut request);
        if let State::Done(_) = state {
            spare.set(Some(job));
            self.recycle(request);
            return 0;
        }
        self.park(job, request, state)
    }

    /// What came of a request that asked for no machine.
    pub(crate) fn ended(&self, done: Result<JsValue, Error>) -> u32 {
        let state = match done {
            Ok(value) => State::Done(Output::Value(value)),
            Err(error) => State::Failed(error),
        };
        self.keep(Parked { under_way: None, state })
    }

    /// Keeps what has to wait, or has something to give.
    fn park(&self, work: Box<dyn Work>, request: Box<Request>, state: State) -> u32 {
        match self.parked(work, request, state) {
            Parked { state: State::Done(Output::Nothing), .. } => 0,
            parked => self.keep(parked),
        }
    }

    fn parked(&self, work: Box<dyn Work>, request: Box<Request>, state: State) -> Parked {
        let under_way = match state {
            State::Done(_) | State::Failed(_) => {
                self.recycle(request);
                None
            }
            _ => Some((work, request)),
        };
        Parked { under_way, state }
    }

    fn keep(&self, parked: Parked) -> u32 {
        let places = &mut *self.parked.borrow_mut();
        let free = places.iter().position(Option::is_none).unwrap_or(places.len());
        if free == places.len() {
            places.push(None);
        }
        places[free] = Some(parked);
        free as u32 + 1
    }

    /// Drives a machine until it has to wait.
    fn go(self: &Rc<Self>, work: &mut dyn Work, request: &mut Request) -> State {
        let mut moved = false;
        loop {
            let fed = mem::replace(&mut request.fed, Fed::Again);
            match work.step(&mut request.bytes().0, fed) {
                Step::Io if self.perform(work, request) => {}
                Step::Io => return State::Media,
                Step::Wait(Wait::Turn | Wait::Barrier) if moved => return State::Again,
                Step::Wait(Wait::Turn | Wait::Barrier) => return State::Turn,
                Step::Wait(Wait::Gate) => return State::Gate,
                Step::Wait(wait) => {
                    let inner = request.server.clone().map_or(0, |server| server.serve(wait));
                    if inner != 0 {
                        return State::Inner(inner);
                    }
                }
                Step::Done(done) => return request.end(done),
            }
            moved = true;
        }
    }

    /// Does operations until the machine wants to be stepped; false if media have promised some.
    fn perform(&self, work: &mut dyn Work, request: &mut Request) -> bool {
        loop {
            request.fed = Fed::Done;
            let mut nth = 0;
            while let Some(op) = work.op(nth).filter(|_| request.failed.is_none()) {
                let (mut buffers, data) = request.bytes();
                match self.media.begin(op, &mut buffers, data) {
                    Begun::Done(fed) => request.fed = fed,
                    Begun::Failed(error) => request.failed = Some(error),
                    Begun::Later(promise) => request.under_way.push((op, promise)),
                }
                nth += 1;
            }
            if !request.under_way.is_empty() {
                return false;
            }
            if request.absorb(work) {
                return true;
            }
        }
    }

    fn resume(self: &Rc<Self>, number: u32) {
        let Some((mut work, mut request)) = self.look(number, |parked| parked.under_way.take())
        else {
            return;
        };
        if let Some(State::Failed(error)) = self.take(self.look(number, Parked::inner)) {
            request.refuse(error);
        }
        let was_media = !mem::take(&mut request.under_way).is_empty();
        let state = match !was_media
            || request.absorb(&mut *work)
            || self.perform(&mut *work, &mut request)
        {
            true => self.go(&mut *work, &mut request),
            false => State::Media,
        };
        let driven = self.parked(work, request, state);
        self.look(number, |parked| *parked = driven);
    }

    /// What a request has come to; it is forgotten.
    fn take(&self, number: u32) -> Option<State> {
        let mut places = self.parked.borrow_mut();
        Some(places.get_mut(number.wrapping_sub(1) as usize)?.take()?.state)
    }

    /// Looks at a request; nothing comes of it if there is none with that number.
    fn look<T: Default>(&self, number: u32, look: impl FnOnce(&mut Parked) -> T) -> T {
        let mut places = self.parked.borrow_mut();
        let parked = places.get_mut(number.wrapping_sub(1) as usize).and_then(Option::as_mut);
        parked.map_or_else(T::default, look)
    }

    /// Tells a request something that is under way.
    fn tell<T: Default>(&self, number: u32, tell: impl FnOnce(&mut Request) -> T) -> T {
        self.look(number, |parked| {
            parked.under_way.as_mut().map_or_else(T::default, |(_, request)| tell(request))
        })
    }

    /// Keeps a request's working space.
    fn recycle(&self, request: Box<Request>) {
        let mut spare = self.spare.borrow_mut();
        let bytes = request.scratch.len().max(request.user.capacity());
        if spare.len() < SPARES && bytes <= SPARE_BYTES {
            spare.push(request);
        }
    }
}

impl Default for Request {
    fn default() -> Self {
        Self {
            data: None,
            into: None,
            server: None,
            user: Vec::new(),
            scratch: Scratch::new(),
            fed: Fed::Again,
            under_way: Vec::new(),
            failed: None,
            cause: JsValue::UNDEFINED,
            served: None,
        }
    }
}

impl Request {
    /// Fills this with the caller's bytes at the end.
    pub(crate) fn read_into(&mut self, into: Buffer) {
        if self.user.len() < into.length {
            self.user.resize(into.length, 0);
        }
        self.into = Some(into);
    }

    fn bytes(&mut self) -> (Buffers<'_>, Option<&Buffer>) {
        let length = self.into.as_ref().map_or(0, |into| into.length);
        let user = &mut self.user[..length];
        (Buffers { user, scratch: &mut self.scratch, checksum: CRC32C }, self.data.as_ref())
    }

    /// Shows the machine what its operations have brought; whether it wants to be stepped.
    fn absorb(&mut self, work: &mut dyn Work) -> bool {
        match self.failed.take() {
            Some(error) => {
                self.fed = Fed::Failed(error);
                true
            }
            None => work.absorb(&mut self.bytes().0) == Next::Step,
        }
    }

    /// What it waited for has failed.
    fn refuse(&mut self, error: Error) {
        self.fed = Fed::Failed(match &error {
            Error::Engine(error, _) => *error,
            _ => shadowvol::Error::RoleEnded,
        });
        self.served = Some(error);
    }

    /// Its machine is done. Nothing but the working space is left.
    fn end(&mut self, done: Result<Output, shadowvol::Error>) -> State {
        let (into, served) = (self.into.take(), self.served.take());
        let cause = mem::replace(&mut self.cause, JsValue::UNDEFINED);
        self.data = None;
        self.server = None;
        match done {
            Ok(output) => {
                if let Some(into) = into {
                    into.write(0, &self.user[..into.length]);
                }
                State::Done(output)
            }
            Err(error) => State::Failed(served.unwrap_or(Error::Engine(error, cause))),
        }
    }
}

impl Parked {
    fn inner(&mut self) -> u32 {
        if let State::Inner(inner) = self.state { inner } else { 0 }
    }
}
