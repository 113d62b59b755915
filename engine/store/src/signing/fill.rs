//! Filling fields: the draft of what the recipient puts on the documents. It may change until it is confirmed.

use sealflow_core::{
    ids::FieldId,
    model::contract_type::{FieldKind, SealKind},
};

use super::{Error, Signer, form};
use crate::{
    Tx,
    db::Conn,
    fields::{self, Field, Strokes, Value},
    seals::{self, Seal},
    signatures::{self, Signature},
};

/// What a recipient enters into a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// A drawn signature.
    Signature(Strokes),
    /// A seal.
    Seal(sealflow_core::ids::SealId),
    /// A signature that the person keeps as a picture.
    Image(sealflow_core::ids::SignatureId),
    /// The day of signing: today.
    Today,
    /// A text.
    Text(String),
    /// Nothing: the field is emptied.
    Nothing,
}

/// The day in China at that time: `2026-11-23`. China has one time zone, eight hours before UTC, all year.
#[must_use]
pub fn day_in_china(at_ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default();
    jiff::tz::offset(8).to_datetime(at).date().to_string()
}

/// Keeps what was entered.
///
/// # Errors
/// See [`Error`]; then nothing of it is kept.
pub async fn fill(tx: &mut Tx, signer: &Signer, entries: &[(FieldId, Entry)]) -> Result<(), Error> {
    signer.lock(tx.conn()).await?;
    signer.expect_task(tx.conn(), form::SIGN).await?;
    let known = fields::of_recipient(tx.conn(), signer.recipient.id).await?;
    let usable = Usable {
        seals: usable_seals(tx.conn(), signer).await?,
        signatures: signatures::kept_by(tx.conn(), signer.person_id).await?,
    };
    let now_ms = tx.now().as_ms();
    for (id, entry) in entries {
        let field = known.iter().find(|field| field.id == *id).ok_or(Error::FieldUnknown(*id))?;
        let value = value(field, entry, &usable, now_ms)?;
        fields::set_value(tx.conn(), *id, value.as_ref(), now_ms).await?;
    }
    Ok(())
}

/// What the signer may put on.
struct Usable {
    seals: Vec<Seal>,
    signatures: Vec<Signature>,
}

fn value(field: &Field, entry: &Entry, usable: &Usable, now_ms: i64) -> Result<Option<Value>, Error> {
    let value = match entry {
        Entry::Nothing => return Ok(None),
        Entry::Signature(strokes) => Value::Signature(strokes.clone()),
        Entry::Seal(seal_id) => Value::Seal { seal_id: *seal_id },
        Entry::Image(id) => {
            let kept = usable.signatures.iter().find(|kept| kept.id == *id);
            let kept = kept.ok_or(Error::SignatureUnknown(field.id))?;
            Value::Image { signature_id: kept.id, sha256: kept.sha256.clone() }
        }
        Entry::Today => Value::Date { date: day_in_china(now_ms) },
        Entry::Text(text) => Value::Text { text: text.clone() },
    };
    if !value.fits(field.kind) {
        return Err(Error::ValueKind(field.id));
    }
    check_seal(field, &value, &usable.seals)?;
    Ok(Some(value))
}

/// The seals that this person may put on for this recipient's organization.
pub(super) async fn usable_seals(conn: &mut Conn, signer: &Signer) -> Result<Vec<Seal>, Error> {
    match signer.recipient.organization_id {
        Some(organization) => Ok(seals::usable_by(conn, organization, signer.person_id).await?),
        None => Ok(Vec::new()),
    }
}

pub(super) fn check_seal(field: &Field, value: &Value, seals: &[Seal]) -> Result<(), Error> {
    let Value::Seal { seal_id } = value else { return Ok(()) };
    let fits = |wanted: Option<SealKind>, seal: &Seal| wanted.is_none_or(|kind| kind == seal.kind);
    let usable = seals.iter().any(|seal| seal.id == *seal_id && fits(field.seal_kind, seal));
    if usable { Ok(()) } else { Err(Error::SealNotUsable(field.id)) }
}

/// Sets every date that was entered to today: the day of signing is the day of confirming.
pub(super) async fn renew_dates(conn: &mut Conn, fields: &mut [Field], now_ms: i64) -> Result<(), Error> {
    let today = Value::Date { date: day_in_china(now_ms) };
    for field in fields.iter_mut().filter(|field| field.kind == FieldKind::Date) {
        if field.value.as_ref().is_some_and(|value| *value != today) {
            fields::set_value(conn, field.id, Some(&today), now_ms).await?;
            field.value = Some(today.clone());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::day_in_china;

    #[test]
    fn the_day_turns_at_midnight_in_china() {
        // 2026-11-23 15:59:59 and 16:00:00 UTC.
        assert_eq!(day_in_china(1_795_449_599_000), "2026-11-23");
        assert_eq!(day_in_china(1_795_449_600_000), "2026-11-24");
    }
}
