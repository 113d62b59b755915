//! 强制阅读: the document is read to the end before it is signed. The time is measured by who submits
//! `finish_reading`; the workflow only keeps the order.

use serde_json::{Map, json};

use super::{branch::those, party::Step};
use crate::model::contract_type::RecipientRole;

pub(super) fn step<'a>(roles: &[&'a RecipientRole]) -> Step<'a> {
    Step {
        state: "reading".to_owned(),
        asked: those(roles, |role| role.forced_reading.is_some()),
        task: json!({"form": "reading", "assignee": "recipient.person_id"}),
        action: "finish_reading",
        guard: None,
        more: Map::new(),
    }
}
