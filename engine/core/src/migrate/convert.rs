//! The state as the new definition would have it, as far as that follows from the two definitions alone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    Reason,
    plan::{Plan, missing_input},
};
use crate::{
    DefinitionHash, Effect, State,
    canonical::canonical,
    simulate,
    state::{EachRun, Item, ItemProgress, Place, Scope, SetTimer, StatePath, UseRun},
    step::Adopted,
};

pub(super) fn convert(plan: &Plan<'_>, hash: &DefinitionHash, state: &State) -> Result<Adopted, Vec<Reason>> {
    let active = simulate::active_places(state);
    let mut reasons: Vec<Reason> = active.iter().filter_map(|place| plan.against(place)).collect();
    let scope = scope_of_instance(plan, &state.scope, &mut reasons);
    let each = state.each.iter().map(|run| moved_each(plan, run, &mut reasons)).collect();
    let uses = state.uses.iter().map(|run| moved_use(plan, run, &mut reasons)).collect();
    if !reasons.is_empty() {
        return Err(reasons);
    }
    let image = |place: &Place| Place { path: plan.image(&place.path), item: place.item.clone() };
    let mut next = state.clone();
    next.definition = hash.clone();
    next.at = plan.image(&state.at);
    next.scope = scope;
    next.each = each;
    next.tasks.values_mut().for_each(|task| task.place = image(&task.place));
    next.incidents.values_mut().for_each(|incident| incident.place = image(&incident.place));
    next.uses = uses;
    next.jobs.values_mut().for_each(|job| job.place = image(&job.place));
    let (timers, moved, effects) = moved_timers(plan, state, &image);
    next.timers = timers;
    let fresh = fresh_timers(plan, &active, &image);
    Ok(Adopted { state: next, effects, moved, fresh })
}

fn scope_of_instance(plan: &Plan<'_>, scope: &Scope, reasons: &mut Vec<Reason>) -> Scope {
    let mut next = moved_scope(scope, &plan.new.data, &plan.new.counters, None, reasons);
    for name in &plan.new.input {
        match scope.data.get(name) {
            Some(value) => {
                next.data.insert(name.clone(), value.clone());
            }
            None => reasons.push(missing_input(name)),
        }
    }
    next
}

/// Variables keep their values and counters their counts; new ones begin as declared.
fn moved_scope(
    scope: &Scope,
    data: &BTreeMap<String, Value>,
    counters: &BTreeMap<String, u32>,
    place: Option<&Place>,
    reasons: &mut Vec<Reason>,
) -> Scope {
    let value = |(name, first): (&String, &Value)| {
        (name.clone(), scope.data.get(name).cloned().unwrap_or_else(|| canonical(first.clone())))
    };
    let mut next = Scope { data: data.iter().map(value).collect(), counters: BTreeMap::new() };
    for (name, limit) in counters {
        let count = scope.counters.get(name).copied().unwrap_or(0);
        if count > *limit {
            let message = format!("the counter `{name}` stands at {count}, above the new limit of {limit}");
            reasons.push(Reason { place: place.cloned(), code: "above_limit", message });
        }
        next.counters.insert(name.clone(), count);
    }
    next
}

fn moved_each(plan: &Plan<'_>, run: &EachRun, reasons: &mut Vec<Reason>) -> EachRun {
    let path = plan.image(&run.path);
    let Some(each) = plan.new.state(&path.0).and_then(|state| state.each.as_deref()) else {
        // One that is over is only told about; one that runs has its reason already.
        return EachRun { path, ..run.clone() };
    };
    let moved_item = |item: &Item| {
        let place = Place { path: run.path.clone(), item: Some(item.id.clone()) };
        let mut dropped = Vec::new();
        let scope = moved_scope(&item.scope, &each.data, &each.counters, Some(&place), &mut dropped);
        let progress = match &item.progress {
            ItemProgress::Active { path } => ItemProgress::Active { path: plan.image(path) },
            ItemProgress::Stopped { path } => ItemProgress::Stopped { path: plan.image(path) },
            same @ (ItemProgress::Waiting | ItemProgress::Done { .. }) => same.clone(),
        };
        (Item { scope, progress, ..item.clone() }, dropped)
    };
    let mut items = Vec::with_capacity(run.items.len());
    for item in &run.items {
        let (item, against) = moved_item(item);
        // The counts of items that are done raise no more.
        if run.running && !matches!(item.progress, ItemProgress::Done { .. }) {
            reasons.extend(against);
        }
        items.push(item);
    }
    EachRun { path, items, ..run.clone() }
}

/// What a used definition has for itself. What it was given on entry is not worked out again.
fn moved_use(plan: &Plan<'_>, run: &UseRun, reasons: &mut Vec<Reason>) -> UseRun {
    let place = Place { path: plan.image(&run.place.path), item: run.place.item.clone() };
    let Some(frame) = plan.new.state(&place.path.0).and_then(|state| state.frame.as_deref()) else {
        // The state that is active inside it has its reason already.
        return UseRun { place, scope: run.scope.clone() };
    };
    let mut scope = moved_scope(&run.scope, &frame.data, &frame.counters, Some(&run.place), reasons);
    for name in &frame.input {
        match run.scope.data.get(name) {
            Some(value) => {
                scope.data.insert(name.clone(), value.clone());
            }
            None => {
                let message = format!("it asks for `{name}`, which was not given when it was entered");
                reasons.push(Reason::at(&run.place, "missing_input", message));
            }
        }
    }
    UseRun { place, scope }
}

type Moved = (BTreeMap<String, SetTimer>, Vec<String>, Vec<Effect>);

/// Timers that both definitions have, under their new keys; those whose key changed are told, and set anew with the
/// time that they had. The rest is dropped.
fn moved_timers(plan: &Plan<'_>, state: &State, image: &impl Fn(&Place) -> Place) -> Moved {
    let mut timers = BTreeMap::new();
    let mut moved = Vec::new();
    let mut effects = Vec::new();
    for (key, timer) in &state.timers {
        let place = image(&timer.place);
        let stays = plan.new.timer(&place.path.0, &timer.name).is_some();
        let new_key = format!("{place}:{}", timer.name);
        if !stays || new_key != *key {
            effects.push(Effect::CancelTimer { key: key.clone() });
        }
        if stays {
            if new_key != *key {
                moved.push(new_key.clone());
            }
            timers.insert(new_key, SetTimer { place, ..timer.clone() });
        }
    }
    (timers, moved, effects)
}

/// Timers that only the new definition has, in the states that are active: they begin now. One that the old definition
/// has too, and that is not set, has come already.
fn fresh_timers(plan: &Plan<'_>, active: &[Place], image: &impl Fn(&Place) -> Place) -> Vec<(Place, String)> {
    let mut fresh = BTreeSet::new();
    for place in active {
        let leaf = image(place);
        for len in 0..=leaf.path.0.len() {
            let holder = StatePath(leaf.path.0.get(..len).unwrap_or_default().to_vec());
            let inside = plan.new.each_around(&leaf.path.0).is_some_and(|(depth, _)| len > depth);
            let item = leaf.item.clone().filter(|_| inside);
            // The state that this one takes the place of, if there is one.
            let before = (0..=place.path.0.len())
                .filter_map(|len| place.path.0.get(..len))
                .find(|path| plan.image(&StatePath(path.to_vec())) == holder);
            for (name, _) in plan.new.timers(&holder.0) {
                let had = before.is_some_and(|path| plan.old.timer(path, name).is_some());
                if !had {
                    fresh.insert((Place { path: holder.clone(), item: item.clone() }, name.to_owned()));
                }
            }
        }
    }
    fresh.into_iter().collect()
}
