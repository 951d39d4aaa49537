//! The simulator and the explorer, for pages. Scenarios, moves and pictures cross as JSON.

mod setting;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;
use shadowvol::Rule;
use shadowvol::sim::{Answer, Event, Explorer, First, Limits, Move, Nonsense, Player, scenarios};
use wasm_bindgen::prelude::*;

use crate::error::Error;
use setting::Setting;

/// A world that is played.
#[wasm_bindgen]
pub struct RawSimulation(Player);

#[wasm_bindgen]
impl RawSimulation {
    /// The world of a scenario, at its beginning.
    ///
    /// # Errors
    ///
    /// When it makes no sense.
    #[wasm_bindgen(constructor)]
    pub fn new(setting: &str) -> Result<Self, JsValue> {
        Ok(Self(Player::new(&Setting::scenario(setting)?).map_err(refuse)?))
    }

    /// Makes a move.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn make(&mut self, next: &str) -> Result<(), JsValue> {
        let next: Move = serde_json::from_str(next).map_err(unreadable)?;
        Ok(self.0.make(next).map_err(refuse)?)
    }

    /// Lets up to so many things happen, drawn from a seed, and says how many did.
    ///
    /// # Errors
    ///
    /// None; a move that was drawn can be made.
    pub fn play(&mut self, seed: f64, moves: u32) -> Result<u32, JsValue> {
        for nth in 0..moves {
            let Some(action) = self.0.draw(seed as u64) else { return Ok(nth) };
            self.0.make(Move::Act(action)).map_err(refuse)?;
        }
        Ok(moves)
    }

    /// Goes to where so many moves have been made.
    pub fn seek(&mut self, at: usize) {
        self.0.seek(at);
    }

    /// Moves that have been made.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn at(&self) -> usize {
        self.0.at()
    }

    /// Moves that there are.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn length(&self) -> usize {
        self.0.moves().len()
    }

    /// The promise that was broken.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn broken(&self) -> Option<String> {
        self.0.world().broken().map(ToString::to_string)
    }

    /// Whether nobody has anything to do.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn over(&self) -> bool {
        self.0.world().is_over()
    }

    /// All moves.
    #[must_use]
    pub fn moves(&self) -> String {
        json(&self.0.moves())
    }

    /// What can happen next.
    #[must_use]
    pub fn choices(&self) -> String {
        json(&self.0.choices())
    }

    /// What has happened behind so many moves.
    #[must_use]
    pub fn events(&self, behind: i32) -> String {
        let told = |(of, event): &(usize, Event)| Told { of: *of, event: event.clone() };
        let fresh = self.0.events().rev().take_while(|(of, _)| *of as i64 > i64::from(behind));
        let mut told: Vec<_> = fresh.map(told).collect();
        told.reverse();
        json(&told)
    }

    /// What requests that read have found, behind so many moves.
    #[must_use]
    pub fn answers(&self, behind: i32) -> String {
        let found = |(of, answer): &(usize, Answer)| Found {
            of: *of,
            node: answer.node,
            thread: answer.thread,
            order: answer.order.clone(),
            found: answer.found.clone(),
            error: answer.error.as_ref().map(ToString::to_string),
        };
        let fresh = self.0.answers().rev().take_while(|(of, _)| *of as i64 > i64::from(behind));
        let mut found: Vec<_> = fresh.map(found).collect();
        found.reverse();
        json(&found)
    }

    /// The world as something to draw.
    pub fn picture(&mut self) -> String {
        json(&self.0.picture())
    }
}

/// An exploration of all that can happen in a scenario.
#[wasm_bindgen]
pub struct RawExplorer(Explorer);

#[wasm_bindgen]
impl RawExplorer {
    /// An exploration of so many states at most; those with the shortest story first, or not.
    ///
    /// # Errors
    ///
    /// When the scenario makes no sense.
    #[wasm_bindgen(constructor)]
    pub fn new(setting: &str, states: usize, nearest: bool) -> Result<Self, JsValue> {
        let first = if nearest { First::Nearest } else { First::Deepest };
        let scenario = Setting::scenario(setting)?;
        Ok(Self(Explorer::new(&scenario, Limits { states, first }).map_err(refuse)?))
    }

    /// Goes on from so many states; true when there is nothing more to do.
    pub fn visit(&mut self, states: usize) -> bool {
        self.0.visit(states)
    }

    /// States that were met so far.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn states(&self) -> usize {
        self.0.states()
    }

    /// What was found so far.
    #[must_use]
    pub fn report(&self) -> String {
        json(&self.0.report())
    }
}

/// The worlds that are proven.
#[wasm_bindgen]
pub struct RawLibrary;

#[wasm_bindgen]
impl RawLibrary {
    /// Their names and stories.
    #[must_use]
    pub fn worlds() -> String {
        let all = scenarios::all();
        let worlds = all.iter().map(|world| World { name: world.name, story: world.story });
        json(&worlds.collect::<Vec<_>>())
    }

    /// The rules, each with a world in which there is damage without it.
    #[must_use]
    pub fn rules() -> String {
        let rules = Rule::ALL
            .map(|rule| Broken { rule: format!("{rule:?}"), world: scenarios::without(rule).name });
        json(&rules.as_slice())
    }
}

#[derive(Serialize)]
struct World {
    name: &'static str,
    story: &'static str,
}

#[derive(Serialize)]
struct Broken {
    rule: String,
    world: &'static str,
}

/// An event, with the number of the move that it belongs to.
#[derive(Serialize)]
struct Told {
    #[serde(rename = "move")]
    of: usize,
    #[serde(flatten)]
    event: Event,
}

/// What a request that reads has found, with the number of the move that brought it.
#[derive(Serialize)]
struct Found {
    #[serde(rename = "move")]
    of: usize,
    node: usize,
    thread: usize,
    order: shadowvol::sim::Order,
    found: Vec<Option<u8>>,
    error: Option<String>,
}

fn json<T: Serialize + ?Sized>(value: &T) -> String {
    // Nothing here has keys that are no strings.
    serde_json::to_string(value).unwrap_or_default()
}

fn refuse(nonsense: Nonsense) -> Error {
    Error::Other("nonsense", nonsense.to_string())
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::Other("nonsense", error.to_string())
}
