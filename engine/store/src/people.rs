//! Natural persons. A phone number names one; recipients become persons when a contract is sent to them.

use sealflow_core::ids::PersonId;
use sqlx::{Row as _, any::AnyRow};
use uuid::Uuid;

use crate::{
    db::{Conn, Error},
    phone::Phone,
    rows,
    text_enum::text_enum,
};

text_enum! {
    /// A right on the platform itself. Rights inside an organization are [`crate::organizations::Role`].
    PlatformRole ("platform role") {
        /// Watches queues, jobs and instances.
        Ops = "ops",
        /// Runs the operator console.
        Operator = "operator",
    }
}

/// A natural person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Its id.
    pub id: PersonId,
    /// Where codes are sent.
    pub phone: Phone,
    /// As the person, or who first invited the person, wrote it.
    pub name: String,
}

fn read(row: &AnyRow) -> Result<Person, Error> {
    Ok(Person { id: rows::id(row, "id")?, phone: rows::id(row, "phone")?, name: row.try_get("name")? })
}

/// The person with that id.
///
/// # Errors
/// The database's.
pub async fn get(conn: &mut Conn, id: PersonId) -> Result<Option<Person>, Error> {
    let row = sqlx::query("select id, phone, name from people where id = $1")
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The person with that phone number.
///
/// # Errors
/// The database's.
pub async fn by_phone(conn: &mut Conn, phone: &Phone) -> Result<Option<Person>, Error> {
    let row = sqlx::query("select id, phone, name from people where phone = $1")
        .bind(phone.as_str())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The person with that phone number, who is made when the number is new. A known person keeps the name.
///
/// # Errors
/// The database's.
pub async fn find_or_add(conn: &mut Conn, phone: &Phone, name: &str, now_ms: i64) -> Result<Person, Error> {
    sqlx::query(
        "insert into people (id, phone, name, created_at_ms) values ($1, $2, $3, $4) on conflict (phone) do nothing",
    )
    .bind(Uuid::now_v7().to_string())
    .bind(phone.as_str())
    .bind(name)
    .bind(now_ms)
    .execute(&mut *conn)
    .await?;
    let row = sqlx::query("select id, phone, name from people where phone = $1")
        .bind(phone.as_str())
        .fetch_one(conn)
        .await?;
    read(&row)
}

/// Whether a login code may be sent to the person: somebody who belongs to an organization, works for the platform, or
/// was asked to sign. Whoever was only named in a contract that has not come to them learns nothing.
///
/// # Errors
/// The database's.
pub async fn may_log_in(conn: &mut Conn, id: PersonId) -> Result<bool, Error> {
    let row = sqlx::query(
        "select cast(case when exists (select 1 from members where person_id = $1)
                    or exists (select 1 from person_roles where person_id = $1)
                    or exists (select 1 from recipients where person_id = $1 and turn_at_ms is not null)
                then 1 else 0 end as bigint) as may",
    )
    .bind(id.to_string())
    .fetch_one(conn)
    .await?;
    rows::flag(&row, "may")
}

/// The person's rights on the platform.
///
/// # Errors
/// The database's.
pub async fn platform_roles(conn: &mut Conn, id: PersonId) -> Result<Vec<PlatformRole>, Error> {
    let found = sqlx::query("select role from person_roles where person_id = $1 order by role")
        .bind(id.to_string())
        .fetch_all(conn)
        .await?;
    found.iter().map(|row| rows::id(row, "role")).collect()
}

/// Gives a right on the platform; once more changes nothing.
///
/// # Errors
/// The database's.
pub async fn grant_platform_role(
    conn: &mut Conn,
    id: PersonId,
    role: PlatformRole,
    now_ms: i64,
) -> Result<(), Error> {
    sqlx::query(
        "insert into person_roles (person_id, role, granted_at_ms) values ($1, $2, $3)
         on conflict (person_id, role) do nothing",
    )
    .bind(id.to_string())
    .bind(role.as_str())
    .bind(now_ms)
    .execute(conn)
    .await?;
    Ok(())
}
