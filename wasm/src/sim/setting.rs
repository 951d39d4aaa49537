//! A scenario as a page writes it: one that is proven, or an empty one, with what is changed.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Deserialize;
use shadowvol::format::superblock::OnFull;
use shadowvol::sim::{Mishaps, Program, Scenario, scenarios};
use shadowvol::{Rule, Rules};

use super::unreadable;
use crate::error::Error;

/// What is asked for; all else is as in the world that it begins with.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct Setting {
    world: Option<String>,
    without: Vec<String>,
    units: Option<usize>,
    slots: Option<usize>,
    segment: Option<u32>,
    drop_oldest: Option<bool>,
    coherent: Option<bool>,
    reservation: Option<bool>,
    audit: Option<bool>,
    before: Option<Program>,
    actives: Option<Vec<Vec<Program>>>,
    passives: Option<Vec<Vec<Program>>>,
    recovery: Option<Program>,
    mishaps: Option<Often>,
}

/// How often something may go wrong.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Often {
    cuts: u8,
    kills: u8,
    failures: u8,
}

impl Setting {
    /// The scenario that a text describes.
    pub(super) fn scenario(text: &str) -> Result<Scenario, Error> {
        let setting: Self = serde_json::from_str(text).map_err(unreadable)?;
        let mut scenario = match &setting.world {
            Some(name) => scenarios::named(name).ok_or_else(|| unknown("world", name))?,
            None => Scenario::new("mine", "made by hand"),
        };
        scenario.rules = setting.rules()?;
        put(&mut scenario.units, setting.units);
        put(&mut scenario.slots, setting.slots);
        put(&mut scenario.segment, setting.segment);
        put(&mut scenario.coherent, setting.coherent);
        put(&mut scenario.reservation, setting.reservation);
        put(&mut scenario.audit, setting.audit);
        put(&mut scenario.before, setting.before);
        put(&mut scenario.actives, setting.actives);
        put(&mut scenario.passives, setting.passives);
        put(&mut scenario.recovery, setting.recovery);
        let often = setting.mishaps;
        let mishaps =
            often.map(|Often { cuts, kills, failures }| Mishaps { cuts, kills, failures });
        put(&mut scenario.mishaps, mishaps);
        let on_full = |drops| if drops { OnFull::DropOldest } else { OnFull::FailWrite };
        put(&mut scenario.on_full, setting.drop_oldest.map(on_full));
        Ok(scenario)
    }

    /// All rules but those that are taken away.
    fn rules(&self) -> Result<Rules, Error> {
        self.without.iter().try_fold(Rules::default(), |rules, name| {
            let rule = Rule::ALL.into_iter().find(|rule| format!("{rule:?}") == *name);
            rule.map(|rule| rules.without(rule)).ok_or_else(|| unknown("rule", name))
        })
    }
}

fn put<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn unknown(what: &str, name: &str) -> Error {
    Error::Other("nonsense", format!("there is no {what} of the name {name}"))
}
