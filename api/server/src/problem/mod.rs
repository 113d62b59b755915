//! Refusals as RFC 9457 problem details: one shape for every error that a client can meet.
//!
//! A handler's error becomes a [`Refusal`] in the response's extensions; [`render`] turns it into the body, because only
//! there the language and the request's id are known. Refusals by the framework itself (no such route, body too large)
//! have no [`Refusal`] and get the one that fits their status.

mod code;
pub(crate) mod feature;
pub(crate) mod field;

use axum::{
    Json,
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use code::Code;
pub(crate) use code::Words;

use crate::context::RequestId;

/// A refusal, as RFC 9457 describes it, with the members of this API.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "type": "urn:sealflow:problem:link_expired", "title": "链接已过期", "status": 410,
    "detail": "请用接收短信的手机号登录查看，或联系发起方。", "code": "link_expired",
    "request_id": "019adf2c-6f00-7c3a-9d53-0c4de0a1b111"
}))]
pub struct Problem {
    /// `urn:sealflow:problem:` and the code.
    #[serde(rename = "type")]
    pub type_: String,
    /// What happened, in the language asked for.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What to do next, in the language asked for.
    pub detail: String,
    /// What happened, for programs.
    pub code: String,
    /// To be given to support.
    pub request_id: String,
    /// The entries that are not valid, for code `invalid_fields` and the like.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
    /// How many more wrong codes are accepted, for code `code_wrong`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tries_left: Option<i64>,
    /// Seconds to wait before the same is asked again; also in the header `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<i64>,
}

/// One entry that is not valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// Path to it, for example `recipients[0].phone`.
    #[schema(example = "recipients[0].phone")]
    pub field: String,
    /// What is wrong with it.
    #[schema(example = "请输入 11 位手机号码")]
    pub message: String,
}

/// A refusal before it has a language.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) fields: Vec<FieldProblem>,
    pub(crate) tries_left: Option<i64>,
    pub(crate) retry_after_s: Option<i64>,
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self { code, fields: Vec::new(), tries_left: None, retry_after_s: None }
    }
}

impl Refusal {
    /// Points at one entry.
    pub(crate) fn field(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.fields.push(FieldProblem { field: field.into(), message: message.into() });
        self
    }

    pub(crate) fn retry_after_s(mut self, seconds: i64) -> Self {
        self.retry_after_s = Some(seconds.max(1));
        self
    }

    pub(crate) fn tries_left(mut self, tries: i64) -> Self {
        self.tries_left = Some(tries);
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The two languages of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// The default.
    Chinese,
    /// When the first language of `Accept-Language` is English.
    English,
}

impl Language {
    /// The language that the client likes best.
    #[must_use]
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        match wanted.map(|text| text.trim_start().to_ascii_lowercase()) {
            Some(text) if text.starts_with("en") => Self::English,
            _ => Self::Chinese,
        }
    }

    pub(crate) const fn words(self, code: Code) -> Words {
        match self {
            Self::Chinese => code.zh(),
            Self::English => code.en(),
        }
    }
}

/// Gives every refused request its problem details.
pub(crate) async fn render(request: Request, next: Next) -> Response {
    let language = Language::of(request.headers());
    let request_id = request.extensions().get::<RequestId>().cloned().unwrap_or_default();
    let response = next.run(request).await;
    let status = response.status();
    let refusal = match response.extensions().get::<Refusal>() {
        Some(refusal) => refusal.clone(),
        None if is_error(status) && !has_own_body(&response) => fitting(status).into(),
        None => return response,
    };
    let mut answer = (refusal.code.status(), Json(problem(&refusal, language, &request_id))).into_response();
    let headers = answer.headers_mut();
    for kept in [header::ALLOW, header::SET_COOKIE, header::CONNECTION] {
        if let Some(value) = response.headers().get(&kept) {
            headers.insert(kept, value.clone());
        }
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = refusal.retry_after_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

pub(crate) fn problem(refusal: &Refusal, language: Language, request_id: &RequestId) -> Problem {
    let words = language.words(refusal.code);
    let fields = refusal.fields.iter().map(|each| FieldProblem {
        field: each.field.clone(),
        message: field::words(&each.message, language),
    });
    Problem {
        type_: format!("urn:sealflow:problem:{}", refusal.code.as_str()),
        title: words.title.into(),
        status: refusal.code.status().as_u16(),
        detail: words.detail.into(),
        code: refusal.code.as_str().into(),
        request_id: request_id.0.clone(),
        fields: fields.collect(),
        tries_left: refusal.tries_left,
        retry_after_s: refusal.retry_after_s,
    }
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// `/readyz` answers 503 with a body of its own.
fn has_own_body(response: &Response) -> bool {
    let json = HeaderValue::from_static("application/json");
    response.headers().get(header::CONTENT_TYPE) == Some(&json)
}

fn fitting(status: StatusCode) -> Code {
    match status {
        StatusCode::UNAUTHORIZED => Code::NotSignedIn,
        StatusCode::FORBIDDEN => Code::Forbidden,
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Code::PayloadTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        StatusCode::UNPROCESSABLE_ENTITY => Code::InvalidFields,
        StatusCode::REQUEST_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
        other if other.is_client_error() => Code::BadRequest,
        _ => Code::Internal,
    }
}
