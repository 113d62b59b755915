//! Demo data: an organization with a seal, and three people who can log in. For the sandbox only.

use sealflow_core::model::contract_type::SealKind;
use serde_json::Value;

use crate::{
    Error, Tx,
    organizations::{self, Role},
    people::{self, PlatformRole},
    phone::Phone,
    seals::{self, NewSeal, Permission},
};

/// The demo organization's name; its seal shows it.
pub const ORGANIZATION: &str = "示例采购有限公司";
/// The name of its seal.
pub const SEAL: &str = "合同专用章";

/// The seal's impression, drawn by whoever can draw.
#[derive(Debug, Clone, Copy)]
pub struct DemoSeal<'a> {
    /// The impression.
    pub svg: &'a str,
    /// What it was drawn from.
    pub spec: &'a Value,
}

/// Adds what is not there yet. Once more changes nothing.
///
/// # Errors
/// The database's.
pub async fn demo(tx: &mut Tx, seal: DemoSeal<'_>) -> Result<(), Error> {
    let now_ms = tx.now().as_ms();
    let conn = tx.conn();
    let organization = organizations::find_or_add(conn, ORGANIZATION, now_ms).await?.id;
    let new = NewSeal {
        organization_id: organization,
        name: SEAL,
        kind: SealKind::Contract,
        source: seals::Source::Template,
        svg: seal.svg,
        spec: seal.spec,
    };
    let seal = seals::find_or_add(conn, &new, now_ms).await?.id;

    let sender = people::find_or_add(conn, &phone("13800000001")?, "示例发起人", now_ms).await?.id;
    organizations::add_member(conn, organization, sender, &[Role::OrgAdmin, Role::Sender], now_ms).await?;
    seals::grant(conn, seal, sender, Permission::Manage, now_ms).await?;

    let transactor = people::find_or_add(conn, &phone("13800000002")?, "示例经办人", now_ms).await?.id;
    organizations::add_member(conn, organization, transactor, &[Role::Transactor], now_ms).await?;
    seals::grant(conn, seal, transactor, Permission::Use, now_ms).await?;

    let ops = people::find_or_add(conn, &phone("13800000003")?, "示例运维", now_ms).await?.id;
    people::grant_platform_role(conn, ops, PlatformRole::Ops, now_ms).await
}

fn phone(text: &str) -> Result<Phone, Error> {
    crate::db::row::parse("a demo phone", text)
}
