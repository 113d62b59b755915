//! The definitions that others may use, by name and version.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    definition::Definition,
    model::{Frame, StateDef, Workflow},
};

/// How many definitions may be put into one another.
pub(crate) const USES_DEPTH_MAX: usize = 4;

/// A definition's name and version.
pub(crate) type Name = (String, u32);

/// Definitions that have been checked.
#[derive(Debug, Clone, Default)]
pub struct Library {
    definitions: BTreeMap<String, BTreeMap<u32, Definition>>,
}

impl Library {
    /// Adds a definition; of the same name and version the last one counts.
    pub fn insert(&mut self, definition: Definition) {
        let versions = self.definitions.entry(definition.name().to_owned()).or_default();
        versions.insert(definition.version(), definition);
    }

    /// The definition of this name and version.
    #[must_use]
    pub fn get(&self, name: &str, version: u32) -> Option<&Definition> {
        self.definitions.get(name)?.get(&version)
    }

    /// The names of all definitions.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.definitions.keys().map(String::as_str)
    }

    /// The versions of a name; none when there is no such name.
    pub(crate) fn versions(&self, name: &str) -> Vec<u32> {
        self.definitions.get(name).into_iter().flat_map(BTreeMap::keys).copied().collect()
    }
}

impl Extend<Definition> for Library {
    fn extend<I: IntoIterator<Item = Definition>>(&mut self, definitions: I) {
        definitions.into_iter().for_each(|definition| self.insert(definition));
    }
}

/// Puts every definition that is used into the state that uses it. What is not in the library was refused before.
pub(crate) fn put_in(workflow: &mut Workflow, library: &Library) {
    workflow.states.values_mut().for_each(|state| put_in_state(state, library));
}

fn put_in_state(state: &mut StateDef, library: &Library) {
    if let Some(uses) = &mut state.uses
        && let Some(definition) = library.get(&uses.workflow, uses.version)
    {
        let body = as_state(definition.workflow());
        uses.body = BTreeMap::from([(uses.workflow.clone(), body)]);
        return;
    }
    state.states.values_mut().for_each(|inner| put_in_state(inner, library));
    if let Some(each) = &mut state.each {
        each.states.values_mut().for_each(|inner| put_in_state(inner, library));
    }
}

/// A definition as one state of another. Its statuses say what an instance of its own would be; here the state that
/// uses it says that.
fn as_state(workflow: &Workflow) -> StateDef {
    let mut states = workflow.states.clone();
    states.values_mut().for_each(forget_status);
    StateDef {
        initial: Some(workflow.initial.clone()),
        states,
        on: workflow.on.clone(),
        timers: workflow.timers.clone(),
        frame: Some(Box::new(Frame {
            input: workflow.input.clone(),
            require: workflow.require.clone(),
            data: workflow.data.clone(),
            counters: workflow.counters.clone(),
        })),
        ..StateDef::default()
    }
}

fn forget_status(state: &mut StateDef) {
    state.status = None;
    state.states.values_mut().for_each(forget_status);
    if let Some(each) = &mut state.each {
        each.states.values_mut().for_each(forget_status);
    }
}

/// Which of these definitions cannot be loaded because they use one another in a circle, or what leads into one: each
/// with the definition it waits for. `order` gets the indexes of the others, what is used before what uses it.
pub(crate) fn order(names: &[Option<Name>], uses: &[BTreeSet<Name>]) -> (Vec<usize>, Vec<(usize, Name)>) {
    let mut order: Vec<usize> = Vec::with_capacity(names.len());
    let mut open: Vec<usize> = (0..names.len()).collect();
    loop {
        let waits_for = |index: usize| {
            let open_names = || open.iter().filter_map(|other| names.get(*other)?.as_ref());
            uses.get(index)?.iter().find(|used| open_names().any(|name| name == *used))
        };
        let (waiting, ready): (Vec<usize>, Vec<usize>) =
            open.iter().partition(|index| waits_for(**index).is_some());
        if ready.is_empty() {
            let waits =
                waiting.iter().filter_map(|index| Some((*index, waits_for(*index)?.clone()))).collect();
            return (order, waits);
        }
        order.extend(ready);
        open = waiting;
    }
}
