//! What a recipient does: consent, read, fill, confirm, decline. Each is checked against the instance's open task and
//! then submitted as an event; what follows is the definition's business.

mod confirm;
mod fill;

use sealflow_core::{
    Actor, Definition, EventId, EventKind,
    ids::{FieldId, InstanceId, PersonId, RecipientId},
};
use serde_json::{Value, json};

use crate::{
    NewEvent, Submitted, Tx,
    agreements::{self, Agreement, NewConsent},
    contracts::{self, Contract},
    db::{Conn, Error as StoreError},
    definitions, documents,
    instances::{self, history},
    recipients::{self, Recipient},
    tasks::{self, Task},
};

pub use confirm::{
    Confirmation, Confirmed, ConfirmedDocument, ConfirmedField, Method, NotAsConfirmed, confirm,
    confirmed_fields, send_code,
};
pub use fill::{Entry, day_in_china, fill};

/// The forms of the tasks, as the definition names them.
pub mod form {
    /// The agreement (协议) must be accepted.
    pub const AGREEMENT: &str = "agreement";
    /// The documents must be read to the end (强制阅读).
    pub const READING: &str = "reading";
    /// Fields are filled and the will is confirmed.
    pub const SIGN: &str = "sign";
}

/// A recipient whose turn has come, with the person who asks: the same one.
#[derive(Debug, Clone)]
pub struct Signer {
    /// The recipient.
    pub recipient: Recipient,
    /// The contract.
    pub contract: Contract,
    /// What drives it.
    pub instance_id: InstanceId,
    /// The person.
    pub person_id: PersonId,
}

/// Where a request came from; kept as evidence.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The client's address.
    pub ip: &'a str,
    /// The client's program.
    pub user_agent: &'a str,
}

/// Why something was not done. Nothing was written then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The instance does not wait for this step of this person.
    #[error("the step {form} is not open")]
    StepNotOpen {
        /// Which step.
        form: &'static str,
    },
    /// The text that was accepted is not the one that is asked for.
    #[error("the agreement was published anew")]
    AgreementChanged,
    /// Pages or time are missing.
    #[error("not everything was read")]
    ReadingIncomplete {
        /// How long to go on, in seconds; 0 when pages are missing.
        wait_s: i64,
    },
    /// The recipient has no such field.
    #[error("there is no field {0} of this recipient")]
    FieldUnknown(FieldId),
    /// The value is of another kind than the field.
    #[error("the value does not fit the field {0}")]
    ValueKind(FieldId),
    /// The seal is disabled, of the wrong kind, of somebody else, or not granted.
    #[error("the seal of the field {0} may not be used")]
    SealNotUsable(FieldId),
    /// The person keeps no such picture of a signature.
    #[error("the signature of the field {0} is not kept")]
    SignatureUnknown(FieldId),
    /// Required fields are empty.
    #[error("{} fields are empty", .0.len())]
    FieldsMissing(Vec<FieldId>),
    /// What would be confirmed is not what the code was sent for.
    #[error("the content is not what the code was sent for")]
    ContentChanged,
    /// The code was not sent.
    #[error("the code was not sent")]
    Code(#[from] crate::codes::IssueError),
    /// The instance refused the event.
    #[error("the event was not accepted")]
    Submit(#[from] instances::submit::Error),
    /// The database's.
    #[error("the database failed")]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The recipient with this id, if the person is it and the turn has come.
///
/// # Errors
/// The database's.
pub async fn signer(
    conn: &mut Conn,
    id: RecipientId,
    person: PersonId,
) -> Result<Option<Signer>, StoreError> {
    let Some(recipient) = recipients::get(conn, id).await? else { return Ok(None) };
    if recipient.person_id != Some(person) || recipient.turn_at_ms.is_none() {
        return Ok(None);
    }
    let Some(contract) = contracts::get(conn, recipient.contract_id).await? else { return Ok(None) };
    let Some(instance_id) = contract.instance_id else { return Ok(None) };
    Ok(Some(Signer { recipient, contract, instance_id, person_id: person }))
}

impl Signer {
    fn event(&self, id: EventId, name: &str, data: Value) -> NewEvent {
        NewEvent {
            id,
            actor: Actor::Person { id: self.person_id, acting_as: self.recipient.organization_id },
            kind: EventKind::Action {
                name: name.to_owned(),
                item: Some(self.recipient.id.to_string()),
                data,
            },
        }
    }

    /// The task that the instance keeps open for this recipient and person.
    ///
    /// # Errors
    /// The database's.
    pub async fn open_task(&self, conn: &mut Conn) -> Result<Option<Task>, StoreError> {
        let item = self.recipient.id.to_string();
        let open = tasks::of_instance(conn, self.instance_id).await?;
        Ok(open.into_iter().find(|task| task.item.as_ref() == Some(&item) && task.assignee == self.person_id))
    }

    async fn expect_task(&self, conn: &mut Conn, form: &'static str) -> Result<Task, Error> {
        let open = self.open_task(conn).await?;
        open.filter(|task| task.form == form).ok_or(Error::StepNotOpen { form })
    }

    /// What came of the event with this id, if it was submitted before.
    async fn earlier(&self, conn: &mut Conn, id: &EventId) -> Result<Option<Submitted>, StoreError> {
        Ok(history::find(conn, self.instance_id, id).await?.map(history::Entry::into_submitted))
    }

    /// Makes others who act for this recipient wait until the transaction ends.
    async fn lock(&self, conn: &mut Conn) -> Result<(), StoreError> {
        sqlx::query("update recipients set position = position where id = $1")
            .bind(self.recipient.id.to_string())
            .execute(conn)
            .await?;
        Ok(())
    }

    /// What the contract type asks of this recipient.
    ///
    /// # Errors
    /// The database's.
    pub async fn definition(&self, conn: &mut Conn) -> Result<Option<Definition>, StoreError> {
        definitions::read(conn, &self.contract.definition).await
    }

    /// The agreement that the contract type asks this recipient to accept: of several the one at hand, the first before
    /// and after.
    ///
    /// # Errors
    /// The database's.
    pub async fn agreement(&self, conn: &mut Conn) -> Result<Option<Agreement>, StoreError> {
        let definition = self.definition(conn).await?;
        let contract_type = definition.as_ref().and_then(Definition::contract_type);
        let Some(role) = contract_type.and_then(|it| it.role(&self.recipient.role)) else { return Ok(None) };
        let instance = instances::get(conn, self.instance_id).await?;
        let item = self.recipient.id.to_string();
        let at = instance.as_ref().and_then(|instance| instance.state.item_progress(&item)?.state());
        let name = at.and_then(|at| role.agreement_at(at)).or_else(|| role.agreement());
        match name {
            Some(name) => agreements::newest(conn, name).await,
            None => Ok(None),
        }
    }
}

/// Accepts the agreement: keeps the consent to the exact text, and tells the instance.
///
/// # Errors
/// See [`Error`].
pub async fn accept(
    tx: &mut Tx,
    signer: &Signer,
    sha256: &str,
    origin: Origin<'_>,
    event_id: EventId,
) -> Result<Submitted, Error> {
    if let Some(earlier) = signer.earlier(tx.conn(), &event_id).await? {
        return Ok(earlier);
    }
    signer.expect_task(tx.conn(), form::AGREEMENT).await?;
    let asked = signer.agreement(tx.conn()).await?;
    if asked.as_ref().map(|agreement| agreement.sha256.as_str()) != Some(sha256) {
        return Err(Error::AgreementChanged);
    }
    let consent = NewConsent {
        recipient_id: signer.recipient.id,
        text_sha256: sha256,
        person_id: signer.person_id,
        ip: origin.ip,
        user_agent: origin.user_agent,
    };
    let now_ms = tx.now().as_ms();
    agreements::consent(tx.conn(), &consent, now_ms).await?;
    let event = signer.event(event_id, "accept", json!({"sha256": sha256}));
    Ok(instances::submit(tx, signer.instance_id, event).await?)
}

/// Reports that everything was read. The page says how many pages were shown and for how long; the time is also measured
/// here, from the moment that the step was opened.
///
/// # Errors
/// See [`Error`].
pub async fn finish_reading(
    tx: &mut Tx,
    signer: &Signer,
    pages_read: u32,
    seconds: u32,
    event_id: EventId,
) -> Result<Submitted, Error> {
    if let Some(earlier) = signer.earlier(tx.conn(), &event_id).await? {
        return Ok(earlier);
    }
    let task = signer.expect_task(tx.conn(), form::READING).await?;
    let documents = documents::list(tx.conn(), signer.contract.id).await?;
    let pages: u32 = documents.iter().map(documents::Document::page_count).sum();
    let definition = signer.definition(tx.conn()).await?;
    let contract_type = definition.as_ref().and_then(Definition::contract_type);
    let role = contract_type.and_then(|it| it.role(&signer.recipient.role));
    let least_s =
        role.and_then(|role| role.forced_reading).map_or(0, |reading| i64::from(reading.min_seconds));
    let open_ms = tx.now().as_ms().saturating_sub(task.since.as_ms());
    let read_s = i64::from(seconds).min(open_ms.div_euclid(1000));
    if pages_read < pages || read_s < least_s {
        return Err(Error::ReadingIncomplete { wait_s: least_s.saturating_sub(read_s).max(0) });
    }
    let event =
        signer.event(event_id, "finish_reading", json!({"pages_read": pages_read, "seconds": seconds}));
    Ok(instances::submit(tx, signer.instance_id, event).await?)
}

/// Refuses to sign (拒签).
///
/// # Errors
/// See [`Error`].
pub async fn decline(
    tx: &mut Tx,
    signer: &Signer,
    reason: &str,
    event_id: EventId,
) -> Result<Submitted, Error> {
    let event = signer.event(event_id, "decline", json!({"reason": reason}));
    Ok(instances::submit(tx, signer.instance_id, event).await?)
}
