//! A set's machine, as JavaScript drives it: events in, actions out, the time with each event.
//!
//! Timers, participants and the order of the requester's steps are JavaScript's: see `ts/set/`.

mod told;

use alloc::format;
use alloc::string::String;

use shadowvol::set::{
    Action, Ask, Call, CallNumber, Deadlines, Event, Invitation, Level, Plan, SetCreation, Span,
    Time, Veto, Wanted, Windows,
};
use wasm_bindgen::prelude::*;

use crate::error::Error;
use crate::value::object;
use told::call_name;

/// What a set is to be.
#[wasm_bindgen]
pub struct RawPlan(Plan);

#[wasm_bindgen]
impl RawPlan {
    /// A set of nothing yet, whose participants may be frozen and whose writes may be held for so many
    /// milliseconds.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(application_consistent: bool, freeze: f64, hold: f64) -> Self {
        let wanted = match application_consistent {
            true => Wanted::ApplicationConsistency,
            false => Wanted::CommonInstant,
        };
        let windows = Windows { freeze: span(freeze), hold: span(hold), ..Windows::default() };
        Self(Plan { wanted, windows, ..Plan::default() })
    }

    /// One more volume.
    pub fn volume(&mut self, name: String) {
        self.0.volumes.push(name);
    }

    /// One more participant, of the levels 0 to 2, with as many milliseconds for each call, in the order
    /// of [`Deadlines`].
    pub fn participant(&mut self, name: String, required: bool, level: u8, deadlines: &[f64]) {
        let level = match level {
            0 => Level::FrontEnd,
            1 => Level::BackEnd,
            _ => Level::System,
        };
        let mut invitation = Invitation { required, level, ..Invitation::required(name) };
        if let &[prepare, freeze, frozen, thaw, post_snapshot, abort, backup_complete, shutdown] =
            deadlines
        {
            invitation.deadlines = Deadlines {
                prepare: span(prepare),
                freeze: span(freeze),
                frozen: span(frozen),
                thaw: span(thaw),
                post_snapshot: span(post_snapshot),
                abort: span(abort),
                backup_complete: span(backup_complete),
                shutdown: span(shutdown),
            };
        }
        self.0.participants.push(invitation);
    }
}

/// A set under way. The time is milliseconds since any moment.
#[wasm_bindgen]
pub struct RawSet(SetCreation);

#[wasm_bindgen]
impl RawSet {
    /// A set that nobody was told of yet.
    ///
    /// # Errors
    ///
    /// When it has too many volumes.
    #[wasm_bindgen(constructor)]
    pub fn new(plan: RawPlan) -> Result<Self, JsValue> {
        let set = SetCreation::new(plan.0);
        Ok(Self(set.map_err(|error| Error::Other("too-many-volumes", format!("{error}")))?))
    }

    /// The requester wants the participants to prepare.
    ///
    /// # Errors
    ///
    /// When that does not come next.
    pub fn prepare(&mut self, now: f64) -> Result<(), JsValue> {
        self.want(now, Event::Prepare)
    }

    /// The requester wants the copies.
    ///
    /// # Errors
    ///
    /// When that does not come next.
    pub fn create(&mut self, now: f64) -> Result<(), JsValue> {
        self.want(now, Event::Create)
    }

    /// The requester has read what it wanted.
    ///
    /// # Errors
    ///
    /// When that does not come next.
    pub fn complete(&mut self, now: f64, succeeded: bool) -> Result<(), JsValue> {
        self.want(now, Event::Complete { succeeded })
    }

    /// The requester wants no more of it.
    pub fn abort(&mut self, now: f64) {
        self.hear(now, Event::Abort);
    }

    /// Time has passed.
    pub fn tick(&mut self, now: f64) {
        self.hear(now, Event::Tick);
    }

    /// A participant has answered; why it refuses, if it does.
    pub fn called(
        &mut self,
        now: f64,
        participant: usize,
        number: u32,
        veto: Option<String>,
        retryable: bool,
    ) {
        let (number, answer) = (CallNumber(number), answer(veto, retryable));
        self.hear(now, Event::Called { participant, number, answer });
    }

    /// A volume has answered; why it refuses, if it does.
    pub fn asked(
        &mut self,
        now: f64,
        volume: usize,
        ask: &str,
        veto: Option<String>,
        retryable: bool,
    ) {
        let ask = match ask {
            "flush" => Ask::Flush,
            "hold" => Ask::Hold,
            "commit" => Ask::Commit,
            "finish" => Ask::Finish,
            "delete" => Ask::Delete,
            _ => return,
        };
        let answer = answer(veto, retryable);
        self.hear(now, Event::Asked { volume, ask, answer });
    }

    /// What is to be done next, if there is anything.
    #[wasm_bindgen(js_name = nextAction)]
    pub fn next_action(&mut self) -> JsValue {
        match self.0.next_action() {
            None => JsValue::UNDEFINED,
            Some(Action::Call { participant, number, call }) => object([
                ("participant", participant.into()),
                ("number", number.0.into()),
                ("call", call_name(call).into()),
                ("succeeded", (call == Call::BackupComplete { succeeded: true }).into()),
            ]),
            Some(Action::Ask { volume, ask }) => {
                object([("volume", volume.into()), ("ask", format!("{ask}").into())])
            }
        }
    }

    /// When it must be told at the latest that time has passed.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn deadline(&self) -> Option<f64> {
        self.0.deadline().map(|Time(at)| at as f64)
    }

    /// Whether nothing goes on until the requester says so, or for good.
    #[wasm_bindgen(getter, js_name = atRest)]
    #[must_use]
    pub fn at_rest(&self) -> bool {
        self.0.is_at_rest()
    }

    /// Where it is.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn phase(&self) -> String {
        format!("{}", self.0.phase())
    }

    /// What is known so far.
    #[must_use]
    pub fn report(&self) -> JsValue {
        told::report(&self.0.report())
    }
}

impl RawSet {
    fn want(&mut self, now: f64, event: Event) -> Result<(), JsValue> {
        let done = self.0.handle(Time(now as u64), event);
        done.map_err(|error| Error::Other("wrong-state", format!("{error}")).into())
    }

    fn hear(&mut self, now: f64, event: Event) {
        // Answers and aborts come in any order.
        let _ = self.0.handle(Time(now as u64), event);
    }
}

fn span(milliseconds: f64) -> Span {
    Span(milliseconds as u64)
}

fn answer(veto: Option<String>, retryable: bool) -> Result<(), Veto> {
    veto.map_or(Ok(()), |text| Err(Veto { text, retryable }))
}
