//! A world of its own for one end-to-end test: sandbox vendors in this process, the program with an empty data folder.

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::{Context as _, Result, ensure};
use sealflow::{
    journey::{Cast, Finished, Journey, Phones, Visitor},
    sandbox::{self, Ports},
};
use sealflow_sandbox::{Running, Sandbox};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use crate::{pg, process::Program};

/// Who may see the queues in the demo data.
const OPS_PHONE: &str = "13800000003";
/// How long one step of a contract may take, a restart included.
const PATIENCE: Duration = Duration::from_secs(180);

const SUPPLIER_PURCHASE: &str = include_str!("../../workflows/supplier_purchase/workflow.yaml");

/// The world.
#[derive(Debug)]
pub struct Scene {
    /// The program, not started.
    pub program: Program,
    sandbox: Running,
    contract_pdf: Vec<u8>,
    _database: Option<pg::Database>,
    _folder: TempDir,
}

impl Scene {
    /// Starts the vendors and lays out the data folder; SQLite without a database. Contracts are of the shipped
    /// type, but nobody has to read for seconds, and the first reminder comes after one.
    ///
    /// # Errors
    /// When a vendor or the folder cannot be had.
    pub async fn open(executable: &str, database: Option<pg::Database>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let data_dir = folder.path().join("data");
        let sandbox_dir = folder.path().join("sandbox");
        let workflows_dir = folder.path().join("workflows");
        std::fs::create_dir(&data_dir)?;
        std::fs::create_dir(&workflows_dir)?;
        std::fs::write(workflows_dir.join("supplier_purchase.yaml"), hurried(SUPPLIER_PURCHASE)?)?;
        let mut program = Program::new(executable, &data_dir)?;
        let folder_name = workflows_dir.to_str().context("the temporary folder's name is no text")?;
        program.settings.push(("SEALFLOW_WORKFLOWS_DIR".to_owned(), folder_name.to_owned()));
        let config = sandbox::config(&sandbox_dir, &program.url, Ports::Free)?;
        let vendors = Sandbox::start(config.clone()).await?;
        program.settings.extend(sandbox::variables(&sandbox::settings(&config, &vendors)));
        let database_url = database.as_ref().map(|database| database.url().to_owned());
        program.settings.extend(database_url.map(|url| ("DATABASE_URL".to_owned(), url)));
        // Reading the system's certificates, which nothing here is trusted by, takes longer than all else of a start.
        let root = vendors.ca_file.to_str().context("the temporary folder's name is no text")?;
        program.settings.push(("SSL_CERT_FILE".to_owned(), root.to_owned()));
        let contract_pdf = crate::fixtures::contract()?;
        Ok(Self { program, sandbox: vendors, contract_pdf, _database: database, _folder: folder })
    }

    /// The people's way through the program.
    ///
    /// # Errors
    /// When the sandbox's address is none.
    pub fn journey(&self) -> Result<Drive> {
        self.journey_through(self.program.url.clone())
    }

    /// The people's way through the server at this address.
    ///
    /// # Errors
    /// When the sandbox's address is none.
    pub fn journey_through(&self, app: Url) -> Result<Drive> {
        let journey = Journey {
            app,
            sandbox: self.control()?,
            cast: Cast::default(),
            patience: PATIENCE,
            await_reminder: false,
        };
        Ok(Drive { journey, pdf: self.contract_pdf.clone() })
    }

    /// Waits until the running program has nothing left to do, as ops sees it: what would be done twice has been done.
    ///
    /// # Errors
    /// When a job is still there after the patience.
    pub async fn until_quiet(&self) -> Result<()> {
        self.until_quiet_at(&self.program.url).await
    }

    /// Waits until the server at this address answers.
    ///
    /// # Errors
    /// When it does not in the patience.
    pub async fn until_ready(&self, app: &Url) -> Result<()> {
        Visitor::new(app.clone(), PATIENCE)?.get("/readyz").await.map(drop)
    }

    /// Like [`Scene::until_quiet`], as the server at this address sees it.
    ///
    /// # Errors
    /// When a job is still there after the patience.
    pub async fn until_quiet_at(&self, app: &Url) -> Result<()> {
        let ops = Visitor::new(app.clone(), PATIENCE)?;
        ops.log_in(&Phones::new(self.control()?, PATIENCE), OPS_PHONE, None).await?;
        let is_quiet = |queues: &Value| {
            queues.as_array().is_some_and(|all| {
                all.iter()
                    .all(|queue| ["depth", "scheduled", "running"].iter().all(|count| queue[*count] == 0))
            })
        };
        ops.follow("/api/ops/queues", is_quiet).await.map(drop)
    }

    /// The newest contract as its sender sees it, once it is as wanted.
    ///
    /// # Errors
    /// When it is not in the patience.
    pub async fn sent_contract(&self, is_wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let sender = Visitor::new(self.program.url.clone(), PATIENCE)?;
        sender.log_in(&Phones::new(self.control()?, PATIENCE), &Cast::default().sender_phone, None).await?;
        let list = sender.get("/api/contracts").await?;
        let id = list["items"][0]["id"].as_str().context("there is no contract")?;
        sender.follow(&format!("/api/contracts/{id}"), is_wanted).await
    }

    /// Has its sender withdraw a contract.
    ///
    /// # Errors
    /// When the program refuses it.
    pub async fn withdraw(&self, contract: &Value) -> Result<()> {
        let sender = Visitor::new(self.program.url.clone(), PATIENCE)?;
        sender.log_in(&Phones::new(self.control()?, PATIENCE), &Cast::default().sender_phone, None).await?;
        let id = contract["id"].as_str().context("a contract has an id")?;
        sender.post(&format!("/api/contracts/{id}/withdraw"), &json!({"reason": "示例原因"})).await.map(drop)
    }

    /// What the validation of the running program says of a file.
    ///
    /// # Errors
    /// When it refuses the file.
    pub async fn validated(&self, file: Vec<u8>) -> Result<Value> {
        let person = Visitor::new(self.program.url.clone(), PATIENCE)?;
        person.log_in(&Phones::new(self.control()?, PATIENCE), OPS_PHONE, None).await?;
        person.upload("/api/validation", "signed.pdf", file).await
    }

    /// Where the sandbox is looked at and told what to do.
    ///
    /// # Errors
    /// When its address is none.
    pub fn control(&self) -> Result<Url> {
        Ok(Url::parse(&self.sandbox.page())?)
    }

    /// The file that the sender uploads.
    #[must_use]
    pub fn contract_pdf(&self) -> &[u8] {
        &self.contract_pdf
    }

    /// The root of the sandbox's authority, PEM.
    #[must_use]
    pub fn root_file(&self) -> &Path {
        &self.sandbox.ca_file
    }

    /// The root of the sandbox's authority.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn root_der(&self) -> Result<Vec<u8>> {
        Ok(openssl::x509::X509::from_pem(&std::fs::read(&self.sandbox.ca_file)?)?.to_der()?)
    }

    /// The root of the sandbox's authority for SM2.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn sm2_root_der(&self) -> Result<Vec<u8>> {
        Ok(openssl::x509::X509::from_pem(&std::fs::read(&self.sandbox.sm2_ca_file)?)?.to_der()?)
    }

    /// How often each message reached a phone, by its OutId.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn sms_counts(&self) -> Result<BTreeMap<String, u64>> {
        let url = self.control()?.join("/api/counts")?;
        let counts: Value = reqwest::get(url).await?.error_for_status()?.json().await?;
        let list = counts.as_object().context("the counts are an object")?;
        list.iter()
            .map(|(out_id, count)| {
                Ok((out_id.clone(), count["accepted"].as_u64().context("`accepted` is a number")?))
            })
            .collect()
    }

    /// Makes a vendor misbehave.
    ///
    /// # Errors
    /// When the sandbox refuses it.
    pub async fn put_fault(&self, fault: &Value) -> Result<()> {
        let url = self.control()?.join("/api/faults")?;
        reqwest::Client::new().put(url).json(fault).send().await?.error_for_status()?;
        Ok(())
    }
}

/// The contract type without its waiting.
fn hurried(source: &str) -> Result<String> {
    let replaced = source
        .replace("min_seconds: 5", "min_seconds: 0")
        .replace("{every: P3D, limit: 5}", "{every: PT1S, limit: 1}");
    ensure!(
        replaced.matches("PT1S").count() == 1 && replaced.contains("min_seconds: 0"),
        "the contract type has changed"
    );
    Ok(replaced)
}

/// A journey that owns what it needs, for a task of its own.
#[derive(Debug)]
pub struct Drive {
    journey: Journey,
    pdf: Vec<u8>,
}

impl Drive {
    /// The first signer waits until he was reminded.
    #[must_use]
    pub fn with_reminder(mut self) -> Self {
        self.journey.await_reminder = true;
        self
    }

    /// From the upload to the download.
    ///
    /// # Errors
    /// The first step that failed.
    pub async fn drive(self) -> Result<Finished> {
        let mut last = String::new();
        let ended = self.journey.run(self.pdf, &mut |line| last = line.to_owned()).await;
        ended.with_context(|| format!("after {last:?}"))
    }
}
