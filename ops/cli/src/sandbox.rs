//! Points the platform at the sandbox vendors: their addresses, accounts and approved texts as settings.

use std::path::Path;

use anyhow::Result;
use sealflow_sandbox::{Config, Running, SIGN_NAME, TEMPLATE_CODES};
use serde_json::{Map, Value, json};
use url::Url;

/// The secret last part of the address that the sandbox's gateway posts receipts to.
const CALLBACK_TOKEN: &str = "sandbox-receipts";

/// Which ports the vendors take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ports {
    /// 7100 to 7105, as the README says.
    Default,
    /// Any that are free.
    Free,
}

/// A sandbox for the platform at `public_url`, which keeps its keys and messages in `folder`.
///
/// # Errors
/// When the address cannot carry the receipts.
pub fn config(folder: &Path, public_url: &Url, ports: Ports) -> Result<Config> {
    let mut config = match ports {
        Ports::Default => Config::on_default_ports(folder, public_url.clone()),
        Ports::Free => Config::on_free_ports(folder, public_url.clone()),
    };
    // Longer than an event certificate lives, so that a file signed today still validates in some months without B-LT.
    config.certificate_days = 365;
    config.receipts_url = Some(public_url.join(&format!("/callbacks/sms/aliyun/{CALLBACK_TOKEN}"))?);
    Ok(config)
}

/// The settings that lead to this sandbox, as [`crate::config::Config`] reads them.
#[must_use]
pub fn settings(config: &Config, running: &Running) -> Value {
    let addresses = running.addresses;
    let templates: Map<String, Value> =
        TEMPLATE_CODES.iter().map(|(name, code)| ((*name).to_owned(), json!(code))).collect();
    json!({
        "environment": "sandbox",
        "sandbox_url": format!("http://{}", addresses.control),
        "sms_callback_token": CALLBACK_TOKEN,
        // Messages cost nothing here, and whoever tries things out needs many codes.
        "auth": {"codes_per_minute": 6, "codes_per_hour": 100, "codes_per_day": 500},
        "sms": {
            "base_url": format!("http://{}", addresses.sms),
            "access_key_id": config.sms_account.username,
            "access_key_secret": config.sms_account.password,
            "sign_name": SIGN_NAME,
            "templates": templates,
        },
        "ca": {
            "base_url": format!("https://{}", addresses.est),
            "trust_file": running.ca_file,
            "username": config.est_account.username,
            "password": config.est_account.password,
        },
        "tsa": {"url": format!("http://{}", addresses.tsa), "trust_file": running.ca_file},
        "signatures": {"trust_file": running.sm2_ca_file},
    })
}

/// The same settings as environment variables, for a process of its own.
#[must_use]
pub fn variables(settings: &Value) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    collect("SEALFLOW", settings, &mut variables);
    variables
}

fn collect(name: &str, value: &Value, into: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            let separator = if name == "SEALFLOW" { "_" } else { "__" };
            for (member, value) in members {
                collect(&format!("{name}{separator}{}", member.to_uppercase()), value, into);
            }
        }
        Value::String(text) => into.push((name.to_owned(), text.clone())),
        other => into.push((name.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_settings_become_variables() {
        let settings =
            json!({"environment": "sandbox", "sms": {"sign_name": "示例签", "limits": {"timeout_ms": 7}}});
        let expected = [
            ("SEALFLOW_ENVIRONMENT", "sandbox"),
            ("SEALFLOW_SMS__SIGN_NAME", "示例签"),
            ("SEALFLOW_SMS__LIMITS__TIMEOUT_MS", "7"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(variables(&settings), expected);
    }
}
