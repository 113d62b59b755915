//! Managing seals (印章管理): which an organization has, what they are called, whether they may be used, and by whom; and
//! their end.

use sealflow_core::ids::{OrganizationId, PersonId, SealId};
use sqlx::Row as _;

use super::{NewSeal, Permission, Seal, grant, insert, read};
use crate::{
    db::{Conn, Error},
    phone::Phone,
    rows,
};

/// The most seals of an organization.
pub const MAX: i64 = 50;
/// The most members that are shown with what they may do.
const PEOPLE_MAX: i64 = 500;

/// Why a seal is not made, renamed or removed.
#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    /// The organization has a seal of that name.
    #[error("the organization has a seal of that name")]
    NameTaken,
    /// The organization has as many seals as it may.
    #[error("the organization has {MAX} seals already")]
    TooMany,
    /// It may still be put on contracts.
    #[error("the seal is enabled")]
    Enabled,
    /// Somebody confirmed to put it on a contract, and it is not there yet.
    #[error("the seal is about to be put on a contract")]
    Awaited,
    /// The database's.
    #[error("the database failed")]
    Store(#[from] Error),
}

impl From<sqlx::Error> for ManageError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A member of the organization, and what it may do with a seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grantee {
    /// Who.
    pub person_id: PersonId,
    /// By name.
    pub name: String,
    /// To tell people of one name apart.
    pub phone: Phone,
    /// What was granted; may be nothing.
    pub permissions: Vec<Permission>,
}

/// All seals of the organization, the enabled ones first, by name.
///
/// # Errors
/// The database's.
pub async fn of_organization(conn: &mut Conn, organization: OrganizationId) -> Result<Vec<Seal>, Error> {
    let found = sqlx::query(
        "select id, organization_id, name, kind, source, spec, enabled, created_at_ms
         from seals where organization_id = $1 and removed_at_ms is null order by enabled desc, name",
    )
    .bind(organization.to_string())
    .fetch_all(conn)
    .await?;
    found.iter().map(read).collect()
}

/// The organization's seals that were given to the person to manage, while it is a member; the enabled ones first, by name.
///
/// # Errors
/// The database's.
pub async fn managed_by(
    conn: &mut Conn,
    organization: OrganizationId,
    person: PersonId,
) -> Result<Vec<Seal>, Error> {
    let found = sqlx::query(
        "select s.id, s.organization_id, s.name, s.kind, s.source, s.spec, s.enabled, s.created_at_ms
         from seals s
         join seal_grants g on g.seal_id = s.id and g.permission = 'manage'
         join members m on m.organization_id = s.organization_id and m.person_id = g.person_id
         where s.organization_id = $1 and s.removed_at_ms is null and g.person_id = $2
         order by s.enabled desc, s.name",
    )
    .bind(organization.to_string())
    .bind(person.to_string())
    .fetch_all(conn)
    .await?;
    found.iter().map(read).collect()
}

/// Whether there is any seal that the person may manage, or an organization in which it may make some.
///
/// # Errors
/// The database's.
pub async fn manages_any(conn: &mut Conn, person: PersonId) -> Result<bool, Error> {
    let found = sqlx::query(
        "select 1 where
             exists (select 1 from member_roles r where r.person_id = $1 and r.role = 'org_admin')
             or exists (select 1 from seals s
                        join seal_grants g on g.seal_id = s.id and g.permission = 'manage'
                        join members m on m.organization_id = s.organization_id and m.person_id = g.person_id
                        where g.person_id = $1 and s.removed_at_ms is null)",
    )
    .bind(person.to_string())
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}

/// Whether the person may change this seal: an administrator of its organization, or a member to whom that was granted.
///
/// # Errors
/// The database's.
pub async fn may_manage(conn: &mut Conn, id: SealId, person: PersonId) -> Result<bool, Error> {
    let found = sqlx::query(
        "select 1 from seals s where s.id = $1 and s.removed_at_ms is null and (
             exists (select 1 from member_roles r where r.organization_id = s.organization_id and r.person_id = $2
                     and r.role = 'org_admin')
             or exists (select 1 from seal_grants g
                        join members m on m.person_id = g.person_id and m.organization_id = s.organization_id
                        where g.seal_id = s.id and g.person_id = $2 and g.permission = 'manage'))",
    )
    .bind(id.to_string())
    .bind(person.to_string())
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}

/// Makes a seal.
///
/// # Errors
/// See [`ManageError`]; then nothing was made.
pub async fn add(conn: &mut Conn, new: &NewSeal<'_>, now_ms: i64) -> Result<SealId, ManageError> {
    // Whoever else makes one now waits, so that the count holds.
    sqlx::query("update organizations set name = name where id = $1")
        .bind(new.organization_id.to_string())
        .execute(&mut *conn)
        .await?;
    let count: i64 =
        sqlx::query_scalar("select count(*) from seals where organization_id = $1 and removed_at_ms is null")
            .bind(new.organization_id.to_string())
            .fetch_one(&mut *conn)
            .await?;
    if count >= MAX {
        return Err(ManageError::TooMany);
    }
    insert(conn, new, now_ms).await?.ok_or(ManageError::NameTaken)
}

/// Makes others who change this seal wait until the transaction ends.
///
/// # Errors
/// The database's.
pub async fn lock(conn: &mut Conn, id: SealId) -> Result<(), Error> {
    sqlx::query("update seals set name = name where id = $1").bind(id.to_string()).execute(conn).await?;
    Ok(())
}

/// Gives it another name. Its impression stays.
///
/// # Errors
/// See [`ManageError`]; roll back then.
pub async fn rename(conn: &mut Conn, id: SealId, name: &str) -> Result<(), ManageError> {
    let renamed = sqlx::query("update seals set name = $2 where id = $1")
        .bind(id.to_string())
        .bind(name)
        .execute(conn)
        .await
        .map_err(Error::from);
    match renamed {
        Ok(_) => Ok(()),
        Err(error) if error.is_unique_violation() => Err(ManageError::NameTaken),
        Err(error) => Err(error.into()),
    }
}

/// Removes (删除) a disabled seal. What it was put on keeps it, and its row stays for that; its name is free again.
///
/// # Errors
/// See [`ManageError`]; then it stays.
pub async fn remove(conn: &mut Conn, seal: &Seal, now_ms: i64) -> Result<(), ManageError> {
    if seal.enabled {
        return Err(ManageError::Enabled);
    }
    if is_awaited(conn, seal).await? {
        return Err(ManageError::Awaited);
    }
    sqlx::query("update seals set removed_at_ms = $2, removed_name = name, name = id where id = $1")
        .bind(seal.id.to_string())
        .bind(now_ms)
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether a running contract holds a confirmed field with this seal that is not stamped. Who still has a task has not
/// confirmed, and must choose another seal anyway.
async fn is_awaited(conn: &mut Conn, seal: &Seal) -> Result<bool, Error> {
    let found = sqlx::query(
        "select 1 from recipients r
         join contracts c on c.id = r.contract_id
         join instances i on i.id = c.instance_id
         join fields f on f.recipient_id = r.id
         where r.organization_id = $1 and i.finished_at_ms is null and f.value like $2
           and not exists (select 1 from tasks t where t.instance_id = i.id and t.item = r.id)
           and not exists (select 1 from revisions v where v.recipient_id = r.id and v.document_id = f.document_id)
         limit 1",
    )
    .bind(seal.organization_id.to_string())
    .bind(format!("%\"seal_id\":\"{}\"%", seal.id))
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}

/// The members of the seal's organization, and what each may do with it; by name, at most 500.
///
/// # Errors
/// The database's.
pub async fn people(conn: &mut Conn, id: SealId) -> Result<Vec<Grantee>, Error> {
    let found = sqlx::query(
        "select p.id, p.name, p.phone,
                (select count(*) from seal_grants g
                 where g.seal_id = s.id and g.person_id = p.id and g.permission = 'use') as uses,
                (select count(*) from seal_grants g
                 where g.seal_id = s.id and g.person_id = p.id and g.permission = 'manage') as manages
         from seals s
         join members m on m.organization_id = s.organization_id
         join people p on p.id = m.person_id
         where s.id = $1 order by p.name, p.id limit $2",
    )
    .bind(id.to_string())
    .bind(PEOPLE_MAX)
    .fetch_all(conn)
    .await?;
    let grantee = |from: &sqlx::any::AnyRow| -> Result<Grantee, Error> {
        let mut permissions = Vec::new();
        for (column, permission) in [("uses", Permission::Use), ("manages", Permission::Manage)] {
            if rows::flag(from, column)? {
                permissions.push(permission);
            }
        }
        let name = from.try_get("name")?;
        Ok(Grantee { person_id: rows::id(from, "id")?, name, phone: rows::id(from, "phone")?, permissions })
    };
    found.iter().map(grantee).collect()
}

/// Says what the member may do with the seal from now on. False when the person is no member of its organization.
///
/// # Errors
/// The database's.
pub async fn set_permissions(
    conn: &mut Conn,
    id: SealId,
    person: PersonId,
    permissions: &[Permission],
    now_ms: i64,
) -> Result<bool, Error> {
    let member = sqlx::query(
        "select 1 from seals s join members m on m.organization_id = s.organization_id
         where s.id = $1 and m.person_id = $2",
    )
    .bind(id.to_string())
    .bind(person.to_string())
    .fetch_optional(&mut *conn)
    .await?;
    if member.is_none() {
        return Ok(false);
    }
    for permission in Permission::ALL {
        if permissions.contains(permission) {
            grant(conn, id, person, *permission, now_ms).await?;
            continue;
        }
        sqlx::query("delete from seal_grants where seal_id = $1 and person_id = $2 and permission = $3")
            .bind(id.to_string())
            .bind(person.to_string())
            .bind(permission.as_str())
            .execute(&mut *conn)
            .await?;
    }
    Ok(true)
}
