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
use core::cell::RefCell;
use core::mem;

use js_sys::Array;
use shadowvol::machine::{Buffers, Fed, Machine, Next, Op, Step, Wait};
use wasm_bindgen::prelude::*;

use crate::buffer::Buffer;
use crate::checksum::CRC32C;
use crate::error::Error;
use crate::medium::RawMedium;
use crate::passive::RawPassive;
use crate::perform::{Begun, Media, classify, finish};
use crate::volume::RawVolume;
use crate::work::{Job, Operation, Output, Work};

/// Spare working spaces that are kept, and the most bytes of one.
const SPARES: usize = 4;
const SPARE_BYTES: usize = 4 << 20;

/// What a request waits for.
#[wasm_bindgen]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing: it has ended.
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
    spare: RefCell<Vec<Vec<u8>>>,
}

/// Begins what a machine waits for, other than its turn.
pub(crate) trait Serve {
    /// Gives the number of the request, or 0 if it has ended well.
    fn serve(self: Rc<Self>, wait: Wait) -> u32;
}

/// A request: its bytes, and how far it is.
pub(crate) struct Request {
    /// What is written.
    pub(crate) data: Option<Buffer>,
    /// What is filled with the caller's bytes at the end.
    pub(crate) into: Option<Buffer>,
    /// Who begins what it waits for.
    pub(crate) server: Option<Rc<dyn Serve>>,
    user: Vec<u8>,
    scratch: Vec<u8>,
    fed: Fed,
    /// Operations whose ends are promised.
    under_way: Vec<(Op, JsValue)>,
    /// An operation that has failed, while others are under way.
    failed: Option<shadowvol::Error>,
    /// What a medium has said to that.
    cause: JsValue,
    /// Why what it waited for has failed.
    served: Option<Error>,
}

/// A request that was not done at once, or has something to give.
struct Parked {
    /// Its machine; none while that is driven, and when it has ended.
    under_way: Option<(Box<dyn Work>, Request)>,
    state: State,
}

/// How far a request could be driven.
pub(crate) enum State {
    Media,
    Turn,
    Again,
    Gate,
    Inner(u32),
    Done(Output),
    Failed(Error),
}

impl Request {
    pub(crate) fn new(server: Option<Rc<dyn Serve>>) -> Self {
        Self {
            data: None,
            into: None,
            server,
            user: Vec::new(),
            scratch: Vec::new(),
            fed: Fed::Again,
            under_way: Vec::new(),
            failed: None,
            cause: JsValue::UNDEFINED,
            served: None,
        }
    }
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
        let wanted = |parked: &Parked| match parked.state {
            State::Media => Wanted::Media,
            State::Turn => Wanted::Turn,
            State::Again => Wanted::Again,
            State::Gate => Wanted::Gate,
            State::Inner(_) => Wanted::Inner,
            State::Done(_) | State::Failed(_) => Wanted::Nothing,
        };
        self.0.look(request, wanted).unwrap_or(Wanted::Nothing)
    }

    /// The promises that media have given.
    #[must_use]
    pub fn promises(&self, request: u32) -> Array {
        let promises = |parked: &Parked| {
            let (_, request) = parked.under_way.as_ref()?;
            Some(request.under_way.iter().map(|(_, promise)| promise).collect())
        };
        self.0.look(request, promises).flatten().unwrap_or_default()
    }

    /// The request that has to end first.
    #[must_use]
    pub fn inner(&self, request: u32) -> u32 {
        let inner =
            |parked: &Parked| if let State::Inner(inner) = parked.state { inner } else { 0 };
        self.0.look(request, inner).unwrap_or(0)
    }

    /// Goes on with a request, whose turn it is, or whose inner request has ended.
    pub fn resume(&self, request: u32) {
        let inner = self.0.take(self.inner(request));
        self.0.resume(request, |request| {
            if let Some(State::Failed(error)) = inner {
                request.refuse(error);
            }
            false
        });
    }

    /// Goes on with a request whose media have kept their promises, with these results.
    pub fn fulfilled(&self, request: u32, results: &Array) {
        self.0.resume(request, |request| {
            for (nth, (op, _)) in mem::take(&mut request.under_way).into_iter().enumerate() {
                request.fed = finish(op, &results.get(nth as u32), &mut request.bytes().0);
            }
            true
        });
    }

    /// Goes on with a request one of whose media has broken its promise, and why; `size` is the diff
    /// area's.
    pub fn broken(&self, request: u32, nth: u32, cause: JsValue, is_full: bool, size: Option<f64>) {
        self.0.resume(request, |request| {
            let under_way = mem::take(&mut request.under_way);
            if let Some(&(op, _)) = under_way.get(nth as usize) {
                request.failed = Some(classify(op, is_full, size.map(|size| size as u64)));
                request.cause = cause;
            }
            true
        });
    }

    /// Goes on with a request that must not pass its gate, and why.
    pub fn refused(&self, request: u32, thrown: JsValue) {
        self.0.resume(request, |request| {
            request.refuse(Error::Thrown(thrown));
            false
        });
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
        self.0.begin(work, Request::new(None))
    }

    pub(crate) fn refuse(&self, error: shadowvol::Error) -> u32 {
        self.0.ended(Err(error.into()))
    }
}

impl Driver {
    /// Begins a request, and gives its number, or 0 if it has ended well and has nothing to give.
    pub(crate) fn begin(self: &Rc<Self>, work: impl Work + 'static, request: Request) -> u32 {
        self.begin_work(Box::new(work), request)
    }

    fn begin_work(self: &Rc<Self>, mut work: Box<dyn Work>, mut request: Request) -> u32 {
        let state = self.go(&mut *work, &mut request);
        self.park(work, request, state)
    }

    /// Keeps what has to wait, or has something to give.
    pub(crate) fn park(&self, work: Box<dyn Work>, request: Request, state: State) -> u32 {
        match state {
            State::Done(Output::Nothing) => 0,
            State::Done(_) | State::Failed(_) => self.keep(Parked { under_way: None, state }),
            _ => self.keep(Parked { under_way: Some((work, request)), state }),
        }
    }

    /// What came of a request that asked for no machine.
    pub(crate) fn ended(&self, done: Result<JsValue, Error>) -> u32 {
        let state = match done {
            Ok(value) => State::Done(Output::Value(value)),
            Err(error) => State::Failed(error),
        };
        self.keep(Parked { under_way: None, state })
    }

    /// Working space of so many bytes for what is read.
    pub(crate) fn read_into(&self, request: &mut Request, into: Buffer) {
        request.user = self.take_space();
        if request.user.len() < into.length {
            request.user.resize(into.length, 0);
        }
        request.into = Some(into);
    }

    /// Drives a machine until it has to wait.
    pub(crate) fn go(self: &Rc<Self>, work: &mut dyn Work, request: &mut Request) -> State {
        if request.scratch.is_empty() {
            request.scratch = self.take_space();
        }
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
                Step::Done(done) => return self.end(request, done),
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

    fn end(&self, request: &mut Request, done: Result<Output, shadowvol::Error>) -> State {
        if let (Some(into), Ok(_)) = (&request.into, &done) {
            into.write(0, &request.user[..into.length]);
        }
        self.keep_space(mem::take(&mut request.scratch));
        self.keep_space(mem::take(&mut request.user));
        match done {
            Ok(output) => State::Done(output),
            Err(error) => {
                let cause = mem::replace(&mut request.cause, JsValue::UNDEFINED);
                State::Failed(request.served.take().unwrap_or(Error::Engine(error, cause)))
            }
        }
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

    /// Goes on with a request, which hears this of what it waited for.
    fn resume(self: &Rc<Self>, number: u32, hear: impl FnOnce(&mut Request) -> bool) {
        let place = number.wrapping_sub(1) as usize;
        let take = |parked: &mut Option<Parked>| parked.as_mut()?.under_way.take();
        let taken = self.parked.borrow_mut().get_mut(place).and_then(take);
        let Some((mut work, mut request)) = taken else { return };
        let was_done = hear(&mut request);
        let state = match was_done
            && !request.absorb(&mut *work)
            && !self.perform(&mut *work, &mut request)
        {
            true => State::Media,
            false => self.go(&mut *work, &mut request),
        };
        let ended = matches!(state, State::Done(_) | State::Failed(_));
        let under_way = (!ended).then_some((work, request));
        self.parked.borrow_mut()[place] = Some(Parked { under_way, state });
    }

    /// What a request has come to; it is forgotten.
    fn take(&self, number: u32) -> Option<State> {
        let mut places = self.parked.borrow_mut();
        Some(places.get_mut(number.wrapping_sub(1) as usize)?.take()?.state)
    }

    fn look<T>(&self, number: u32, look: impl FnOnce(&Parked) -> T) -> Option<T> {
        let places = self.parked.borrow();
        Some(look(places.get(number.wrapping_sub(1) as usize)?.as_ref()?))
    }

    fn take_space(&self) -> Vec<u8> {
        self.spare.borrow_mut().pop().unwrap_or_default()
    }

    fn keep_space(&self, space: Vec<u8>) {
        let mut spare = self.spare.borrow_mut();
        if spare.len() < SPARES && (1..=SPARE_BYTES).contains(&space.capacity()) {
            spare.push(space);
        }
    }
}

impl Request {
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
            Error::Engine(error, _) => error.clone(),
            _ => shadowvol::Error::RoleEnded,
        });
        self.served = Some(error);
    }
}
