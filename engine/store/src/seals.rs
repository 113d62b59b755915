//! Seals (印章) of organizations, and who may use them.

mod manage;

use sealflow_core::{
    ids::{OrganizationId, PersonId, SealId},
    model::contract_type::SealKind,
};
use serde_json::Value;
use sqlx::{Row as _, any::AnyRow};
use uuid::Uuid;

use crate::{
    Tx,
    db::{Conn, Error, row},
    rows,
    text_enum::text_enum,
};

const HOLD_SQLITE: &str = include_str!("seals/hold.sqlite.sql");
const HOLD_POSTGRES: &str = include_str!("seals/hold.postgres.sql");

text_enum! {
    /// What a seal_grant (印章授权) allows.
    Permission ("seal permission") {
        /// Put it on contracts.
        Use = "use",
        /// Change, disable and grant it.
        Manage = "manage",
    }
}

text_enum! {
    /// What an impression was made of.
    Source ("seal source") {
        /// Drawn from its data.
        Template = "template",
        /// Cut out of a photo or scan.
        Picture = "picture",
    }
}

pub use manage::{
    Grantee, MAX, ManageError, add, lock, managed_by, manages_any, may_manage, of_organization, people,
    remove, rename, set_permissions,
};

/// A seal. Its impression, which may be large, is read by [`impression`].
#[derive(Debug, Clone, PartialEq)]
pub struct Seal {
    /// Its id.
    pub id: SealId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// As the organization calls it.
    pub name: String,
    /// Which kind.
    pub kind: SealKind,
    /// What its impression was made of.
    pub source: Source,
    /// What the impression was drawn from.
    pub spec: Value,
    /// A disabled seal is not put on anything.
    pub enabled: bool,
    /// When it was made.
    pub created_at_ms: i64,
}

/// A seal to be made.
#[derive(Debug, Clone)]
pub struct NewSeal<'a> {
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Unique in the organization.
    pub name: &'a str,
    /// Which kind.
    pub kind: SealKind,
    /// What its impression was made of.
    pub source: Source,
    /// The impression.
    pub svg: &'a str,
    /// What the impression was drawn from.
    pub spec: &'a Value,
}

fn read(from: &AnyRow) -> Result<Seal, Error> {
    let kind: String = from.try_get("kind")?;
    Ok(Seal {
        id: rows::id(from, "id")?,
        organization_id: rows::id(from, "organization_id")?,
        name: from.try_get("name")?,
        kind: row::from_json("seals.kind", &format!("\"{kind}\""))?,
        source: rows::id(from, "source")?,
        spec: rows::json(from, "spec")?,
        enabled: rows::flag(from, "enabled")?,
        created_at_ms: from.try_get("created_at_ms")?,
    })
}

/// The kind as it stands in the table.
fn kind_word(kind: SealKind) -> Result<String, Error> {
    Ok(row::to_json("seals.kind", &kind)?.trim_matches('"').to_owned())
}

/// The seal with that id; none when it was removed.
///
/// # Errors
/// The database's.
pub async fn get(conn: &mut Conn, id: SealId) -> Result<Option<Seal>, Error> {
    let found = sqlx::query(
        "select id, organization_id, name, kind, source, spec, enabled, created_at_ms
         from seals where id = $1 and removed_at_ms is null",
    )
    .bind(id.to_string())
    .fetch_optional(conn)
    .await?;
    found.as_ref().map(read).transpose()
}

/// The seal's impression, an SVG. It never changes, and stays when the seal is removed.
///
/// # Errors
/// The database's.
pub async fn impression(conn: &mut Conn, id: SealId) -> Result<Option<String>, Error> {
    let svg = sqlx::query_scalar("select svg from seals where id = $1");
    Ok(svg.bind(id.to_string()).fetch_optional(conn).await?)
}

/// The organization's enabled seals that the person may use, by name.
///
/// # Errors
/// The database's.
pub async fn usable_by(
    conn: &mut Conn,
    organization: OrganizationId,
    person: PersonId,
) -> Result<Vec<Seal>, Error> {
    let found = sqlx::query(
        "select s.id, s.organization_id, s.name, s.kind, s.source, s.spec, s.enabled, s.created_at_ms
         from seals s
         join seal_grants g on g.seal_id = s.id
         where s.organization_id = $1 and s.enabled = 1 and s.removed_at_ms is null
           and g.person_id = $2 and g.permission = 'use'
         order by s.name",
    )
    .bind(organization.to_string())
    .bind(person.to_string())
    .fetch_all(conn)
    .await?;
    found.iter().map(read).collect()
}

/// Whether the organization has a seal that can be used.
///
/// # Errors
/// The database's.
pub async fn any_enabled(conn: &mut Conn, organization: OrganizationId) -> Result<bool, Error> {
    let found = sqlx::query(
        "select 1 from seals where organization_id = $1 and enabled = 1 and removed_at_ms is null limit 1",
    )
    .bind(organization.to_string())
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}

/// The new seal's id; none when the organization has one of that name.
async fn insert(conn: &mut Conn, new: &NewSeal<'_>, now_ms: i64) -> Result<Option<SealId>, Error> {
    let id = SealId::from_uuid(Uuid::now_v7());
    let inserted = sqlx::query(
        "insert into seals (id, organization_id, name, kind, source, svg, spec, enabled, created_at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, 1, $8) on conflict (organization_id, name) do nothing",
    )
    .bind(id.to_string())
    .bind(new.organization_id.to_string())
    .bind(new.name)
    .bind(kind_word(new.kind)?)
    .bind(new.source.as_str())
    .bind(new.svg)
    .bind(row::to_json("seals.spec", new.spec)?)
    .bind(now_ms)
    .execute(conn)
    .await?;
    Ok((inserted.rows_affected() == 1).then_some(id))
}

/// The organization's seal of that name, which is made when there is none. An existing one is left as it is.
///
/// # Errors
/// The database's.
pub async fn find_or_add(conn: &mut Conn, new: &NewSeal<'_>, now_ms: i64) -> Result<Seal, Error> {
    insert(conn, new, now_ms).await?;
    let found = sqlx::query(
        "select id, organization_id, name, kind, source, spec, enabled, created_at_ms from seals
         where organization_id = $1 and name = $2",
    )
    .bind(new.organization_id.to_string())
    .bind(new.name)
    .fetch_one(conn)
    .await?;
    read(&found)
}

/// Whether the seal can be put on; when it can, nobody disables or removes it until the transaction ends.
///
/// # Errors
/// The database's.
pub async fn hold(tx: &mut Tx, id: SealId) -> Result<bool, Error> {
    let statement = tx.store().dialect().pick(HOLD_SQLITE, HOLD_POSTGRES);
    let found = sqlx::query(statement).bind(id.to_string()).fetch_optional(tx.conn()).await?;
    Ok(found.is_some())
}

/// Enables or disables (停用) it.
///
/// # Errors
/// The database's.
pub async fn set_enabled(conn: &mut Conn, id: SealId, enabled: bool) -> Result<(), Error> {
    sqlx::query("update seals set enabled = $2 where id = $1")
        .bind(id.to_string())
        .bind(i64::from(enabled))
        .execute(conn)
        .await?;
    Ok(())
}

/// Lets the person use or manage the seal; once more changes nothing.
///
/// # Errors
/// The database's.
pub async fn grant(
    conn: &mut Conn,
    id: SealId,
    person: PersonId,
    permission: Permission,
    now_ms: i64,
) -> Result<(), Error> {
    sqlx::query(
        "insert into seal_grants (seal_id, person_id, permission, granted_at_ms) values ($1, $2, $3, $4)
         on conflict (seal_id, person_id, permission) do nothing",
    )
    .bind(id.to_string())
    .bind(person.to_string())
    .bind(permission.as_str())
    .bind(now_ms)
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether the person may see the impression: a member of the organization, or somebody to whom it was granted. Nobody when
/// it was removed.
///
/// # Errors
/// The database's.
pub async fn may_see(conn: &mut Conn, id: SealId, person: PersonId) -> Result<bool, Error> {
    let found = sqlx::query(
        "select 1 from seals s where s.id = $1 and s.removed_at_ms is null and (
             exists (select 1 from members m where m.organization_id = s.organization_id and m.person_id = $2)
             or exists (select 1 from seal_grants g where g.seal_id = s.id and g.person_id = $2))",
    )
    .bind(id.to_string())
    .bind(person.to_string())
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}
