//! The timestamp authority: RFC 3161 over HTTP.

mod asn1;
mod token;

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
    routing::post,
};

use crate::{
    Shared,
    faults::{self, Fault, Service},
};

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new().route("/", post(timestamp)).route("/tsa", post(timestamp)).with_state(shared)
}

async fn timestamp(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let fault = shared.faults.at_call(Service::Tsa);
    match &fault {
        Some(Fault::Status { code }) => {
            let status = StatusCode::from_u16(*code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return (status, [(RETRY_AFTER, "1")], "the sandbox was asked for this").into_response();
        }
        Some(Fault::Throttle) => {
            return (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "1")], "too fast").into_response();
        }
        Some(Fault::TimeoutBeforeAccept) => faults::hold(fault.as_ref()).await,
        _ => {}
    }
    if headers.get(CONTENT_TYPE).is_none_or(|value| value != "application/timestamp-query") {
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, "application/timestamp-query is wanted").into_response();
    }
    let answer = match token::answer(&shared.pki, &body, fault.as_ref()) {
        Ok(answer) => answer,
        Err(error) => {
            tracing::error!(error = %error, "a timestamp could not be made");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    faults::hold(fault.as_ref()).await;
    ([(CONTENT_TYPE, "application/timestamp-reply")], answer).into_response()
}
