//! `SendSms` and `QuerySendDetails`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Refusal, request_id};
use crate::{
    Shared, clock,
    phones::{Delivery, Draft, Message},
};

/// Phones in one request.
const PHONES_MAX: usize = 1_000;
/// Rows a page.
const PAGE_SIZE_MAX: usize = 50;

type Parameters = BTreeMap<String, String>;

pub(super) fn send_sms(shared: &Shared, parameters: &Parameters) -> Result<Value, Refusal> {
    let phones: Vec<&str> = required(parameters, "PhoneNumbers")?.split(',').collect();
    if phones.len() > PHONES_MAX {
        return Err(Refusal::service("isv.MOBILE_COUNT_OVER_LIMIT", "手机号码数量超过限制"));
    }
    if phones.iter().any(|phone| !is_mobile(phone)) {
        return Err(Refusal::service("isv.MOBILE_NUMBER_ILLEGAL", "非法手机号"));
    }
    let template_code = required(parameters, "TemplateCode")?;
    let text = shared.templates.render(
        required(parameters, "SignName")?,
        template_code,
        parameters.get("TemplateParam").map(String::as_str),
    )?;
    let out_id = parameters.get("OutId").cloned().unwrap_or_default();
    let drafts = phones.into_iter().map(|phone| Draft {
        phone: phone.to_owned(),
        text: text.clone(),
        template_code: template_code.to_owned(),
        out_id: out_id.clone(),
    });
    // The vendor's ids are long numbers with a batch number after them.
    let biz_id = format!("{}^0", Uuid::new_v4().as_u64_pair().0);
    let taken = shared.phones.accept(drafts.collect(), &biz_id).map_err(|error| {
        tracing::error!(error = %error, "a message could not be kept");
        Refusal::internal()
    })?;
    for message in &taken {
        shared.receipts.announce(message.id);
    }
    tracing::info!(sms.template = template_code, sms.phones = taken.len(), "message taken");
    Ok(json!({"Code": "OK", "Message": "OK", "BizId": biz_id, "RequestId": request_id()}))
}

pub(super) fn query_send_details(shared: &Shared, parameters: &Parameters) -> Result<Value, Refusal> {
    let phone = required(parameters, "PhoneNumber")?;
    let date = required(parameters, "SendDate")?;
    let page_size = number(parameters, "PageSize")?;
    let page = number(parameters, "CurrentPage")?;
    if date.len() != 8 || !(1..=PAGE_SIZE_MAX).contains(&page_size) || page == 0 {
        return Err(invalid());
    }
    let biz_id = parameters.get("BizId");
    let mut messages = shared.phones.of_phone(phone);
    messages.retain(|message| {
        clock::china_date(message.at_ms).strftime("%Y%m%d").to_string() == date
            && biz_id.is_none_or(|biz_id| *biz_id == message.biz_id)
    });
    let total = messages.len();
    let rows: Vec<Value> =
        messages.iter().rev().skip((page - 1) * page_size).take(page_size).map(detail).collect();
    Ok(json!({
        "Code": "OK", "Message": "OK", "RequestId": request_id(),
        "TotalCount": total, "SmsSendDetailDTOs": {"SmsSendDetailDTO": rows},
    }))
}

fn detail(message: &Message) -> Value {
    let (status, err_code) = match message.delivery {
        Delivery::Waiting => (1, ""),
        Delivery::Failed => (2, "UNDELIV"),
        Delivery::Delivered => (3, "DELIVERED"),
    };
    let mut row = json!({
        "PhoneNum": message.phone, "SendStatus": status, "ErrCode": err_code,
        "TemplateCode": message.template_code, "Content": message.text, "OutId": message.out_id,
        "SendDate": clock::china_text(message.at_ms),
    });
    if let Some(at_ms) = message.delivered_at_ms
        && let Some(row) = row.as_object_mut()
    {
        row.insert("ReceiveDate".into(), clock::china_text(at_ms).into());
    }
    row
}

fn required<'a>(parameters: &'a Parameters, name: &str) -> Result<&'a str, Refusal> {
    parameters.get(name).map(String::as_str).filter(|value| !value.is_empty()).ok_or_else(invalid)
}

fn number(parameters: &Parameters, name: &str) -> Result<usize, Refusal> {
    required(parameters, name)?.parse().map_err(|_| invalid())
}

fn invalid() -> Refusal {
    Refusal::service("isv.INVALID_PARAMETERS", "参数异常")
}

/// Mainland mobile numbers, with or without the country's code.
fn is_mobile(phone: &str) -> bool {
    let national = phone.strip_prefix("+86").or_else(|| phone.strip_prefix("86")).unwrap_or(phone);
    national.len() == 11 && national.starts_with('1') && national.bytes().all(|byte| byte.is_ascii_digit())
}
