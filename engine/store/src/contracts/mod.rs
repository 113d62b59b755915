//! Contracts (合同): drafted by a sender, then driven by an instance. The instance's status is the contract's.

mod act;
mod draft;
mod list;
mod offered;
mod place;
mod placements;
mod send;

use sealflow_core::{
    DefinitionHash,
    ids::{ContractId, InstanceId, OrganizationId, PersonId, RecipientId},
};
use sqlx::{Row as _, any::AnyRow};

use crate::{
    db::{Conn, Error},
    instances::Subject,
    rows,
};

pub use act::{ActError, remind, withdraw};
pub use draft::{Draft, DraftError, DraftRecipient, create, update};
pub use list::{Filter, PAGE_SIZE_MAX, Page, Summary, View, counts, list};
pub use offered::{OFFERED, not_offered};
pub use placements::{Placement, placements};
pub use send::{Send, SendError, send};

/// What a contract's instances call it.
pub const SUBJECT_KIND: &str = "contract";

/// The status of a contract that was not sent.
pub const DRAFT: &str = "draft";
/// The status while recipients have something to do.
pub const IN_PROGRESS: &str = "in_progress";
/// The status when everybody has signed who must.
pub const COMPLETED: &str = "completed";

/// A contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// Its id.
    pub id: ContractId,
    /// As the sender wrote it.
    pub title: String,
    /// The contract type's name.
    pub contract_type: String,
    /// The contract type's exact version.
    pub definition: DefinitionHash,
    /// In whose name it is sent.
    pub organization_id: OrganizationId,
    /// That organization's name.
    pub organization_name: String,
    /// Who made it.
    pub sender_id: PersonId,
    /// That person's name.
    pub sender_name: String,
    /// What drives it, once it is sent.
    pub instance_id: Option<InstanceId>,
    /// `draft`, or the instance's status.
    pub status: String,
    /// When the draft was made.
    pub created_at_ms: i64,
    /// When it was sent.
    pub sent_at_ms: Option<i64>,
    /// Until when it must be signed.
    pub deadline_at_ms: Option<i64>,
    /// When the sender last reminded.
    pub reminded_at_ms: Option<i64>,
}

impl Contract {
    /// Whether it was not sent.
    #[must_use]
    pub const fn is_draft(&self) -> bool {
        self.instance_id.is_none()
    }

    /// How its instance calls it.
    #[must_use]
    pub fn subject(id: ContractId) -> Subject {
        Subject { kind: SUBJECT_KIND.to_owned(), id: id.to_string() }
    }
}

/// What a person is to a contract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// Made it.
    pub sender: bool,
    /// May see what the sending organization sends.
    pub organization: bool,
    /// May send and withdraw in the organization's name.
    pub may_send: bool,
    /// The recipients that the person is, whose turn has come; in routing order.
    pub recipients: Vec<RecipientId>,
}

/// A contract, seen by somebody who may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The contract.
    pub contract: Contract,
    /// What that person is to it.
    pub parts: Parts,
}

const GET: &str = "
    select c.id, c.title, c.contract_type, c.definition_hash, c.organization_id, o.name as organization_name,
           c.sender_id, p.name as sender_name, c.instance_id, coalesce(i.status, 'draft') as status,
           c.created_at_ms, c.sent_at_ms, c.deadline_at_ms, c.reminded_at_ms
    from contracts c
    join organizations o on o.id = c.organization_id
    join people p on p.id = c.sender_id
    left join instances i on i.id = c.instance_id
    where c.id = $1";

fn read(row: &AnyRow) -> Result<Contract, Error> {
    Ok(Contract {
        id: rows::id(row, "id")?,
        title: row.try_get("title")?,
        contract_type: row.try_get("contract_type")?,
        definition: DefinitionHash(row.try_get("definition_hash")?),
        organization_id: rows::id(row, "organization_id")?,
        organization_name: row.try_get("organization_name")?,
        sender_id: rows::id(row, "sender_id")?,
        sender_name: row.try_get("sender_name")?,
        instance_id: rows::id_opt(row, "instance_id")?,
        status: row.try_get("status")?,
        created_at_ms: row.try_get("created_at_ms")?,
        sent_at_ms: row.try_get("sent_at_ms")?,
        deadline_at_ms: row.try_get("deadline_at_ms")?,
        reminded_at_ms: row.try_get("reminded_at_ms")?,
    })
}

/// The contract with that id, whoever asks.
///
/// # Errors
/// The database's.
pub async fn get(conn: &mut Conn, id: ContractId) -> Result<Option<Contract>, Error> {
    let found = sqlx::query(GET).bind(id.to_string()).fetch_optional(conn).await?;
    found.as_ref().map(read).transpose()
}

/// The contract with that id, if the person may see it: a draft is for its sender; what was sent is for the sender, for
/// those who see what the organization sends, and for each recipient from the moment that the turn comes.
///
/// # Errors
/// The database's.
pub async fn seen_by(conn: &mut Conn, id: ContractId, person: PersonId) -> Result<Option<Seen>, Error> {
    let Some(contract) = get(conn, id).await? else { return Ok(None) };
    let sender = contract.sender_id == person;
    let roles = sqlx::query("select role from member_roles where organization_id = $1 and person_id = $2")
        .bind(contract.organization_id.to_string())
        .bind(person.to_string())
        .fetch_all(&mut *conn)
        .await?;
    let roles = roles.iter().map(|row| row.try_get::<String, _>("role")).collect::<sqlx::Result<Vec<_>>>()?;
    let may_send = roles.iter().any(|role| role == "sender");
    let organization =
        !contract.is_draft() && roles.iter().any(|role| role == "sender" || role == "org_admin");
    let mine = sqlx::query(
        "select id from recipients where contract_id = $1 and person_id = $2 and turn_at_ms is not null
         order by position",
    )
    .bind(id.to_string())
    .bind(person.to_string())
    .fetch_all(conn)
    .await?;
    let recipients =
        mine.iter().map(|row| rows::id(row, "id")).collect::<Result<Vec<RecipientId>, Error>>()?;
    let visible = sender || organization || !recipients.is_empty();
    Ok(visible.then_some(Seen { contract, parts: Parts { sender, organization, may_send, recipients } }))
}

/// Makes others who change the draft or send it wait until this transaction ends. Tells whether it is a draft still.
///
/// # Errors
/// The database's.
pub async fn lock_draft(conn: &mut Conn, id: ContractId) -> Result<bool, Error> {
    let locked = sqlx::query("update contracts set title = title where id = $1 and instance_id is null")
        .bind(id.to_string())
        .execute(conn)
        .await?;
    Ok(locked.rows_affected() == 1)
}

/// Notes a reminder by hand, unless there was one less than `interval_ms` ago; then tells how long to wait, in
/// milliseconds.
///
/// # Errors
/// The database's.
pub(crate) async fn note_reminder(
    conn: &mut Conn,
    id: ContractId,
    interval_ms: i64,
    now_ms: i64,
) -> Result<Option<i64>, Error> {
    let noted = sqlx::query(
        "update contracts set reminded_at_ms = $2
         where id = $1 and (reminded_at_ms is null or reminded_at_ms <= $3)",
    )
    .bind(id.to_string())
    .bind(now_ms)
    .bind(now_ms.saturating_sub(interval_ms))
    .execute(&mut *conn)
    .await?;
    if noted.rows_affected() == 1 {
        return Ok(None);
    }
    let last: Option<i64> = sqlx::query_scalar("select reminded_at_ms from contracts where id = $1")
        .bind(id.to_string())
        .fetch_one(conn)
        .await?;
    Ok(Some(last.unwrap_or(now_ms).saturating_add(interval_ms).saturating_sub(now_ms).max(1)))
}
