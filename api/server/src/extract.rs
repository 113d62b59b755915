//! Input as typed values: bodies and queries are read, limited and validated before a handler sees them.

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::JsonRejection},
    http::request::Parts,
};
use garde::Validate;
use serde::de::DeserializeOwned;

use crate::{
    App,
    error::Error,
    problem::{Code, Language, Refusal, field},
};

/// A JSON body that is valid.
#[derive(Debug, Clone)]
pub(crate) struct Body<T>(pub(crate) T);

impl<T> FromRequest<App> for Body<T>
where
    T: DeserializeOwned + Validate<Context = ()>,
{
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self, Error> {
        let Json(value) = Json::<T>::from_request(request, app).await.map_err(|error| unreadable(&error))?;
        validated(value).map(Self)
    }
}

/// A query string that is valid.
#[derive(Debug, Clone)]
pub(crate) struct Search<T>(pub(crate) T);

impl<T> FromRequestParts<App> for Search<T>
where
    T: DeserializeOwned + Validate<Context = ()>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let Query(value) =
            Query::<T>::from_request_parts(parts, app).await.map_err(|_| Error::from(Code::BadRequest))?;
        validated(value).map(Self)
    }
}

/// The typed parts of the path. What cannot be read names nothing, so it is not found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for At<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let path = Path::<T>::from_request_parts(parts, app).await;
        path.map(|Path(value)| Self(value)).map_err(|_| Code::NotFound.into())
    }
}

impl FromRequestParts<App> for Language {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.headers))
    }
}

fn validated<T: Validate<Context = ()>>(value: T) -> Result<T, Error> {
    let Err(report) = value.validate() else { return Ok(value) };
    let refusal = Refusal::from(Code::InvalidFields);
    let refusal = report
        .iter()
        .fold(refusal, |refusal, (path, error)| refusal.field(path.to_string(), error.message().to_string()));
    Err(refusal.into())
}

fn unreadable(error: &JsonRejection) -> Error {
    match error {
        JsonRejection::JsonDataError(error) => {
            // "…: recipients[0].phone: missing field `phone` at line 1 column 9"
            let text = error.body_text();
            let told = text.split_once(": ").map_or("", |(_, told)| told);
            let path = told.split_once(": ").map_or("", |(path, _)| path);
            Refusal::from(Code::InvalidFields).field(path, "unreadable").into()
        }
        JsonRejection::MissingJsonContentType(_) => Code::UnsupportedMediaType.into(),
        JsonRejection::BytesRejection(error) if error.status().as_u16() == 413 => {
            Code::PayloadTooLarge.into()
        }
        _ => Code::BadRequest.into(),
    }
}

/// Rules for entries, used as `#[garde(custom(…))]`.
pub(crate) mod rules {
    use sealflow_store::phone::Phone;

    use super::field;

    /// Not only spaces, and nothing that a terminal or a page would act on.
    pub(crate) fn plain_text(text: &str, _: &()) -> garde::Result {
        if text.trim().is_empty() {
            return Err(garde::Error::new(field::BLANK));
        }
        no_controls(text, &())
    }

    /// Nothing that a terminal or a page would act on. Turning the direction of writing can make a text read otherwise.
    pub(crate) fn no_controls(text: &str, (): &()) -> garde::Result {
        let acts = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if text.chars().any(acts) { Err(garde::Error::new(field::CONTROL)) } else { Ok(()) }
    }

    /// Nothing but digits and Latin letters.
    pub(crate) fn alphanumeric(text: &str, _: &()) -> garde::Result {
        let all = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if all { Ok(()) } else { Err(garde::Error::new(field::ALPHANUMERIC)) }
    }

    pub(crate) fn phone(text: &str, _: &()) -> garde::Result {
        text.parse::<Phone>().map(drop).map_err(|_| garde::Error::new(field::PHONE))
    }

    pub(crate) fn code(text: &str, _: &()) -> garde::Result {
        let six = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
        if six { Ok(()) } else { Err(garde::Error::new(field::CODE)) }
    }
}
