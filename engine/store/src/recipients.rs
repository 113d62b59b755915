//! The parties of a contract (参与方), in routing order.

use sealflow_core::{
    ids::{ContractId, OrganizationId, PersonId, RecipientId},
    model::contract_type::RecipientKind,
};
use sqlx::{Row as _, any::AnyRow};
use uuid::Uuid;

use crate::{
    db::{Conn, Error},
    phone::Phone,
    rows,
};

/// A party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Its id.
    pub id: RecipientId,
    /// Of which contract.
    pub contract_id: ContractId,
    /// Place in the routing order, from 0.
    pub position: i64,
    /// The contract type's name for the part.
    pub role: String,
    /// Who plays it.
    pub kind: RecipientKind,
    /// The person's name; for an organization, the transactor's.
    pub name: String,
    /// Where SMS go.
    pub phone: Phone,
    /// The account; set when the contract is sent.
    pub person_id: Option<PersonId>,
    /// For an organization.
    pub organization_id: Option<OrganizationId>,
    /// Its name.
    pub organization_name: Option<String>,
    /// When something was first asked of them.
    pub turn_at_ms: Option<i64>,
    /// When their last signed revision was added. In a contract with several documents more may follow.
    pub signed_at_ms: Option<i64>,
}

/// A party to be added to a draft.
#[derive(Debug, Clone)]
pub struct NewRecipient {
    /// Place in the routing order, from 0.
    pub position: i64,
    /// The contract type's name for the part.
    pub role: String,
    /// Who plays it.
    pub kind: RecipientKind,
    /// The person's name.
    pub name: String,
    /// Where SMS go.
    pub phone: Phone,
    /// For an organization.
    pub organization_id: Option<OrganizationId>,
}

const LIST: &str = "
    select r.id, r.contract_id, r.position, r.role, r.kind, r.name, r.phone, r.person_id, r.organization_id,
           r.turn_at_ms, o.name as organization_name,
           (select max(v.created_at_ms) from revisions v where v.recipient_id = r.id) as signed_at_ms
    from recipients r left join organizations o on o.id = r.organization_id
    where r.contract_id = $1 order by r.position";
const GET: &str = "
    select r.id, r.contract_id, r.position, r.role, r.kind, r.name, r.phone, r.person_id, r.organization_id,
           r.turn_at_ms, o.name as organization_name,
           (select max(v.created_at_ms) from revisions v where v.recipient_id = r.id) as signed_at_ms
    from recipients r left join organizations o on o.id = r.organization_id
    where r.id = $1";

fn read(row: &AnyRow) -> Result<Recipient, Error> {
    let kind: String = row.try_get("kind")?;
    Ok(Recipient {
        id: rows::id(row, "id")?,
        contract_id: rows::id(row, "contract_id")?,
        position: row.try_get("position")?,
        role: row.try_get("role")?,
        // The table knows no third kind.
        kind: if kind == RecipientKind::Organization.as_str() {
            RecipientKind::Organization
        } else {
            RecipientKind::Person
        },
        name: row.try_get("name")?,
        phone: rows::id(row, "phone")?,
        person_id: rows::id_opt(row, "person_id")?,
        organization_id: rows::id_opt(row, "organization_id")?,
        organization_name: row.try_get("organization_name")?,
        turn_at_ms: row.try_get("turn_at_ms")?,
        signed_at_ms: row.try_get("signed_at_ms")?,
    })
}

/// The contract's recipients in routing order.
///
/// # Errors
/// The database's.
pub async fn list(conn: &mut Conn, contract: ContractId) -> Result<Vec<Recipient>, Error> {
    let found = sqlx::query(LIST).bind(contract.to_string()).fetch_all(conn).await?;
    found.iter().map(read).collect()
}

/// The recipient with that id.
///
/// # Errors
/// The database's.
pub async fn get(conn: &mut Conn, id: RecipientId) -> Result<Option<Recipient>, Error> {
    let found = sqlx::query(GET).bind(id.to_string()).fetch_optional(conn).await?;
    found.as_ref().map(read).transpose()
}

/// Gives a draft these recipients instead of those it has.
///
/// # Errors
/// The database's.
pub async fn replace(
    conn: &mut Conn,
    contract: ContractId,
    recipients: &[NewRecipient],
) -> Result<(), Error> {
    sqlx::query("delete from recipients where contract_id = $1")
        .bind(contract.to_string())
        .execute(&mut *conn)
        .await?;
    for new in recipients {
        sqlx::query(
            "insert into recipients (id, contract_id, position, role, kind, name, phone, organization_id)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(Uuid::now_v7().to_string())
        .bind(contract.to_string())
        .bind(new.position)
        .bind(&new.role)
        .bind(new.kind.as_str())
        .bind(&new.name)
        .bind(new.phone.as_str())
        .bind(new.organization_id.map(|id| id.to_string()))
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// Ties the recipient to an account, when the contract is sent.
///
/// # Errors
/// The database's.
pub(crate) async fn set_person(conn: &mut Conn, id: RecipientId, person: PersonId) -> Result<(), Error> {
    sqlx::query("update recipients set person_id = $2 where id = $1")
        .bind(id.to_string())
        .bind(person.to_string())
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes that the recipient's turn has come: the instance asks something of them. From now on they see the contract.
/// `item` is the item of the instance's task, which for a contract is a recipient's id.
///
/// # Errors
/// The database's.
pub async fn turn_has_come(conn: &mut Conn, item: &str, now_ms: i64) -> Result<(), Error> {
    sqlx::query("update recipients set turn_at_ms = $2 where id = $1 and turn_at_ms is null")
        .bind(item)
        .bind(now_ms)
        .execute(conn)
        .await?;
    Ok(())
}
