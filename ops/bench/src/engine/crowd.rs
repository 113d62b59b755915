//! Many instances that wait, made from one by copying its rows.

use anyhow::Result;
use sealflow_core::ids::InstanceId;
use sealflow_store::Store;
use sqlx::AssertSqlSafe;

/// Copies an instance with its history and its task, on PostgreSQL, and leaves the tables as autovacuum would.
pub(super) async fn fill(store: &Store, id: InstanceId, count: u32) -> Result<()> {
    // An id of the same form for each.
    let copy = "'00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0')";
    let mut tx = store.begin().await?;
    for (table, key, columns) in [
        (
            "instances",
            "id",
            "definition_hash, subject_kind, subject_id, state, status, seq, created_at_ms, updated_at_ms",
        ),
        ("history", "instance_id", "seq, event_id, at_ms, event, disposition, status, effects"),
        ("tasks", "instance_id", "key, form, assignee, since_at_ms"),
    ] {
        let statement = format!(
            "insert into {table} ({key}, {columns}) select {copy}, {columns} from {table}, \
             generate_series(1, {count}) as n where {key} = '{id}'"
        );
        sqlx::query(AssertSqlSafe(statement)).execute(tx.conn()).await?;
    }
    tx.commit().await?;
    let mut reader = store.read().await?;
    sqlx::raw_sql("vacuum analyze").execute(&mut *reader).await?;
    sqlx::raw_sql("checkpoint").execute(&mut *reader).await?;
    Ok(())
}
