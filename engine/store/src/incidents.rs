//! What operators have to decide: the open incidents of instances, and the dead jobs that an instance still waits for.
//! Both keep an instance from going on; to an operator they are one list.

use sealflow_core::{
    IncidentRequest, Timestamp,
    ids::{InstanceId, JobId},
};

use crate::{Conn, Error, Tx, db::row::parse};

const LIST: &str = include_str!("incidents/list.sql");

/// The most incidents that are listed.
pub const INCIDENTS_MAX: i64 = 1_000;

/// What keeps an instance from going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The definition came to a state that waits for an operator.
    State,
    /// A job that it waits for gave up.
    DeadJob(JobId),
}

/// Something that an operator has to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Whose.
    pub instance_id: InstanceId,
    /// The incident's key in the instance, or the job's.
    pub key: String,
    /// What keeps the instance.
    pub cause: Cause,
    /// What is wrong.
    pub reason: String,
    /// The item of an `each` that it belongs to.
    pub item: Option<String>,
    /// Since when.
    pub since: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    instance_id: String,
    key: String,
    job_id: Option<String>,
    reason: Option<String>,
    item: Option<String>,
    since_at_ms: i64,
}

impl TryFrom<Row> for Incident {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let cause = match &row.job_id {
            Some(id) => Cause::DeadJob(parse("a job's id", id)?),
            None => Cause::State,
        };
        Ok(Self {
            instance_id: parse("an incident's instance", &row.instance_id)?,
            key: row.key,
            cause,
            reason: row.reason.unwrap_or_default(),
            item: row.item,
            since: Timestamp(row.since_at_ms),
        })
    }
}

/// Everything that an operator has to decide, the oldest first; at most [`INCIDENTS_MAX`].
///
/// # Errors
/// When the database cannot be reached.
pub async fn list(conn: &mut Conn) -> Result<Vec<Incident>, Error> {
    let rows: Vec<Row> = sqlx::query_as(LIST).bind(INCIDENTS_MAX).fetch_all(conn).await?;
    rows.into_iter().map(Incident::try_from).collect()
}

pub(crate) async fn open(
    tx: &mut Tx,
    id: InstanceId,
    incident: &IncidentRequest,
    at: Timestamp,
) -> Result<(), Error> {
    sqlx::query(
        "insert into incidents (instance_id, key, reason, item, since_at_ms) values ($1, $2, $3, $4, $5) \
         on conflict (instance_id, key) do nothing",
    )
    .bind(id.to_string())
    .bind(&incident.key)
    .bind(&incident.reason)
    .bind(incident.item.as_deref())
    .bind(at.as_ms())
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn close(tx: &mut Tx, id: InstanceId, key: &str) -> Result<(), Error> {
    sqlx::query("delete from incidents where instance_id = $1 and key = $2")
        .bind(id.to_string())
        .bind(key)
        .execute(tx.conn())
        .await?;
    Ok(())
}
