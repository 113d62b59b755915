//! Checks the third version of Aliyun's request signature, from the request as it arrived.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    sync::Mutex,
};

use axum::http::{HeaderMap, Method, StatusCode, Uri};
use jiff::Timestamp;
use openssl::{hash::MessageDigest, memcmp, pkey::PKey, sha::sha256, sign::Signer};

use super::Refusal;
use crate::{Shared, clock, faults::lock};

/// How far a request's clock may be off, in milliseconds.
const CLOCK_OFF_MS_MAX: i64 = 15 * 60 * 1_000;
/// Headers that must be signed.
const REQUIRED: [&str; 6] =
    ["host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"];

/// How many nonces are kept before old ones are looked for.
const NONCES: usize = 100_000;

/// Nonces of the requests that are still within the clock's tolerance.
#[derive(Debug, Default)]
pub(crate) struct Nonces {
    inner: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    at_ms: HashMap<String, i64>,
    /// The number at which old ones are thrown out the next time.
    full: usize,
}

impl Nonces {
    /// Whether the nonce is new; remembers it.
    fn is_new(&self, nonce: &str) -> bool {
        let now = clock::now_ms();
        let mut seen = lock(&self.inner);
        if seen.at_ms.len() >= seen.full.max(NONCES) {
            seen.at_ms.retain(|_, at_ms| now - *at_ms <= 2 * CLOCK_OFF_MS_MAX);
            seen.full = 2 * seen.at_ms.len();
        }
        seen.at_ms.insert(nonce.to_owned(), now).is_none()
    }
}

/// The parameters of a request that is what it says.
pub(super) fn verify(
    shared: &Shared,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<BTreeMap<String, String>, Refusal> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let authorization = Authorization::parse(header("authorization"))
        .ok_or_else(|| refuse("MissingAuthorization", "Authorization is missing or of another form."))?;
    if authorization.key_id != shared.sms_account.username {
        let words = "Specified access key is not found.";
        return Err(Refusal::gateway(StatusCode::NOT_FOUND, "InvalidAccessKeyId.NotFound", words));
    }
    if REQUIRED.iter().any(|required| !authorization.signed.iter().any(|signed| signed == required)) {
        return Err(refuse("IncompleteSignature", "A header that must be signed is not."));
    }
    let sent_at: Timestamp = header("x-acs-date")
        .parse()
        .map_err(|_| refuse("InvalidTimeStamp.Format", "x-acs-date is not a time in UTC."))?;
    if (sent_at.as_millisecond() - clock::now_ms()).abs() > CLOCK_OFF_MS_MAX {
        return Err(refuse("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."));
    }
    if header("x-acs-content-sha256") != hex::encode(sha256(body)) {
        return Err(refuse("SignatureDoesNotMatch", "x-acs-content-sha256 is not the body's."));
    }
    let parameters: BTreeMap<String, String> =
        url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let canonical = canonical_request(method, uri.path(), &parameters, headers, &authorization.signed);
    let expected = signature(&shared.sms_account.password, &canonical)
        .map_err(|_| Refusal::gateway(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", ""))?;
    let given = authorization.signature.as_bytes();
    if given.len() != expected.len() || !memcmp::eq(given, expected.as_bytes()) {
        let words = "Specified signature is not matched with our calculation.";
        return Err(refuse("SignatureDoesNotMatch", words));
    }
    if header("x-acs-version") != "2017-05-25" {
        return Err(refuse("InvalidVersion", "Specified parameter Version is not valid."));
    }
    if !shared.nonces.is_new(header("x-acs-signature-nonce")) {
        return Err(refuse("SignatureNonceUsed", "Specified signature nonce was used already."));
    }
    Ok(parameters)
}

fn refuse(code: &str, message: &str) -> Refusal {
    Refusal::gateway(StatusCode::BAD_REQUEST, code, message)
}

/// `ACS3-HMAC-SHA256 Credential=…,SignedHeaders=a;b,Signature=…`
struct Authorization {
    key_id: String,
    signed: Vec<String>,
    signature: String,
}

impl Authorization {
    fn parse(header: &str) -> Option<Self> {
        let fields: HashMap<&str, &str> = header
            .strip_prefix("ACS3-HMAC-SHA256 ")?
            .split(',')
            .filter_map(|field| field.trim().split_once('='))
            .collect();
        Some(Self {
            key_id: (*fields.get("Credential")?).to_owned(),
            signed: fields.get("SignedHeaders")?.split(';').map(str::to_owned).collect(),
            signature: (*fields.get("Signature")?).to_owned(),
        })
    }
}

fn canonical_request(
    method: &Method,
    path: &str,
    parameters: &BTreeMap<String, String>,
    headers: &HeaderMap,
    signed: &[String],
) -> String {
    let query: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{}={}", percent(name), percent(value))).collect();
    let value =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
    let mut text = format!("{method}\n{path}\n{}\n", query.join("&"));
    for name in signed {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{name}:{}", value(name));
    }
    text.push('\n');
    text.push_str(&signed.join(";"));
    text.push('\n');
    text.push_str(value("x-acs-content-sha256"));
    text
}

/// RFC 3986, unreserved characters stay.
fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

fn signature(secret: &str, canonical: &str) -> Result<String, openssl::error::ErrorStack> {
    let key = PKey::hmac(secret.as_bytes())?;
    let mut signer = Signer::new(MessageDigest::sha256(), &key)?;
    signer.update(b"ACS3-HMAC-SHA256\n")?;
    signer.update(hex::encode(sha256(canonical.as_bytes())).as_bytes())?;
    Ok(hex::encode(signer.sign_to_vec()?))
}
