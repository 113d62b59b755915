//! `each`: the same states for every item of a list, in an order.

use serde_json::Value;

use super::{
    ITEMS_MAX, Rejection,
    enter::is_item_id,
    run::{Consequence, Run, first_scope},
    scope::failed,
};
use crate::{
    canonical::canonical,
    expr::{self, Expr},
    model::{Each, Order},
    state::{EachRun, Item, ItemProgress, Place},
};

impl Run<'_> {
    pub(super) fn enter_each(&mut self, place: &Place, each: &Each) -> Result<(), Rejection> {
        let Value::Array(values) = self.visible(place).value(&each.list)? else {
            return Err(failed(each.list.source(), expr::Error::NotA("list")));
        };
        if values.len() > ITEMS_MAX {
            return Err(Rejection::DataTooLarge { what: "the number of items", limit: ITEMS_MAX });
        }
        let mut items: Vec<Item> = Vec::with_capacity(values.len());
        for (index, value) in values.into_iter().enumerate() {
            let item = self.new_item(place, each, index, canonical(value))?;
            if items.iter().any(|other| other.id == item.id) {
                return Err(failed(
                    each.list.source(),
                    expr::Error::NotA("list of items with ids of their own"),
                ));
            }
            items.push(item);
        }
        let need = match &each.need {
            None => items.len(),
            Some(need) => match self.visible(place).value(need)?.as_u64().map(usize::try_from) {
                Some(Ok(count)) => count.min(items.len()),
                _ => return Err(failed(need.source(), expr::Error::NotA("number of items"))),
            },
        };
        let run = EachRun { path: place.path.clone(), running: true, need, items };
        match self.state.each.iter_mut().find(|other| other.path == place.path) {
            Some(other) => *other = run,
            None => self.state.each.push(run),
        }
        if need == 0 {
            self.due.push_back(Consequence::EachDone(place.clone()));
            return Ok(());
        }
        self.start_group(place)
    }

    fn new_item(&self, place: &Place, each: &Each, index: usize, value: Value) -> Result<Item, Rejection> {
        let mut visible = self.visible(place);
        visible.local = Some((&each.name, &value));
        let default;
        let id_expr = match &each.id {
            Some(expr) => expr,
            None => {
                default = Expr::new(format!("{}.id", each.name));
                &default
            }
        };
        let id = match visible.value(id_expr)? {
            Value::String(id) if is_item_id(&id) => id,
            _ => return Err(failed(id_expr.source(), expr::Error::NotA("short text"))),
        };
        let group = match (each.order, &each.group) {
            (Order::Parallel, _) => 0,
            (Order::Grouped, Some(group)) => visible
                .value(group)?
                .as_i64()
                .ok_or_else(|| failed(group.source(), expr::Error::NotA("whole number")))?,
            (Order::Sequential, _) | (Order::Grouped, None) => i64::try_from(index).unwrap_or(i64::MAX),
        };
        let scope = first_scope(&each.data, &each.counters);
        Ok(Item { id, group, value, progress: ItemProgress::Waiting, scope })
    }

    /// Starts the next group of waiting items, when none is active.
    fn start_group(&mut self, place: &Place) -> Result<(), Rejection> {
        let Some(run) = self.state.running() else { return Ok(()) };
        if run.items.iter().any(|item| matches!(item.progress, ItemProgress::Active { .. })) {
            return Ok(());
        }
        let waiting = || run.items.iter().filter(|item| item.progress == ItemProgress::Waiting);
        let Some(group) = waiting().map(|item| item.group).min() else { return Ok(()) };
        let ids: Vec<String> =
            waiting().filter(|item| item.group == group).map(|item| item.id.clone()).collect();
        let Some(each) = self.workflow.state(&place.path.0).and_then(|state| state.each.as_deref()) else {
            return Err(self.broken(&place.path.0));
        };
        let depth = place.path.0.len();
        let mut first = place.path.0.clone();
        first.push(each.initial.clone());
        for id in ids {
            self.enter(Some(&id), depth, first.clone())?;
        }
        Ok(())
    }

    /// An item reached a final state of its own.
    pub(super) fn item_ended(&mut self, id: &str, depth: usize, outcome: String) -> Result<(), Rejection> {
        self.leave(Some(id), depth);
        if let Some(item) = self.state.running_item_mut(id) {
            item.progress = ItemProgress::Done { outcome };
        }
        let Some(run) = self.state.running() else { return Ok(()) };
        let place = Place { path: run.path.clone(), item: None };
        let ended =
            run.items.iter().filter(|item| matches!(item.progress, ItemProgress::Done { .. })).count();
        if ended < run.need {
            return self.start_group(&place);
        }
        let active: Vec<String> = run
            .items
            .iter()
            .filter(|item| matches!(item.progress, ItemProgress::Active { .. }))
            .map(|item| item.id.clone())
            .collect();
        for id in active {
            self.stop_item(&id, depth);
        }
        self.due.push_back(Consequence::EachDone(place));
        Ok(())
    }

    fn stop_item(&mut self, id: &str, depth: usize) {
        let path = match self.state.running_item(id).map(|item| &item.progress) {
            Some(ItemProgress::Active { path }) => path.clone(),
            _ => return,
        };
        self.leave(Some(id), depth);
        if let Some(item) = self.state.running_item_mut(id) {
            item.progress = ItemProgress::Stopped { path };
        }
    }

    /// The instance leaves the `each` that it is in, if that lies deeper than `depth`; how far its items came is kept.
    pub(super) fn stop_each(&mut self, depth: usize) {
        let Some(run) = self.state.each.iter_mut().find(|run| run.running && run.path.0.len() > depth) else {
            return;
        };
        run.running = false;
        for item in &mut run.items {
            item.value = Value::Null;
            if let ItemProgress::Active { path } = &item.progress {
                item.progress = ItemProgress::Stopped { path: path.clone() };
            }
        }
    }
}
