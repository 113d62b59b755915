//! The two signers' parts.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{Journey, Phones, Refused, Visitor, text};

type Say<'a> = &'a mut (dyn FnMut(&str) + Send);

/// Signer 1: a person who draws his signature.
pub(super) async fn as_person(journey: &Journey, after_ms: i64, say: Say<'_>) -> Result<()> {
    let phone = &journey.cast.signer_phone;
    let (visitor, recipient_id) = arrive(journey, phone, after_ms).await?;
    say("签署人一收到短信并登录 · signer 1 came by the SMS link and is logged in");
    if journey.await_reminder {
        journey.phones().expect(phone, after_ms, "仍待签署").await.context("the reminder")?;
        say("签署人一收到催签短信 · signer 1 was reminded");
    }
    go_through(journey, &visitor, phone, &recipient_id, say).await?;
    say("签署人一已签名 · signer 1's signature is in the file");
    Ok(())
}

/// Signer 2: the transactor, who applies the organization's seal. Only now may her SMS be there.
pub(super) async fn as_organization(
    journey: &Journey,
    sender: &Visitor,
    contract_id: &str,
    after_ms: i64,
    say: Say<'_>,
) -> Result<()> {
    let phone = &journey.cast.transactor_phone;
    let (visitor, recipient_id) = arrive(journey, phone, after_ms).await?;
    let contract = sender.get(&format!("/api/contracts/{contract_id}")).await?;
    ensure!(
        contract["recipients"][0]["status"] == "signed",
        "signer 2 was notified before signer 1 had signed: {contract}"
    );
    say("签署人二收到短信并登录 · signer 2 was notified only now, and is logged in");
    go_through(journey, &visitor, phone, &recipient_id, say).await?;
    say("签署人二已盖章 · signer 2's seal is in the file");
    Ok(())
}

async fn arrive(journey: &Journey, phone: &str, after_ms: i64) -> Result<(Visitor, String)> {
    let token = journey.phones().link(phone, after_ms).await?;
    let visitor = journey.visitor()?;
    let link = visitor.get(&format!("/api/links/{token}")).await.context("opening the link")?;
    visitor.log_in(&journey.phones(), phone, Some(&token)).await.context("login by code")?;
    Ok((visitor, text(&link, "recipient_id")?))
}

/// Does what the signing view calls current, step after step, until nothing is left.
async fn go_through(
    journey: &Journey,
    visitor: &Visitor,
    phone: &str,
    recipient_id: &str,
    say: Say<'_>,
) -> Result<()> {
    let path = format!("/api/signing/{recipient_id}");
    let mut view = visitor.get(&path).await?;
    while let Some(step) = current_step(&view) {
        match step.as_str() {
            "agreement" => {
                let accepted = json!({"sha256": view["agreement"]["sha256"]});
                view = visitor.post(&format!("{path}/agreement"), &accepted).await?;
                say("  已同意签署协议 · accepted the agreement");
            }
            "reading" => {
                let pages: u64 = view["documents"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|d| d["page_count"].as_u64())
                    .sum();
                let seconds = view["min_reading_s"].as_u64().unwrap_or(0);
                // The server measures too: from when the step was opened.
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                let read = json!({"pages_read": pages, "seconds": seconds});
                view = visitor.post(&format!("{path}/reading"), &read).await?;
                say("  已阅读全文 · read to the last page");
            }
            "sign" => {
                visitor.put(&format!("{path}/fields"), &fill_fields(&view)?).await?;
                say("  已填写签署区 · filled the fields");
                confirm(journey, visitor, phone, &path).await?;
                say("  意愿认证通过 · confirmed by SMS code");
                break;
            }
            other => anyhow::bail!("an unknown step: {other}"),
        }
    }
    visitor.follow(&path, |view| view["status"] == "signed").await.map(drop)
}

fn current_step(view: &Value) -> Option<String> {
    let steps = view["steps"].as_array()?;
    let current = steps.iter().find(|step| step["state"] == "current")?;
    current["kind"].as_str().map(str::to_owned)
}

/// One value for each field of this signer.
fn fill_fields(view: &Value) -> Result<Value> {
    let fields = view["fields"].as_array().context("the signing view has no fields")?;
    let filled = fields.iter().map(|field| {
        let value = match field["kind"].as_str() {
            Some("signature") => drawn_signature(),
            Some("seal") => json!({"seal_id": view["seals"][0]["id"]}),
            Some("date") => json!({"date": true}),
            _ => json!({"text": "同意"}),
        };
        json!({"id": field["id"], "value": value})
    });
    Ok(json!({"fields": filled.collect::<Vec<_>>()}))
}

/// Strokes as a finger would leave them: two waves and a dash.
fn drawn_signature() -> Value {
    let wave = |x0: f64, y0: f64, turns: f64| -> Vec<Value> {
        let points = (0..40).map(f64::from).map(|i| {
            let t = i / 39.0;
            let (x, y) =
                (x0 + 130.0 * t, y0 + 38.0 * (turns * t * std::f64::consts::TAU).sin() * (1.0 - 0.4 * t));
            json!({"x": x, "y": y, "w": 2.0 + 2.5 * (1.0 - t)})
        });
        points.collect()
    };
    let dash = vec![json!({"x": 40.0, "y": 150.0, "w": 3.0}), json!({"x": 270.0, "y": 132.0, "w": 1.6})];
    json!({"strokes": [wave(20.0, 75.0, 1.5), wave(150.0, 80.0, 2.0), dash], "width": 300.0, "height": 180.0})
}

/// Asks for a code and confirms with it. A crash may have eaten a code, so a refused one is followed by a new one.
async fn confirm(journey: &Journey, visitor: &Visitor, phone: &str, path: &str) -> Result<()> {
    let mut last = None;
    for _ in 0..3 {
        let after_ms = Phones::now_ms();
        visitor
            .post(&format!("{path}/intent/codes"), &json!({}))
            .await
            .context("asking for the intent code")?;
        let code = journey.phones().code(phone, after_ms).await?;
        match visitor.post(&format!("{path}/intent"), &json!({"code": code})).await {
            Ok(_) => return Ok(()),
            Err(error) if error.downcast_ref::<Refused>().is_some() => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(last.unwrap_or_else(|| anyhow::anyhow!("no code was accepted")))
}
