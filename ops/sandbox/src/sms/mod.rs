//! The SMS gateway, as Aliyun's Dysmsapi behaves on the wire.
//!
//! Like the vendor it has no idempotency: a request that is repeated puts a second message on the phone, so that a
//! platform which repeats itself is seen.

mod actions;
mod receipts;
mod signature;
mod templates;

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::any,
};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) use receipts::{Receipts, deliver};
pub(crate) use signature::Nonces;
pub(crate) use templates::Templates;
pub use templates::{SIGN_NAME, TEMPLATE_CODES};

use crate::{
    Shared,
    faults::{self, Fault, Service},
};

/// A refusal in the vendor's form.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: String,
    message: String,
}

impl Refusal {
    /// The gateway in front of the service says no: signature, clock, throttling.
    fn gateway(status: StatusCode, code: &str, message: &str) -> Self {
        Self { status, code: code.to_owned(), message: message.to_owned() }
    }

    /// The SMS service says no; the HTTP status is 200 all the same.
    fn service(code: &str, message: &str) -> Self {
        Self::gateway(StatusCode::OK, code, message)
    }

    fn internal() -> Self {
        Self::service("isp.SYSTEM_ERROR", "isp.SYSTEM_ERROR")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({"Code": self.code, "Message": self.message, "RequestId": request_id()});
        (self.status, Json(body)).into_response()
    }
}

/// A new id of a request, as the vendor writes it.
fn request_id() -> String {
    Uuid::new_v4().to_string().to_uppercase()
}

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new().route("/", any(call)).with_state(shared)
}

/// Every action comes in here: signature, fault, action, answer.
async fn call(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let parameters = signature::verify(&shared, &method, &uri, &headers, &body)?;
    let action = headers.get("x-acs-action").and_then(|value| value.to_str().ok()).unwrap_or_default();
    match action {
        "SendSms" => {
            let out_id = parameters.get("OutId").map(String::as_str).unwrap_or_default();
            shared.phones.requested(out_id).map_err(|_| Refusal::internal())?;
            faulty(&shared, Service::Sms, || actions::send_sms(&shared, &parameters)).await
        }
        "QuerySendDetails" => {
            faulty(&shared, Service::SmsQuery, || actions::query_send_details(&shared, &parameters)).await
        }
        _ => Err(Refusal::gateway(StatusCode::NOT_FOUND, "InvalidAction.NotFound", "Unknown action.")),
    }
}

/// Does what was asked, unless a fault was ordered for this call.
async fn faulty(
    shared: &Shared,
    service: Service,
    act: impl FnOnce() -> Result<Value, Refusal>,
) -> Result<Response, Refusal> {
    let fault = shared.faults.at_call(service);
    match &fault {
        Some(Fault::Status { code }) => {
            let status = StatusCode::from_u16(*code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return Ok((status, "the sandbox was asked for this").into_response());
        }
        Some(Fault::Throttle) => {
            let words = "Request was denied due to user flow control.";
            return Err(Refusal::gateway(StatusCode::BAD_REQUEST, "Throttling.User", words));
        }
        Some(Fault::VendorCode { code, message }) => return Err(Refusal::service(code, message)),
        Some(Fault::TimeoutBeforeAccept) => faults::hold(fault.as_ref()).await,
        _ => {}
    }
    let answer = act()?;
    faults::hold(fault.as_ref()).await;
    Ok(Json(answer).into_response())
}
