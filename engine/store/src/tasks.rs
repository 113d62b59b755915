//! What people have to do: a projection of the instances' states, so that "my tasks" is one look.

use sealflow_core::{
    TaskRequest, Timestamp,
    ids::{InstanceId, PersonId},
};
use serde::Serialize;

use crate::{
    Conn, Error, Tx,
    db::{
        many::{
            Column::{Number, Text},
            Many,
        },
        row::parse,
        together::Together,
    },
    recipients,
};

static OPEN_MANY: Many = Many::new(
    include_str!("tasks/open_many.sql"),
    &[
        ("instance_id", Text),
        ("key", Text),
        ("form", Text),
        ("assignee", Text),
        ("item", Text),
        ("since_at_ms", Number),
        ("due_at_ms", Number),
    ],
);
static CLOSE_MANY: Many =
    Many::new(include_str!("tasks/close_many.sql"), &[("instance_id", Text), ("key", Text)]);

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

/// A task to open or to close.
#[derive(Debug, Serialize)]
pub(crate) struct TaskRow {
    instance_id: String,
    key: String,
    form: String,
    assignee: String,
    item: Option<String>,
    since_at_ms: i64,
    due_at_ms: Option<i64>,
}

impl TaskRow {
    pub(crate) fn opened(id: InstanceId, task: TaskRequest, at: Timestamp) -> Self {
        Self {
            instance_id: id.to_string(),
            key: task.key,
            form: task.form,
            assignee: task.assignee.to_string(),
            item: task.item,
            since_at_ms: at.as_ms(),
            due_at_ms: task.due_at.map(Timestamp::as_ms),
        }
    }

    pub(crate) fn closed(id: InstanceId, key: String) -> Self {
        let (form, assignee) = (String::new(), String::new());
        Self { instance_id: id.to_string(), key, form, assignee, item: None, since_at_ms: 0, due_at_ms: None }
    }
}

/// Opens and closes tasks, together with what else a step writes; no task is in both lists. See [`opened`].
pub(crate) fn write_many(
    together: &mut Together,
    opened: &[TaskRow],
    closed: &[TaskRow],
) -> Result<(), Error> {
    together.part(&CLOSE_MANY, closed)?;
    together.part(&OPEN_MANY, opened)
}

/// Tells the application of tasks that were opened.
pub(crate) async fn opened(tx: &mut Tx, tasks: &[TaskRow]) -> Result<(), Error> {
    for task in tasks {
        if let Some(item) = &task.item {
            recipients::turn_has_come(tx.conn(), item, task.since_at_ms).await?;
        }
    }
    Ok(())
}
