//! What the sender of a draft places on its documents beside what the contract type asks for.
//! Places are looked at when the draft is sent, since its documents may change until then.

use sealflow_core::{
    ids::{ContractId, DocumentId},
    model::contract_type::FieldPlacement,
};
use sqlx::{Row as _, any::AnyRow};

use crate::{
    db::{Conn, Error, row},
    rows,
};

/// A field that a sender places.
#[derive(Debug, Clone, PartialEq)]
pub struct Placement {
    /// The role of who fills it.
    pub role: String,
    /// On which document; none: on every one.
    pub document_id: Option<DocumentId>,
    /// What and where.
    pub field: FieldPlacement,
}

fn read(from: &AnyRow) -> Result<Placement, Error> {
    Ok(Placement {
        role: from.try_get("role")?,
        document_id: rows::id_opt(from, "document_id")?,
        field: rows::json(from, "placement")?,
    })
}

/// What was placed, in the sender's order.
///
/// # Errors
/// The database's.
pub async fn placements(conn: &mut Conn, contract: ContractId) -> Result<Vec<Placement>, Error> {
    let found = sqlx::query(
        "select role, document_id, placement from placements where contract_id = $1 order by position",
    )
    .bind(contract.to_string())
    .fetch_all(conn)
    .await?;
    found.iter().map(read).collect()
}

/// Says anew what is placed.
pub(super) async fn replace(
    conn: &mut Conn,
    contract: ContractId,
    placements: &[Placement],
) -> Result<(), Error> {
    sqlx::query("delete from placements where contract_id = $1")
        .bind(contract.to_string())
        .execute(&mut *conn)
        .await?;
    for (position, placement) in placements.iter().enumerate() {
        sqlx::query(
            "insert into placements (contract_id, position, role, document_id, placement)
             values ($1, $2, $3, $4, $5)",
        )
        .bind(contract.to_string())
        .bind(i64::try_from(position).unwrap_or(i64::MAX))
        .bind(&placement.role)
        .bind(placement.document_id.map(|id| id.to_string()))
        .bind(row::to_json("placements.placement", &placement.field)?)
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}
