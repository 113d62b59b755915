//! Delivery receipts, which the vendor posts to us: a JSON array, and not seldom the same receipt twice.

use serde::Deserialize;

use super::wire;

/// Largest body that is read, in bytes.
pub const BYTES_MAX: usize = 1024 * 1024;
/// Most receipts in one body.
pub const REPORTS_MAX: usize = 1_000;
/// What the vendor must be answered; anything else, and it posts the receipts again.
pub const ACKNOWLEDGEMENT: &str = r#"{"code":0,"msg":"成功"}"#;

/// What became of one message on one phone. `biz_id` with `phone` and `err_code` is the same for every repetition.
#[derive(Clone, PartialEq, Eq)]
pub struct DeliveryReport {
    /// The phone, eleven digits.
    pub phone: String,
    /// When the gateway sent it, in milliseconds since 1970 UTC.
    pub sent_at_ms: Option<i64>,
    /// When the network answered, in milliseconds since 1970 UTC.
    pub reported_at_ms: Option<i64>,
    /// Whether it is on the phone.
    pub delivered: bool,
    /// The network's code, `DELIVERED` on success.
    pub err_code: String,
    /// The vendor's id of the message.
    pub biz_id: String,
    /// Our id of the message, where the message had one.
    pub out_id: Option<String>,
}

/// Without the phone.
impl std::fmt::Debug for DeliveryReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeliveryReport")
            .field("delivered", &self.delivered)
            .field("err_code", &self.err_code)
            .field("biz_id", &self.biz_id)
            .field("out_id", &self.out_id)
            .finish_non_exhaustive()
    }
}

/// A body that is no list of receipts.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Too large to be read.
    #[error("the receipts have {0} bytes, more than {BYTES_MAX}")]
    TooLarge(usize),
    /// Too many in one body.
    #[error("there are {0} receipts, more than {REPORTS_MAX}")]
    TooMany(usize),
    /// Not the vendor's JSON.
    #[error("the receipts cannot be read")]
    Unreadable(#[source] serde_json::Error),
}

#[derive(Deserialize)]
struct Report {
    phone_number: String,
    #[serde(default)]
    send_time: String,
    #[serde(default)]
    report_time: String,
    success: bool,
    #[serde(default)]
    err_code: String,
    biz_id: String,
    #[serde(default)]
    out_id: Option<String>,
}

/// Reads the body of a post by the vendor.
///
/// # Errors
/// When the body is too large or not a list of receipts; nothing of it is used then.
pub fn parse(bytes: &[u8]) -> Result<Vec<DeliveryReport>, Error> {
    if bytes.len() > BYTES_MAX {
        return Err(Error::TooLarge(bytes.len()));
    }
    let reports: Vec<Report> = serde_json::from_slice(bytes).map_err(Error::Unreadable)?;
    if reports.len() > REPORTS_MAX {
        return Err(Error::TooMany(reports.len()));
    }
    let reports = reports.into_iter().map(|report| DeliveryReport {
        phone: report.phone_number,
        sent_at_ms: wire::point_in_time(&report.send_time),
        reported_at_ms: wire::point_in_time(&report.report_time),
        delivered: report.success,
        err_code: report.err_code,
        biz_id: report.biz_id,
        out_id: report.out_id.filter(|out_id| !out_id.is_empty()),
    });
    Ok(reports.collect())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]
mod tests {
    use super::*;

    /// The example in the vendor's documentation of `SmsReport`, with whole numbers for the masked ones.
    const EXAMPLE: &str = r#"[{
        "phone_number": "13811110000", "send_time": "2017-01-01 00:00:00", "report_time": "2017-01-01 00:00:05",
        "success": true, "err_code": "DELIVERED", "err_msg": "用户接收成功", "sms_size": "1",
        "biz_id": "12345", "out_id": "67890"
    }]"#;

    #[test]
    fn the_vendors_example_is_read() {
        let reports = parse(EXAMPLE.as_bytes()).unwrap();
        let expected = DeliveryReport {
            phone: "13811110000".into(),
            sent_at_ms: Some(1_483_200_000_000),
            reported_at_ms: Some(1_483_200_005_000),
            delivered: true,
            err_code: "DELIVERED".into(),
            biz_id: "12345".into(),
            out_id: Some("67890".into()),
        };
        assert_eq!(reports, [expected]);
        assert!(!format!("{reports:?}").contains("13811110000"));
    }

    #[test]
    fn what_is_no_list_of_receipts_is_refused() {
        assert!(matches!(parse(b"{}"), Err(Error::Unreadable(_))));
        assert!(matches!(parse(br#"[{"biz_id":"1"}]"#), Err(Error::Unreadable(_))));
        assert!(matches!(parse(&vec![b' '; BYTES_MAX + 1]), Err(Error::TooLarge(_))));
        let one = r#"{"phone_number":"1","success":true,"biz_id":"1"}"#;
        let many = format!("[{}]", vec![one; REPORTS_MAX + 1].join(","));
        assert!(matches!(parse(many.as_bytes()), Err(Error::TooMany(1_001))));
    }
}
