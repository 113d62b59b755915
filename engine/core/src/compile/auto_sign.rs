//! 自动签署: a recipient who switched it on is signed for without being asked, if nothing speaks against it.
//!
//! The input says so in `recipient.auto_sign: {enabled, refusals}`; the refusals are those of
//! [`crate::auto_sign_refusals`], worked out at sending. A role that asks for a check or for reading has no automatic
//! path at all. When the signature cannot be made, the recipient is asked like anybody else.

use serde_json::{Value, json};

use super::branch::{Branch, condition, those, transitions};
use crate::{auto_sign::refused_by_role, model::contract_type::RecipientRole};

pub(super) const STATE: &str = "auto_signing";

/// The input says so.
const READY: &str = "has(recipient.auto_sign) && recipient.auto_sign != null && recipient.auto_sign.enabled && \
     size(recipient.auto_sign.refusals) == 0";

/// The roles that have an automatic path.
pub(super) fn roles<'a>(roles: &[&'a RecipientRole]) -> Vec<&'a RecipientRole> {
    those(roles, |role| role.auto_sign && refused_by_role(role).is_empty())
}

/// When the automatic path is taken.
pub(super) fn ready(all: &[&RecipientRole], automatic: &[&RecipientRole]) -> String {
    match condition(all, automatic) {
        None => READY.to_owned(),
        Some(condition) => format!("{condition} && {READY}"),
    }
}

/// The state that confirms in the recipient's place.
pub(super) fn state(next: &[Branch]) -> Value {
    json!({
        "enter": {"set": {"confirmation": "{'method': 'auto_sign'}", "confirmed_at_ms": "now"}},
        "always": transitions(next, None, &serde_json::Map::new()),
    })
}
