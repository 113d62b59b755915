//! 签署前协议: each agreement is a step of its own and accepted by itself, so that the history has every consent.

use serde_json::{Map, json};

use super::{branch::those, party::Step};
use crate::model::contract_type::{RecipientRole, agreement_step};

/// The steps of the most agreements that a role has; a role with fewer passes the later ones by.
pub(super) fn steps<'a>(roles: &[&'a RecipientRole]) -> Vec<Step<'a>> {
    let most = roles.iter().map(|role| role.agreements().count()).max().unwrap_or_default();
    (0..most)
        .map(|index| Step {
            state: agreement_step(index),
            asked: those(roles, |role| role.agreements().count() > index),
            task: json!({"form": "agreement", "assignee": "recipient.person_id"}),
            action: "accept",
            guard: None,
            more: Map::new(),
        })
        .collect()
}
