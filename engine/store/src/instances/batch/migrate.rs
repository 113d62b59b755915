//! A move to another definition, worked out like any other event.

use std::cmp::max;

use sealflow_core::{
    Actor, Definition, EventId, EventKind,
    ids::InstanceId,
    migrate::{Reason, StateMap, migrate},
};

use super::{Batch, Disposition, Error, Summary, stamped};
use crate::instances::migrate::Migrated;

impl Batch {
    /// Works out the move of an instance, or every reason against it. The instance's definition is written by the caller.
    pub(crate) fn migrate(
        &mut self,
        id: InstanceId,
        to: &Definition,
        map: &StateMap,
    ) -> Result<Migrated, Error> {
        let instance = &self.instances.get(&id).ok_or(Error::UnknownInstance(id))?.instance;
        if instance.definition == *to.hash() {
            return Ok(Migrated::AlreadyThere);
        }
        let from = self.definition(&instance.definition)?;
        let event_id = EventId(format!("migrate/{}/{}", instance.seq + 1, to.hash()));
        let kind = EventKind::Migrated { to: to.hash().clone(), states: map.states.clone() };
        let event = stamped(event_id, Actor::System, kind, max(self.now, instance.updated_at));
        let moved: Result<_, Vec<Reason>> = migrate(&from, to, &instance.state, &event);
        let (state, effects) = match moved {
            Ok(moved) => moved,
            Err(reasons) => return Ok(Migrated::Not(reasons)),
        };
        self.writes.effects(id, &state, (event.at, self.now), &effects)?;
        self.take(id, state, event, Disposition::Applied, Summary::of(&effects))?;
        Ok(Migrated::Moved)
    }
}
