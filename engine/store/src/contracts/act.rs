//! What a sender does with a contract that is under way: take it back, or remind those whose turn it is.

use sealflow_core::{Actor, EventId, EventKind, ids::PersonId};
use serde_json::{Value, json};

use super::{Contract, note_reminder};
use crate::{
    NewEvent, Submitted, Tx,
    db::Error as StoreError,
    instances::{self, history},
    recipients, tasks,
};

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// It is a draft, or nobody has anything to do.
    #[error("the contract is not in progress")]
    NotInProgress,
    /// There was a reminder just now.
    #[error("there was a reminder just now")]
    TooSoon {
        /// How long to wait, in milliseconds.
        wait_ms: i64,
    },
    /// The instance refused.
    #[error("the event was not accepted")]
    Submit(#[from] instances::submit::Error),
    /// The database's.
    #[error("the database failed")]
    Store(#[from] StoreError),
}

/// Takes the contract back (撤回).
///
/// # Errors
/// See [`ActError`].
pub async fn withdraw(
    tx: &mut Tx,
    contract: &Contract,
    person: PersonId,
    reason: &str,
    event_id: EventId,
) -> Result<Submitted, ActError> {
    let instance = contract.instance_id.ok_or(ActError::NotInProgress)?;
    let event = action(contract, person, event_id, "withdraw", None, json!({"reason": reason}));
    Ok(instances::submit(tx, instance, event).await?)
}

/// Reminds everybody whose turn it is (催签). A repeat with the same event id changes nothing; tells
/// whether it was the first time.
///
/// # Errors
/// See [`ActError`].
pub async fn remind(
    tx: &mut Tx,
    contract: &Contract,
    person: PersonId,
    interval_ms: i64,
    event_id: &EventId,
) -> Result<bool, ActError> {
    let instance = contract.instance_id.ok_or(ActError::NotInProgress)?;
    let own = |position: i64| EventId(format!("{}/{position}", event_id.0));
    let recipients = recipients::list(tx.conn(), contract.id).await?;
    for recipient in &recipients {
        if history::find(tx.conn(), instance, &own(recipient.position)).await?.is_some() {
            return Ok(false);
        }
    }
    let open = tasks::of_instance(tx.conn(), instance).await?;
    let asked: Vec<_> = recipients
        .iter()
        .filter(|recipient| open.iter().any(|task| task.item.as_deref() == Some(&recipient.id.to_string())))
        .collect();
    if asked.is_empty() {
        return Err(ActError::NotInProgress);
    }
    let now_ms = tx.now().as_ms();
    if let Some(wait_ms) = note_reminder(tx.conn(), contract.id, interval_ms, now_ms).await? {
        return Err(ActError::TooSoon { wait_ms });
    }
    for recipient in asked {
        let item = Some(recipient.id.to_string());
        let event = action(contract, person, own(recipient.position), "remind", item, json!({}));
        instances::submit(tx, instance, event).await?;
    }
    Ok(true)
}

fn action(
    contract: &Contract,
    person: PersonId,
    id: EventId,
    name: &str,
    item: Option<String>,
    data: Value,
) -> NewEvent {
    NewEvent {
        id,
        actor: Actor::Person { id: person, acting_as: Some(contract.organization_id) },
        kind: EventKind::Action { name: name.to_owned(), item, data },
    }
}
