//! A whole contract over HTTP, as two signers and a sender would do it in a browser.
//!
//! `sealflow demo` prints each step of it; the crash tests drive it against a server that is killed and started again in
//! the middle. So every request may be repeated: it carries one idempotency key for one intent, and a lost answer is
//! asked for again until [`Journey::patience`] is over.

mod http;
mod phone;
mod sign;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use url::Url;

pub use http::{Refused, Visitor};
pub use phone::Phones;

/// Who takes part; the phones of the sender and the transactor are those of the demo data.
#[derive(Debug, Clone)]
pub struct Cast {
    /// Starts the contract.
    pub sender_phone: String,
    /// First signer, a person who never registered.
    pub signer_name: String,
    /// First signer's phone.
    pub signer_phone: String,
    /// Applies the organization's seal.
    pub transactor_name: String,
    /// The transactor's phone.
    pub transactor_phone: String,
}

impl Default for Cast {
    fn default() -> Self {
        Self {
            sender_phone: "13800000001".into(),
            signer_name: "示例签署人".into(),
            signer_phone: "13900000001".into(),
            transactor_name: "示例经办人".into(),
            transactor_phone: "13800000002".into(),
        }
    }
}

/// Where to go and how long to wait.
#[derive(Debug, Clone)]
pub struct Journey {
    /// The application.
    pub app: Url,
    /// The sandbox's control address, which shows the phones.
    pub sandbox: Url,
    /// Taking part.
    pub cast: Cast,
    /// How long one step may take, restarts of the server included.
    pub patience: Duration,
    /// The first signer only goes on after a reminder.
    pub await_reminder: bool,
}

/// What is left at the end.
#[derive(Debug)]
pub struct Finished {
    /// The contract's id.
    pub contract_id: String,
    /// The document's id.
    pub document_id: String,
    /// The file after the last signature.
    pub signed: Vec<u8>,
}

impl Journey {
    /// Drives one contract from the upload to the download; `say` gets a line for each step.
    ///
    /// # Errors
    /// The first step that was refused, or that did not happen in time, with what the server said.
    pub async fn run(&self, pdf: Vec<u8>, say: &mut (dyn FnMut(&str) + Send)) -> Result<Finished> {
        let sender = self.visitor()?;
        let started_at_ms = Phones::now_ms();
        sender.log_in(&self.phones(), &self.cast.sender_phone, None).await.context("the sender's login")?;
        say("发起方登录 · the sender is logged in");

        let (contract_id, document_id) = self.start_contract(&sender, pdf, say).await?;
        sign::as_person(self, started_at_ms, say).await.context("signer 1")?;
        sign::as_organization(self, &sender, &contract_id, started_at_ms, say).await.context("signer 2")?;

        self.until_status(&sender, &contract_id, "completed").await?;
        say("合同已完成 · the contract is completed");
        for phone in [&self.cast.signer_phone, &self.cast.transactor_phone] {
            self.phones().expect(phone, started_at_ms, "已全部完成签署").await.context("completion SMS")?;
        }
        say("完成短信已送达 · both have the completion SMS");

        let path = format!("/api/contracts/{contract_id}/documents/{document_id}/file");
        let signed = sender.get_bytes(&path).await.context("download")?;
        Ok(Finished { contract_id, document_id, signed })
    }

    async fn start_contract(
        &self,
        sender: &Visitor,
        pdf: Vec<u8>,
        say: &mut (dyn FnMut(&str) + Send),
    ) -> Result<(String, String)> {
        let organizations = sender.get("/api/organizations").await?;
        let organization = organizations
            .as_array()
            .and_then(|list| list.first())
            .and_then(|first| first["id"].as_str())
            .context("no organization can be a recipient: is the demo data there?")?;
        let types = sender.get("/api/contract-types").await?;
        let purchase = types
            .as_array()
            .and_then(|list| list.iter().find(|each| each["name"] == "supplier_purchase"))
            .context("the contract type supplier_purchase is not there")?;
        let role = |kind: &str| {
            purchase["recipients"]
                .as_array()
                .and_then(|list| list.iter().find(|each| each["kind"] == kind))
                .map(|each| each["role"].clone())
                .with_context(|| format!("supplier_purchase has no {kind} as recipient"))
        };
        let body = json!({
            "title": "示例采购合同",
            "contract_type": "supplier_purchase",
            "recipients": [
                {"role": role("person")?, "name": self.cast.signer_name, "phone": self.cast.signer_phone},
                {"role": role("organization")?, "name": self.cast.transactor_name,
                 "phone": self.cast.transactor_phone, "organization_id": organization},
            ],
        });
        let contract = sender.post("/api/contracts", &body).await.context("new contract")?;
        let contract_id = text(&contract, "id")?;
        say("合同草稿已建 · a draft with two recipients in order");

        let document = sender
            .upload(&format!("/api/contracts/{contract_id}/documents"), "示例采购合同.pdf", pdf)
            .await
            .context("upload")?;
        let document_id = text(&document, "id")?;
        say(&format!("文件已上传（{} 页）· the document is uploaded", document["page_count"]));

        sender.post(&format!("/api/contracts/{contract_id}/send"), &json!({})).await.context("send")?;
        say("合同已发出 · the contract is sent");
        Ok((contract_id, document_id))
    }

    /// A browser without any cookie.
    pub(crate) fn visitor(&self) -> Result<Visitor> {
        Visitor::new(self.app.clone(), self.patience)
    }

    /// The phones, as the sandbox's gateway sees them.
    pub(crate) fn phones(&self) -> Phones {
        Phones::new(self.sandbox.clone(), self.patience)
    }

    /// Follows the contract until it has the status.
    pub(crate) async fn until_status(
        &self,
        sender: &Visitor,
        contract_id: &str,
        status: &str,
    ) -> Result<Value> {
        let path = format!("/api/contracts/{contract_id}");
        let found = sender.follow(&path, |contract| contract["status"] == status).await;
        match found {
            Ok(contract) => Ok(contract),
            Err(source) => bail!("the contract did not become {status}: {source:#}"),
        }
    }
}

/// A string member of an answer.
pub(crate) fn text(value: &Value, name: &str) -> Result<String> {
    value[name].as_str().map(str::to_owned).with_context(|| format!("the answer has no `{name}`: {value}"))
}
