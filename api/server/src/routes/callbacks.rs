//! What vendors post to us. The address is the secret: its last part is known to the vendor only.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use sealflow_providers::sms::receipt;
use sealflow_store::sms_receipts::{self, Receipt};
use secrecy::ExposeSecret as _;
use subtle::ConstantTimeEq as _;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, error::Error, extract::At, openapi::Refusals, problem::Code};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(receive_sms_receipts))
}

pub(super) const REFUSALS: Refusals = &[("receive_sms_receipts", &[])];

/// Takes delivery receipts of SMS. A receipt that comes again changes nothing.
#[utoipa::path(
    post, path = "/callbacks/sms/aliyun/{token}", tag = "callbacks",
    params(("token" = String, Path, description = "Known to the vendor only")),
    request_body(content = String, content_type = "application/json", description = "A list of receipts"),
    responses((status = OK, body = String, content_type = "application/json", description = "The vendor's acknowledgement"))
)]
async fn receive_sms_receipts(
    State(app): State<App>,
    At(token): At<String>,
    body: Bytes,
) -> Result<Response, Error> {
    let secret = app.config.sms_callback_token.expose_secret();
    if secret.is_empty() || !bool::from(secret.as_bytes().ct_eq(token.as_bytes())) {
        return Err(Code::NotFound.into());
    }
    let reports = receipt::parse(&body).map_err(|_| Error::from(Code::BadRequest))?;
    let mut tx = app.store.begin().await?;
    let now_ms = tx.now().as_ms();
    let mut news = 0_u32;
    for report in reports {
        let receipt = Receipt {
            message_id: report.biz_id,
            out_id: report.out_id.unwrap_or_default(),
            delivered: report.delivered,
            error_code: (!report.delivered).then_some(report.err_code),
            reported_at_ms: report.reported_at_ms,
        };
        news += u32::from(sms_receipts::keep(tx.conn(), &receipt, now_ms).await?);
    }
    tx.commit().await?;
    tracing::info!(receipts.news = news, "SMS receipts taken");
    Ok(([(header::CONTENT_TYPE, "application/json")], receipt::ACKNOWLEDGEMENT).into_response())
}
