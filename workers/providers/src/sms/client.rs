//! The two calls that the platform makes: send one message, and ask what became of it.

use jiff::{Timestamp, civil::Date};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;
use uuid::Uuid;

use super::{
    error::{Error, Reason, Unclear},
    sign,
    template::{Template, TemplateCodes},
    wire,
};
use crate::http::{self, Failure, Limits, SetupError};

/// The version of Dysmsapi that is spoken.
const VERSION: &str = "2017-05-25";
/// Rows a page of `QuerySendDetails`; the vendor's maximum.
const PAGE_SIZE: u64 = 50;
/// Pages that are looked through; a phone gets far fewer messages a day.
const PAGES_MAX: u64 = 20;
/// Longest `OutId`, in bytes; the vendor allows more, our ids never need it.
const OUT_ID_BYTES_MAX: usize = 64;
/// How far the vendor's clock may be from ours when a message falls on one day or the next, in milliseconds.
const CLOCKS_APART_MS: i64 = 10 * 60 * 1_000;

/// How to reach the gateway, and as whom.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `https://dysmsapi.aliyuncs.com` in production.
    pub base_url: Url,
    /// AccessKey id.
    pub access_key_id: String,
    /// AccessKey secret.
    pub access_key_secret: SecretString,
    /// The approved signature (签名), without brackets.
    pub sign_name: String,
    /// The approved templates.
    pub templates: TemplateCodes,
    /// Time and size.
    #[serde(default)]
    pub limits: Limits,
}

/// One message to one phone.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Eleven digits, mainland China.
    pub phone: String,
    /// What to say.
    pub template: Template,
    /// Our own id of this message, at most 64 of `A–Z a–z 0–9 - _ .`; the same for every attempt.
    pub out_id: String,
}

/// Without the phone.
impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("template", &self.template)
            .field("out_id", &self.out_id)
            .finish_non_exhaustive()
    }
}

/// The gateway has taken the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The vendor's id of the message; delivery receipts carry it.
    pub biz_id: String,
    /// The vendor's id of the request, for questions to its support.
    pub request_id: String,
}

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendStatus {
    /// Taken; the phone network has not answered yet.
    Waiting,
    /// Not delivered.
    Failed,
    /// On the phone.
    Delivered,
}

/// A message that the gateway has taken at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// How far it has come.
    pub status: SendStatus,
    /// The network's code; `DELIVERED` on success, empty while waiting.
    pub err_code: String,
    /// When the gateway sent it, in milliseconds since 1970 UTC.
    pub sent_at_ms: Option<i64>,
    /// When the phone got it, in milliseconds since 1970 UTC.
    pub received_at_ms: Option<i64>,
}

/// The gateway, as one account sees it.
#[derive(Debug)]
pub struct SmsClient {
    http: http::Client,
    config: Config,
    /// As the `Host` header has it: signed, so it must be known before the request is made.
    host: String,
}

impl SmsClient {
    /// Makes a client; nothing is sent.
    ///
    /// # Errors
    /// [`Error::Setup`] when the base address is not one.
    pub fn new(config: Config) -> Result<Self, Error> {
        http::check_base_url(&config.base_url).map_err(Error::Setup)?;
        let host = match (config.base_url.host_str(), config.base_url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => return Err(Error::Setup(SetupError::BaseUrl(config.base_url))),
        };
        let http = http::Client::new(config.limits, None).map_err(Error::Setup)?;
        Ok(Self { http, config, host })
    }

    /// Sends one message. Not idempotent: twice is two messages.
    ///
    /// # Errors
    /// See [`Error`]; after [`Error::Unknown`] ask [`SmsClient::find`] before sending again.
    pub async fn send(&self, message: &Message) -> Result<Receipt, Error> {
        check(message)?;
        let mut parameters = vec![
            ("PhoneNumbers", message.phone.clone()),
            ("SignName", self.config.sign_name.clone()),
            ("TemplateCode", message.template.code(&self.config.templates).to_owned()),
            ("OutId", message.out_id.clone()),
        ];
        if let Some(variables) = message.template.variables() {
            parameters.push(("TemplateParam", variables));
        }
        let sent: wire::Sent = self.call("SendSms", &parameters).await?;
        Ok(Receipt { biz_id: sent.biz_id, request_id: sent.request_id })
    }

    /// Looks for the message with this `out_id` that was sent to `phone` about `sent_at_ms` (milliseconds since 1970
    /// UTC, within the last 30 days).
    ///
    /// The vendor shows a message some seconds after it took it, so `None` soon after an [`Error::Unknown`] is no
    /// proof that there was none: the caller waits before it believes it.
    ///
    /// # Errors
    /// See [`Error`]; every error means that nothing is known.
    pub async fn find(&self, phone: &str, out_id: &str, sent_at_ms: i64) -> Result<Option<Found>, Error> {
        check_phone(phone)?;
        for date in dates_about(sent_at_ms) {
            if let Some(found) = self.find_on(phone, out_id, date).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Looks through one day's messages to the phone.
    async fn find_on(&self, phone: &str, out_id: &str, date: Date) -> Result<Option<Found>, Error> {
        for page in 1..=PAGES_MAX {
            let parameters = [
                ("PhoneNumber", phone.to_owned()),
                ("SendDate", date.strftime("%Y%m%d").to_string()),
                ("PageSize", PAGE_SIZE.to_string()),
                ("CurrentPage", page.to_string()),
            ];
            let details: wire::Details = self.call("QuerySendDetails", &parameters).await?;
            let total = details.total_count;
            if let Some(detail) = details.items().into_iter().find(|detail| detail.out_id == out_id) {
                return Ok(Some(found(detail)));
            }
            if page * PAGE_SIZE >= total {
                break;
            }
        }
        Ok(None)
    }

    async fn call<T: serde::de::DeserializeOwned>(
        &self,
        action: &str,
        parameters: &[(&str, String)],
    ) -> Result<T, Error> {
        let query = sign::canonical_query(parameters);
        let date = now_text();
        let nonce = Uuid::new_v4().simple().to_string();
        let unsigned = sign::Unsigned {
            host: &self.host,
            action,
            version: VERSION,
            date: &date,
            nonce: &nonce,
            query: &query,
        };
        let mut url = self.config.base_url.clone();
        url.set_path("/");
        url.set_query(Some(&query));
        let mut request = self.http.post(url).header("accept", "application/json");
        let secret = self.config.access_key_secret.expose_secret();
        for (name, value) in sign::headers(&unsigned, &self.config.access_key_id, secret) {
            request = request.header(name, value);
        }
        let answer = self.http.call(request).await.map_err(|failure| match failure {
            Failure::Unreached(_) => Error::Unreached(failure),
            Failure::Broken(_) | Failure::TooLarge { .. } => Error::Unknown(Unclear::NoAnswer(failure)),
        })?;
        wire::read(&answer)
    }
}

/// `2023-10-26T10:22:32Z`.
fn now_text() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The days in China that a message of about this time may be filed under: one, or two around midnight.
fn dates_about(sent_at_ms: i64) -> Vec<Date> {
    let mut dates: Vec<Date> = [-CLOCKS_APART_MS, CLOCKS_APART_MS]
        .into_iter()
        .filter_map(|apart| wire::china_date(sent_at_ms.saturating_add(apart)))
        .collect();
    dates.dedup();
    dates
}

fn found(detail: wire::Detail) -> Found {
    let status = match detail.send_status {
        3 => SendStatus::Delivered,
        2 => SendStatus::Failed,
        _ => SendStatus::Waiting,
    };
    Found {
        status,
        err_code: detail.err_code,
        sent_at_ms: wire::point_in_time(&detail.send_date),
        received_at_ms: wire::point_in_time(&detail.receive_date),
    }
}

/// Refuses here what the vendor would refuse, or worse: a comma in the phone would send to many.
fn check(message: &Message) -> Result<(), Error> {
    check_phone(&message.phone)?;
    let out_id_fits = !message.out_id.is_empty()
        && message.out_id.len() <= OUT_ID_BYTES_MAX
        && message.out_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if !out_id_fits {
        return Err(refused_here(Reason::Other, "out_id"));
    }
    if !message.template.fits() {
        return Err(refused_here(Reason::Template, "variables"));
    }
    Ok(())
}

/// `^1[3-9]\d{9}$`.
fn check_phone(phone: &str) -> Result<(), Error> {
    let bytes = phone.as_bytes();
    let fits = bytes.len() == 11
        && bytes.first() == Some(&b'1')
        && bytes.get(1).is_some_and(|second| (b'3'..=b'9').contains(second))
        && bytes.iter().all(u8::is_ascii_digit);
    if fits { Ok(()) } else { Err(refused_here(Reason::Number, "phone")) }
}

fn refused_here(reason: Reason, what: &str) -> Error {
    Error::Rejected { reason, code: format!("local.{what}"), request_id: String::new() }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]
mod tests {
    use super::*;

    fn message(phone: &str, out_id: &str) -> Message {
        Message { phone: phone.into(), template: Template::Completed, out_id: out_id.into() }
    }

    #[test]
    fn only_one_number_and_a_harmless_id_leave_the_house() {
        assert!(check(&message("13800138000", "a-1")).is_ok());
        for phone in ["13800138000,13900139000", "12800138000", "1380013800", "+8613800138000", ""] {
            assert!(
                matches!(check(&message(phone, "a")), Err(Error::Rejected { reason: Reason::Number, .. })),
                "{phone}"
            );
        }
        for out_id in ["", "a b", &"x".repeat(65)] {
            assert!(check(&message("13800138000", out_id)).is_err(), "{out_id}");
        }
    }

    #[test]
    fn about_midnight_in_china_both_days_are_asked() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        let days = |text: &str| dates_about(at(text)).iter().map(|d| d.day()).collect::<Vec<_>>();
        assert_eq!(days("2026-11-23T04:00:00Z"), [23]);
        assert_eq!(days("2026-11-23T15:55:00Z"), [23, 24]);
        assert_eq!(days("2026-11-23T16:05:00Z"), [23, 24]);
    }
}
