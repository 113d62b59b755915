//! What the SMS gateway reported about the messages it took. A receipt may come twice, and in any order.

use sqlx::{Row as _, any::AnyRow};

use crate::{
    db::{Conn, Error},
    rows,
};

/// One report. The phone number is left out: the message is known by its ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The vendor's number for the message.
    pub message_id: String,
    /// Our own key, as it was given to the vendor.
    pub out_id: String,
    /// Whether it reached the phone.
    pub delivered: bool,
    /// Why not, in the vendor's words.
    pub error_code: Option<String>,
    /// When the operator reported it.
    pub reported_at_ms: Option<i64>,
}

/// Keeps a report; tells whether it was new. A delivery that was reported is not taken back.
///
/// # Errors
/// The database's.
pub async fn keep(conn: &mut Conn, receipt: &Receipt, now_ms: i64) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into sms_receipts (message_id, out_id, delivered, error_code, reported_at_ms, received_at_ms)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (message_id) do update set
             delivered = excluded.delivered, error_code = excluded.error_code,
             reported_at_ms = excluded.reported_at_ms, received_at_ms = excluded.received_at_ms
         where sms_receipts.delivered = 0 and excluded.delivered = 1",
    )
    .bind(&receipt.message_id)
    .bind(&receipt.out_id)
    .bind(i64::from(receipt.delivered))
    .bind(receipt.error_code.as_deref())
    .bind(receipt.reported_at_ms)
    .bind(now_ms)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// What was reported about the message with our key, the delivery first.
///
/// # Errors
/// The database's.
pub async fn by_out_id(conn: &mut Conn, out_id: &str) -> Result<Vec<Receipt>, Error> {
    let found = sqlx::query(
        "select message_id, out_id, delivered, error_code, reported_at_ms from sms_receipts
         where out_id = $1 order by delivered desc, received_at_ms",
    )
    .bind(out_id)
    .fetch_all(conn)
    .await?;
    let read = |row: &AnyRow| {
        Ok(Receipt {
            message_id: row.try_get("message_id")?,
            out_id: row.try_get("out_id")?,
            delivered: rows::flag(row, "delivered")?,
            error_code: row.try_get("error_code")?,
            reported_at_ms: row.try_get("reported_at_ms")?,
        })
    };
    found.iter().map(read).collect()
}
