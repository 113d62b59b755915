//! Organizations (企业): tenants and legal persons, with their members and what each member may do.

use sealflow_core::ids::{OrganizationId, PersonId};
use sqlx::{Row as _, any::AnyRow};
use uuid::Uuid;

use crate::{
    db::{Conn, Error},
    rows,
    text_enum::text_enum,
};

text_enum! {
    /// What a member may do in the organization. A member may have several, or none.
    Role ("member role") {
        /// Manages members and seals, and sees all contracts that the organization sent.
        OrgAdmin = "org_admin",
        /// Sends contracts in the organization's name, and sees those it sent.
        Sender = "sender",
        /// Acts for the organization as a recipient (经办人).
        Transactor = "transactor",
    }
}

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its registered name.
    pub name: String,
}

/// A person's place in an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Where.
    pub organization: Organization,
    /// What the member may do there, the widest first.
    pub roles: Vec<Role>,
}

impl Membership {
    /// Whether the member may see what the organization sent.
    #[must_use]
    pub fn sees_contracts(&self) -> bool {
        self.roles.iter().any(|role| matches!(role, Role::OrgAdmin | Role::Sender))
    }
}

fn read(row: &AnyRow) -> Result<Organization, Error> {
    Ok(Organization { id: rows::id(row, "id")?, name: row.try_get("name")? })
}

/// The organization with that id.
///
/// # Errors
/// The database's.
pub async fn get(conn: &mut Conn, id: OrganizationId) -> Result<Option<Organization>, Error> {
    let row = sqlx::query("select id, name from organizations where id = $1")
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The organization with that name, which is made when there is none.
///
/// # Errors
/// The database's.
pub async fn find_or_add(conn: &mut Conn, name: &str, now_ms: i64) -> Result<Organization, Error> {
    sqlx::query(
        "insert into organizations (id, name, created_at_ms) values ($1, $2, $3) on conflict (name) do nothing",
    )
    .bind(Uuid::now_v7().to_string())
    .bind(name)
    .bind(now_ms)
    .execute(&mut *conn)
    .await?;
    let row =
        sqlx::query("select id, name from organizations where name = $1").bind(name).fetch_one(conn).await?;
    read(&row)
}

/// Those that can be a recipient: they have an enabled seal. By name, at most 200.
///
/// # Errors
/// The database's.
pub async fn able_to_sign(conn: &mut Conn) -> Result<Vec<Organization>, Error> {
    let found = sqlx::query(
        "select id, name from organizations o
         where exists (select 1 from seals s where s.organization_id = o.id and s.enabled = 1)
         order by name limit 200",
    )
    .fetch_all(conn)
    .await?;
    found.iter().map(read).collect()
}

/// Where the person is a member, by name.
///
/// # Errors
/// The database's.
pub async fn memberships(conn: &mut Conn, person: PersonId) -> Result<Vec<Membership>, Error> {
    let found = sqlx::query(
        "select o.id, o.name, r.role
         from members m
         join organizations o on o.id = m.organization_id
         left join member_roles r on r.organization_id = m.organization_id and r.person_id = m.person_id
         where m.person_id = $1
         order by o.name, o.id",
    )
    .bind(person.to_string())
    .fetch_all(conn)
    .await?;
    let mut memberships: Vec<Membership> = Vec::new();
    for row in &found {
        let organization = read(row)?;
        let role: Option<Role> = rows::id_opt(row, "role")?;
        match memberships.last_mut().filter(|last| last.organization.id == organization.id) {
            Some(last) => last.roles.extend(role),
            None => memberships.push(Membership { organization, roles: role.into_iter().collect() }),
        }
    }
    memberships.iter_mut().for_each(|membership| membership.roles.sort_unstable());
    Ok(memberships)
}

/// Whether the person has the role there.
///
/// # Errors
/// The database's.
pub async fn has_role(
    conn: &mut Conn,
    organization: OrganizationId,
    person: PersonId,
    role: Role,
) -> Result<bool, Error> {
    let found =
        sqlx::query("select 1 from member_roles where organization_id = $1 and person_id = $2 and role = $3")
            .bind(organization.to_string())
            .bind(person.to_string())
            .bind(role.as_str())
            .fetch_optional(conn)
            .await?;
    Ok(found.is_some())
}

/// Makes the person a member with these roles besides those it has.
///
/// # Errors
/// The database's.
pub async fn add_member(
    conn: &mut Conn,
    organization: OrganizationId,
    person: PersonId,
    roles: &[Role],
    now_ms: i64,
) -> Result<(), Error> {
    sqlx::query(
        "insert into members (organization_id, person_id, joined_at_ms) values ($1, $2, $3)
         on conflict (organization_id, person_id) do nothing",
    )
    .bind(organization.to_string())
    .bind(person.to_string())
    .bind(now_ms)
    .execute(&mut *conn)
    .await?;
    for role in roles {
        sqlx::query(
            "insert into member_roles (organization_id, person_id, role, granted_at_ms) values ($1, $2, $3, $4)
             on conflict (organization_id, person_id, role) do nothing",
        )
        .bind(organization.to_string())
        .bind(person.to_string())
        .bind(role.as_str())
        .bind(now_ms)
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}
