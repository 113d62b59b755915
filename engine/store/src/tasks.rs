//! What people have to do: a projection of the instances' states, so that "my tasks" is one look.

use sealflow_core::{
    TaskRequest, Timestamp,
    ids::{InstanceId, PersonId},
};

use crate::{Conn, Error, Tx, db::row::parse, recipients};

/// The most tasks of a person that are told.
const TASKS_MAX: i64 = 1_000;

/// Something that a person has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Whose.
    pub instance_id: InstanceId,
    /// Unique within the instance.
    pub key: String,
    /// Which form.
    pub form: String,
    /// Who may do it.
    pub assignee: PersonId,
    /// The item of an `each` that it belongs to.
    pub item: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// Until when, when it has a deadline.
    pub due_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Row {
    instance_id: String,
    key: String,
    form: String,
    assignee: String,
    item: Option<String>,
    since_at_ms: i64,
    due_at_ms: Option<i64>,
}

impl TryFrom<Row> for Task {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            instance_id: parse("a task's instance", &row.instance_id)?,
            key: row.key,
            form: row.form,
            assignee: parse("a task's assignee", &row.assignee)?,
            item: row.item,
            since: Timestamp(row.since_at_ms),
            due_at: row.due_at_ms.map(Timestamp),
        })
    }
}

/// The open tasks of an instance, the oldest first.
///
/// # Errors
/// When the database cannot be reached.
pub async fn of_instance(conn: &mut Conn, id: InstanceId) -> Result<Vec<Task>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select instance_id, key, form, assignee, item, since_at_ms, due_at_ms from tasks \
         where instance_id = $1 order by since_at_ms, key",
    )
    .bind(id.to_string())
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Task::try_from).collect()
}

/// The open tasks of a person, the oldest first; at most 1,000.
///
/// # Errors
/// When the database cannot be reached.
pub async fn of_person(conn: &mut Conn, id: PersonId) -> Result<Vec<Task>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select instance_id, key, form, assignee, item, since_at_ms, due_at_ms from tasks \
         where assignee = $1 order by since_at_ms, key limit $2",
    )
    .bind(id.to_string())
    .bind(TASKS_MAX)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Task::try_from).collect()
}

pub(crate) async fn open(
    tx: &mut Tx,
    id: InstanceId,
    task: &TaskRequest,
    at: Timestamp,
) -> Result<(), Error> {
    sqlx::query(
        "insert into tasks (instance_id, key, form, assignee, item, since_at_ms, due_at_ms) \
         values ($1, $2, $3, $4, $5, $6, $7) \
         on conflict (instance_id, key) do update \
         set form = excluded.form, assignee = excluded.assignee, item = excluded.item, due_at_ms = excluded.due_at_ms",
    )
    .bind(id.to_string())
    .bind(&task.key)
    .bind(&task.form)
    .bind(task.assignee.to_string())
    .bind(task.item.as_deref())
    .bind(at.as_ms())
    .bind(task.due_at.map(Timestamp::as_ms))
    .execute(tx.conn())
    .await?;
    if let Some(item) = &task.item {
        recipients::turn_has_come(tx.conn(), item, at.as_ms()).await?;
    }
    Ok(())
}

pub(crate) async fn close(tx: &mut Tx, id: InstanceId, key: &str) -> Result<(), Error> {
    sqlx::query("delete from tasks where instance_id = $1 and key = $2")
        .bind(id.to_string())
        .bind(key)
        .execute(tx.conn())
        .await?;
    Ok(())
}
