//! A folder with a file to sign, a signer whom the sandbox's authority certified, and the sandbox.

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use anyhow::{Context as _, Result, ensure};
use openssl::{
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    x509::{X509, X509NameBuilder, X509ReqBuilder},
};
use sealflow_providers::{ca, http::Limits};
use sealflow_sandbox::{Config, Running, Sandbox};
use sealflow_tests::fixtures;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(super) struct Desk {
    folder: TempDir,
    pub(super) sandbox: Running,
}

pub(super) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub(super) fn p256() -> Result<PKey<Private>> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    Ok(PKey::from_ec_key(EcKey::generate(&group)?)?)
}

impl Desk {
    /// With `in.pdf`, `key.pem`, `cert.pem`, its issuer in `chain.pem`, and the root in `ca.pem`.
    pub(super) async fn open(key: &PKey<Private>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let config = Config::on_free_ports(folder.path().join("sandbox"), "http://127.0.0.1:8080".parse()?);
        let sandbox = Sandbox::start(config).await?;
        let desk = Self { folder, sandbox };
        std::fs::write(desk.at("in.pdf"), fixtures::contract()?)?;
        std::fs::write(desk.at("key.pem"), key.private_key_to_pem_pkcs8()?)?;
        let client = ca::CaClient::new(ca::Config {
            base_url: format!("https://{}", desk.sandbox.addresses.est).parse()?,
            trust_file: desk.sandbox.ca_file.clone(),
            username: "sealflow".into(),
            password: "sandbox-est-password".into(),
            limits: Limits::default(),
        })?;
        let chain = client.enroll(&request(key)?).await?;
        let certificate = X509::from_der(&chain.leaf)?;
        let issuer = chain.intermediates.first().context("the issuer is missing")?;
        std::fs::write(desk.at("chain.pem"), X509::from_der(issuer)?.to_pem()?)?;
        std::fs::write(desk.at("cert.pem"), certificate.to_pem()?)?;
        std::fs::write(desk.at("cert.der"), certificate.to_der()?)?;
        std::fs::copy(&desk.sandbox.ca_file, desk.at("ca.pem"))?;
        Ok(desk)
    }

    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a program in the folder, as `name arguments…`.
    pub(super) fn run(&self, line: &str, variables: &[(&str, &str)]) -> Result<Output> {
        let mut words = line.split_whitespace();
        let program = words.next().context("no program")?;
        let program = if program == "sealflow" { env!("CARGO_BIN_EXE_sealflow_under_test") } else { program };
        let mut command = Command::new(program);
        command.args(words).current_dir(self.folder.path()).envs(variables.iter().copied());
        tokio::task::block_in_place(|| command.output()).with_context(|| format!("{program} cannot be run"))
    }

    pub(super) fn good(&self, line: &str) -> Result<String> {
        let output = self.run(line, &[])?;
        ensure!(output.status.success(), "{line}: {}", said(&output));
        Ok(said(&output))
    }

    /// Runs what must fail, and leave no `out.pdf`.
    pub(super) fn refused(&self, line: &str, words: &str) -> Result<()> {
        let output = self.run(line, &[])?;
        ensure!(!output.status.success(), "{line}: was done");
        ensure!(said(&output).contains(words), "{line}: {}", said(&output));
        ensure!(!self.at("out.pdf").exists(), "{line}: left a file");
        Ok(())
    }

    /// `--tsa URL --trust ca.pem`
    pub(super) fn authorities(&self) -> String {
        format!("--tsa http://{}/ --trust ca.pem", self.sandbox.addresses.tsa)
    }

    pub(super) fn sign(&self, level: &str) -> String {
        let authorities = self.authorities();
        format!(
            "sealflow pdf sign in.pdf --out out.pdf --key key.pem --cert cert.pem --chain chain.pem \
             --level {level} {authorities}"
        )
    }

    /// Whether all signatures passed, and the first one's report.
    pub(super) fn validate(&self, file: &str, more: &str) -> Result<(bool, Value)> {
        let output = self.run(&format!("sealflow pdf validate {file} --trust ca.pem --json {more}"), &[])?;
        let report: Value = serde_json::from_slice(&output.stdout).with_context(|| said(&output))?;
        Ok((output.status.success(), report["signatures"][0].clone()))
    }

    /// Has the next calls of a service fail.
    pub(super) async fn fault(&self, service: &str, fault: Value, times: Option<u32>) -> Result<()> {
        let order = json!({"service": service, "fault": fault, "times": times});
        let url = format!("{}api/faults", self.sandbox.page());
        reqwest::Client::new().put(url).json(&order).send().await?.error_for_status()?;
        Ok(())
    }

    pub(super) async fn no_faults(&self) -> Result<()> {
        let url = format!("{}api/faults", self.sandbox.page());
        reqwest::Client::new().delete(url).send().await?.error_for_status()?;
        Ok(())
    }

    /// Takes the signer's certificate back.
    pub(super) async fn revoke(&self) -> Result<()> {
        let client = reqwest::Client::new();
        let list = client.get(format!("{}api/certificates", self.sandbox.page())).send().await?;
        let list: Value = list.json().await?;
        let serial = list[0]["serial"].as_str().context("no certificate was issued")?;
        let url = format!("{}api/certificates/{serial}/revocation", self.sandbox.page());
        client.put(url).send().await?.error_for_status()?;
        Ok(())
    }
}

fn request(key: &PKey<Private>) -> Result<Vec<u8>> {
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_text("CN", "示例签署人")?;
    let mut request = X509ReqBuilder::new()?;
    request.set_subject_name(&name.build())?;
    request.set_pubkey(key)?;
    request.sign(key, MessageDigest::sha256())?;
    Ok(request.build().to_der()?)
}
