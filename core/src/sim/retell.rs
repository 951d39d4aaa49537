//! The same schedule, where the rule is kept: what a story would have come to.

use alloc::vec::Vec;
use core::iter;

use serde::Serialize;

use super::content::Value;
use super::player::{Move, Player};
use super::scenario::{Nonsense, Scenario};
use super::story::{Event, Story};

/// What a story's schedule comes to in another scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Retold {
    /// What happens, in order.
    pub events: Vec<Event>,
    /// So many of the events, from the first on, are the story's own.
    pub alike: usize,
    /// What the read that goes on to its end has found; none if it was refused, or never began.
    pub found: Option<Vec<Option<Value>>>,
}

/// Plays a story's schedule in a scenario as far as it happens there alike. Then the nodes take their
/// turns as in the story, and who had the last one goes on alone, up to the end of its request.
///
/// That tells how a rule saves a read: the scenario is the story's with the rule.
///
/// ```
/// use shadowvol::Rule;
/// use shadowvol::sim::{Limits, explore, retell, scenarios};
///
/// let careless = scenarios::without(Rule::ConfirmAbsence);
/// let story = explore(&careless, Limits::default()).damage.expect("a wrong read");
/// let careful = scenarios::named(careless.name).expect("the same world with all rules");
/// let saved = retell(&careful, &story)?;
/// assert_eq!(saved.events[..saved.alike], story.events);
/// assert_eq!(saved.found, Some(vec![Some(1); 2]));
/// # Ok::<(), shadowvol::sim::Nonsense>(())
/// ```
///
/// # Errors
///
/// When the scenario makes no sense.
pub fn retell(scenario: &Scenario, story: &Story) -> Result<Retold, Nonsense> {
    let mut player = Player::new(scenario)?;
    for event in &story.events {
        let Some(action) = event.action else { continue };
        if !player.world().allows(action) || player.world().tell(action) != *event {
            break;
        }
        player.make(Move::Act(action))?;
    }
    let told = player.events().map(|(_, event)| event);
    let alike = told.zip(&story.events).take_while(|(here, there)| here == there).count();

    let answers = player.answers().count();
    let rest = story.events.iter().skip(alike).filter(|event| event.action.is_some());
    let turns = rest.map(|event| event.lane);
    let last = story.events.last().and_then(|event| event.lane);
    for lane in turns.chain(iter::repeat(last)) {
        let is_able = take_turn(&mut player, lane)?;
        if player.answers().count() > answers || !is_able && lane == last {
            break;
        }
    }
    let answer = player.answers().map(|(_, answer)| answer).nth(answers);
    let found = answer.filter(|answer| answer.error.is_none() && !answer.found.is_empty());
    let found = found.map(|answer| answer.found.clone());
    let events = player.events().map(|(_, event)| event.clone()).collect();
    Ok(Retold { events, alike, found })
}

/// Lets a node and its thread do the next thing that it can; returns whether it can.
fn take_turn(player: &mut Player, lane: Option<(u8, u8)>) -> Result<bool, Nonsense> {
    let choices = player.choices().into_iter().filter(|event| event.lane == lane);
    let mut actions = choices.filter_map(|event| event.action);
    let Some(action) = actions.find(|action| !action.is_mishap()) else { return Ok(false) };
    player.make(Move::Act(action)).map(|()| true)
}
