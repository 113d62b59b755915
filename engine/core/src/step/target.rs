//! From the name in `to` to the state that it means.

use crate::model::{StateDef, Workflow};

/// The path of the state that `to` means, written in the state at `holder` (empty: the whole workflow): looked for
/// beside the holder, then beside each state around it; `a/b` goes on inwards.
pub(crate) fn resolve(workflow: &Workflow, holder: &[String], to: &str) -> Option<Vec<String>> {
    let mut names = to.split('/');
    let first = names.next()?;
    // What a used definition says for all its states stands around them, not beside them.
    let levels = if is_use(workflow, holder) { holder.len() + 1 } else { holder.len().max(1) };
    let level = (0..levels).rev().find(|level| {
        holder
            .get(..*level)
            .and_then(|around| children(workflow, around))
            .is_some_and(|states| states.contains_key(first))
    })?;
    let mut path = holder.get(..level)?.to_vec();
    path.push(first.to_owned());
    for name in names {
        let state = workflow.state(&path)?;
        // The inner states of an `each` belong to its items, those of a used definition to it: nothing enters them from
        // outside.
        if state.each.is_some() || state.uses.is_some() || !state.states.contains_key(name) {
            return None;
        }
        path.push(name.to_owned());
    }
    Some(path)
}

/// The states directly inside the state at `path` (empty: of the workflow).
pub(crate) fn children<'a>(
    workflow: &'a Workflow,
    path: &[String],
) -> Option<&'a std::collections::BTreeMap<String, StateDef>> {
    if path.is_empty() {
        Some(&workflow.states)
    } else {
        workflow.state(path)?.inner().map(|(_, states)| states)
    }
}

/// Whether the state at `holder` stands for a definition that was put here by `use`.
pub(crate) fn is_use(workflow: &Workflow, holder: &[String]) -> bool {
    workflow.state(holder).is_some_and(|state| state.frame.is_some())
}

/// How many names `holder` and `target` have in common above both: what is not left when going from one to the other.
/// A used definition is not left by what it says for all its states.
pub(crate) fn common(workflow: &Workflow, holder: &[String], target: &[String]) -> usize {
    if is_use(workflow, holder) {
        return holder.len();
    }
    let above = holder.len().saturating_sub(1).min(target.len().saturating_sub(1));
    holder.iter().zip(target).take(above).take_while(|(a, b)| a == b).count()
}
