//! The vendor's JSON, and what its codes mean.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::Offset,
};
use serde::Deserialize;

use super::error::{Error, LimitWindow, Reason, Unclear};
use crate::http::Answer;

/// The vendor's dates are in China's time, which has had no summer time since 1991.
pub(super) const CHINA: Offset = Offset::constant(8);

/// Longest code or request id that is kept of an answer, in characters.
const WORD_CHARS_MAX: usize = 64;

/// What every answer has.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Head {
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    request_id: String,
}

/// The answer to `SendSms` when it is `OK`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Sent {
    pub(super) biz_id: String,
    #[serde(default)]
    pub(super) request_id: String,
}

/// The answer to `QuerySendDetails` when it is `OK`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Details {
    #[serde(deserialize_with = "number_or_text")]
    pub(super) total_count: u64,
    #[serde(rename = "SmsSendDetailDTOs")]
    list: DetailList,
}

#[derive(Debug, Deserialize)]
struct DetailList {
    #[serde(rename = "SmsSendDetailDTO", default)]
    items: Vec<Detail>,
}

impl Details {
    pub(super) fn items(self) -> Vec<Detail> {
        self.list.items
    }
}

/// One message as `QuerySendDetails` shows it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Detail {
    #[serde(default)]
    pub(super) out_id: String,
    /// 1 waiting for a receipt, 2 failed, 3 delivered.
    #[serde(deserialize_with = "number_or_text")]
    pub(super) send_status: u64,
    #[serde(default)]
    pub(super) err_code: String,
    #[serde(default)]
    pub(super) send_date: String,
    #[serde(default)]
    pub(super) receive_date: String,
}

/// The documentation shows numbers, some answers carry them as text.
fn number_or_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
        Text(String),
    }
    match Either::deserialize(deserializer)? {
        Either::Number(number) => Ok(number),
        Either::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

/// Reads an answer: the body of a success, or the error that the vendor's code stands for.
pub(super) fn read<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T, Error> {
    let head: Head = match serde_json::from_slice(&answer.body) {
        Ok(head) => head,
        Err(source) => return Err(without_words(answer.status.as_u16(), source)),
    };
    if head.code == "OK" {
        return serde_json::from_slice(&answer.body)
            .map_err(|source| Error::Unknown(Unclear::Unreadable(source)));
    }
    Err(classify(&head))
}

/// An answer that is not the vendor's JSON comes from something in between, or from a broken server.
fn without_words(status: u16, source: serde_json::Error) -> Error {
    match status {
        429 => Error::Throttled { code: "http 429".into(), request_id: String::new() },
        // The address is wrong, or something in between refuses: no message was taken.
        400..=407 | 409..=499 | 300..=399 => Error::Rejected {
            reason: Reason::Other,
            code: format!("http {status}"),
            request_id: String::new(),
        },
        200..=299 => Error::Unknown(Unclear::Unreadable(source)),
        _ => Error::Unknown(Unclear::Status(status)),
    }
}

/// The vendor's error codes: <https://help.aliyun.com/zh/sms/developer-reference/api-error-codes>.
fn classify(head: &Head) -> Error {
    let code = word(&head.code);
    let request_id = word(&head.request_id);
    let rejected = |reason| Error::Rejected { reason, code: code.clone(), request_id: request_id.clone() };
    match head.code.as_str() {
        "isv.BUSINESS_LIMIT_CONTROL" => {
            Error::PerNumberLimit { window: limit_window(&head.message), request_id }
        }
        "Throttling" | "Throttling.User" | "Throttling.Api" => Error::Throttled { code, request_id },
        // A nonce is new for every request; the vendor has seen this one, so it has seen the request.
        "isp.SYSTEM_ERROR" | "isp.UNKNOWN" | "isp.GATEWAY_ERROR" | "InternalError" | "ServiceUnavailable"
        | "SignatureNonceUsed" => Error::Unknown(Unclear::SystemError { code, request_id }),
        "isv.SMS_SIGNATURE_ILLEGAL" | "isv.SMS_SIGN_ILLEGAL" | "isv.SIGN_NAME_ILLEGAL" => {
            rejected(Reason::SignName)
        }
        "isv.SMS_TEMPLATE_ILLEGAL"
        | "isv.TEMPLATE_MISSING_PARAMETERS"
        | "isv.TEMPLATE_PARAMS_ILLEGAL"
        | "isv.INVALID_JSON_PARAM"
        | "isv.PARAM_LENGTH_LIMIT"
        | "isv.PARAM_NOT_SUPPORT_URL"
        | "isv.SMS_SIGNATURE_SCENE_ILLEGAL" => rejected(Reason::Template),
        "isv.AMOUNT_NOT_ENOUGH"
        | "isv.OUT_OF_SERVICE"
        | "isv.PRODUCT_UN_SUBSCRIPT"
        | "isv.PRODUCT_UNSUBSCRIBE"
        | "isv.ACCOUNT_NOT_EXISTS"
        | "isv.ACCOUNT_ABNORMAL" => rejected(Reason::Balance),
        "isv.MOBILE_NUMBER_ILLEGAL" | "isv.MOBILE_COUNT_OVER_LIMIT" => rejected(Reason::Number),
        "isv.BLACK_KEY_CONTROL_LIMIT" | "isv.BLACKLIST" | "isv.DENY_IP_RANGE" => rejected(Reason::Blacklist),
        "isv.DAY_LIMIT_CONTROL" | "isv.MONTH_LIMIT_CONTROL" => rejected(Reason::AccountCap),
        "isp.RAM_PERMISSION_DENY" | "SignatureDoesNotMatch" | "IncompleteSignature" => {
            rejected(Reason::Credentials)
        }
        other if other.starts_with("InvalidAccessKeyId") || other.starts_with("Forbidden") => {
            rejected(Reason::Credentials)
        }
        other if other.starts_with("InvalidTimeStamp") => rejected(Reason::Credentials),
        other if other.starts_with("Throttling.") => Error::Throttled { code, request_id },
        _ => rejected(Reason::Other),
    }
}

/// The vendor names the limit in words: `触发分钟级流控Permits:1`, `触发小时级流控Permits:5`, `触发天级流控Permits:10`.
fn limit_window(message: &str) -> LimitWindow {
    if message.contains("分钟级") || message.contains("minute") {
        LimitWindow::Minute
    } else if message.contains("小时级") || message.contains("hour") {
        LimitWindow::Hour
    } else {
        LimitWindow::Day
    }
}

/// A code or id as it may stand in a log: short, and of harmless characters.
fn word(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'))
        .take(WORD_CHARS_MAX)
        .collect()
}

/// `2017-05-25 00:00:00` in China → milliseconds since 1970 UTC.
pub(super) fn point_in_time(text: &str) -> Option<i64> {
    let local = DateTime::strptime("%Y-%m-%d %H:%M:%S", text.trim()).ok()?;
    Some(CHINA.to_timestamp(local).ok()?.as_millisecond())
}

/// The day in China on which this point in time lies.
pub(super) fn china_date(at_ms: i64) -> Option<Date> {
    Some(CHINA.to_datetime(Timestamp::from_millisecond(at_ms).ok()?).date())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]
mod tests {
    use reqwest::{StatusCode, header::HeaderMap};

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec(),
        }
    }

    fn refusal(code: &str, message: &str) -> Error {
        let body = serde_json::json!({"Code": code, "Message": message, "RequestId": "R-1"});
        read::<Sent>(&answer(200, &body.to_string())).unwrap_err()
    }

    #[test]
    fn every_code_leads_to_what_has_to_be_done_next() {
        let reason = |code| match refusal(code, "") {
            Error::Rejected { reason, .. } => Some(reason),
            _ => None,
        };
        assert_eq!(reason("isv.SMS_SIGNATURE_ILLEGAL"), Some(Reason::SignName));
        assert_eq!(reason("isv.SMS_TEMPLATE_ILLEGAL"), Some(Reason::Template));
        assert_eq!(reason("isv.AMOUNT_NOT_ENOUGH"), Some(Reason::Balance));
        assert_eq!(reason("isv.MOBILE_NUMBER_ILLEGAL"), Some(Reason::Number));
        assert_eq!(reason("isv.BLACK_KEY_CONTROL_LIMIT"), Some(Reason::Blacklist));
        assert_eq!(reason("isp.RAM_PERMISSION_DENY"), Some(Reason::Credentials));
        assert_eq!(reason("InvalidAccessKeyId.NotFound"), Some(Reason::Credentials));
        assert_eq!(reason("isv.DAY_LIMIT_CONTROL"), Some(Reason::AccountCap));
        assert_eq!(reason("isv.SOMETHING_NEW"), Some(Reason::Other));
        assert!(matches!(refusal("Throttling.User", ""), Error::Throttled { .. }));
        assert!(matches!(refusal("isp.SYSTEM_ERROR", ""), Error::Unknown(Unclear::SystemError { .. })));
    }

    #[test]
    fn the_limit_for_a_number_names_its_period() {
        for (message, expected) in [
            ("触发分钟级流控Permits:1", LimitWindow::Minute),
            ("触发小时级流控Permits:5", LimitWindow::Hour),
            ("触发天级流控Permits:10", LimitWindow::Day),
        ] {
            let error = refusal("isv.BUSINESS_LIMIT_CONTROL", message);
            assert!(matches!(error, Error::PerNumberLimit { window, .. } if window == expected), "{message}");
        }
    }

    #[test]
    fn an_answer_of_somebody_else_is_judged_by_its_status() {
        let error = |status, body| read::<Sent>(&answer(status, body)).unwrap_err();
        assert!(matches!(error(502, "<html>"), Error::Unknown(Unclear::Status(502))));
        assert!(matches!(error(408, ""), Error::Unknown(Unclear::Status(408))));
        assert!(matches!(error(429, ""), Error::Throttled { .. }));
        assert!(matches!(error(404, "<html>"), Error::Rejected { .. }));
        assert!(matches!(error(200, "<html>"), Error::Unknown(Unclear::Unreadable(_))));
        assert!(matches!(error(200, r#"{"Code":"OK"}"#), Error::Unknown(Unclear::Unreadable(_))));
    }

    #[test]
    fn the_vendors_words_are_cut_before_they_reach_a_log() {
        let error = refusal(&format!("isv.{}\n13800138000号", "X".repeat(100)), "");
        assert!(matches!(error, Error::Rejected { code, .. } if code.len() == 64 && !code.contains('\n')));
    }

    #[test]
    fn times_are_chinas() {
        assert_eq!(point_in_time("1970-01-01 08:00:00"), Some(0));
        assert_eq!(point_in_time("yesterday"), None);
    }
}
