//! Delivery receipts: the network answers a little later, and the gateway posts what it answered.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use url::Url;

use crate::{
    Shared, clock,
    faults::{Fault, lock},
    phones::{Delivery, Message},
};

/// Receipts in one post.
const BATCH_MAX: usize = 100;
/// Posts of one batch that the other end may leave without the right answer.
const REFUSALS_MAX: u32 = 5;
/// Longest pause between two attempts.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// Where receipts go, and the queue of messages that the network will answer.
#[derive(Debug)]
pub(crate) struct Receipts {
    url: Mutex<Option<Url>>,
    queue: mpsc::UnboundedSender<u64>,
}

impl Receipts {
    /// The queue's other end goes to [`deliver`].
    pub(crate) fn new(url: Option<Url>) -> (Self, mpsc::UnboundedReceiver<u64>) {
        let (queue, announced) = mpsc::unbounded_channel();
        (Self { url: Mutex::new(url), queue }, announced)
    }

    /// A message is on its way to its phone.
    pub(crate) fn announce(&self, id: u64) {
        // The receiver lives as long as the sandbox; after its end nobody waits for receipts.
        let _ = self.queue.send(id);
    }

    pub(crate) fn url(&self) -> Option<Url> {
        lock(&self.url).clone()
    }

    pub(crate) fn set_url(&self, url: Option<Url>) {
        *lock(&self.url) = url;
    }
}

/// Delivers what is announced, for ever.
pub(crate) async fn deliver(
    shared: Arc<Shared>,
    mut announced: mpsc::UnboundedReceiver<u64>,
    delay: Duration,
    http: reqwest::Client,
) {
    for id in shared.phones.waiting() {
        shared.receipts.announce(id);
    }
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while announced.recv_many(&mut batch, BATCH_MAX).await > 0 {
        tokio::time::sleep(delay).await;
        let (mut reports, mut again) = (Vec::new(), Vec::new());
        for id in batch.drain(..) {
            match answer_of_the_network(&shared, id) {
                Ok(Some((report, Times::Twice))) => {
                    again.push(report.clone());
                    reports.push(report);
                }
                Ok(Some((report, Times::Once))) => reports.push(report),
                Ok(None) => {}
                Err(error) => tracing::error!(error = %error, "a delivery could not be kept"),
            }
        }
        post(&shared, &http, &reports).await;
        post(&shared, &http, &again).await;
    }
}

/// How often a receipt is posted.
enum Times {
    Once,
    Twice,
}

/// Records that the message has arrived, or not, and writes the receipt for it.
fn answer_of_the_network(shared: &Shared, id: u64) -> Result<Option<(Value, Times)>> {
    let fault = shared.faults.at_delivery();
    let delivery = if fault == Some(Fault::FailedDelivery) { Delivery::Failed } else { Delivery::Delivered };
    let times = if fault == Some(Fault::DuplicateReceipt) { Times::Twice } else { Times::Once };
    Ok(shared.phones.delivered(id, delivery)?.map(|message| (report(&message), times)))
}

fn report(message: &Message) -> Value {
    let delivered = message.delivery == Delivery::Delivered;
    let (err_code, err_msg) =
        if delivered { ("DELIVERED", "用户接收成功") } else { ("UNDELIV", "用户未接收") };
    json!({
        "phone_number": message.phone,
        "send_time": clock::china_text(message.at_ms),
        "report_time": clock::china_text(message.delivered_at_ms.unwrap_or(message.at_ms)),
        "success": delivered, "err_code": err_code, "err_msg": err_msg,
        "sms_size": "1", "biz_id": message.biz_id, "out_id": message.out_id,
    })
}

/// Posts until the other end acknowledges; gives up on a batch that it keeps refusing.
async fn post(shared: &Shared, http: &reqwest::Client, reports: &[Value]) {
    let mut pause = Duration::from_millis(500);
    let mut refusals = 0;
    while !reports.is_empty() && refusals < REFUSALS_MAX {
        let Some(url) = shared.receipts.url() else { return };
        match http.post(url).json(reports).send().await {
            Ok(response) => match response.json::<Acknowledgement>().await {
                Ok(Acknowledgement { code: 0 }) => return,
                _ => refusals += 1,
            },
            Err(error) => tracing::debug!(error = %error, "nobody takes the delivery receipts"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

#[derive(Deserialize)]
struct Acknowledgement {
    code: i64,
}
