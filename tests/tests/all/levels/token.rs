//! `sealflow pdf sign --pkcs11 …` with SoftHSM.

use anyhow::{Result, ensure};
use openssl::{
    pkey::{PKey, Private},
    rsa::Rsa,
};

use sealflow_tests::judges;

use super::desk::{Desk, p256, said};

const PIN: &str = "271828";

/// The module of the Debian package.
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

/// A token with the desk's key and certificate, and a second key.
struct Token {
    configuration: String,
}

impl Token {
    fn make(desk: &Desk) -> Result<Self> {
        let folder = desk.at("tokens");
        std::fs::create_dir(&folder)?;
        let configuration = desk.at("softhsm2.conf");
        std::fs::write(&configuration, format!("directories.tokendir = {}\n", folder.display()))?;
        let token = Self { configuration: configuration.display().to_string() };
        std::fs::write(desk.at("pin"), format!("{PIN}\n"))?;
        std::fs::write(desk.at("wrong-pin"), "314159\n")?;
        std::fs::write(desk.at("other.pem"), p256()?.private_key_to_pem_pkcs8()?)?;
        for line in [
            format!("softhsm2-util --init-token --free --label seals --pin {PIN} --so-pin 161803"),
            format!("softhsm2-util --init-token --free --label others --pin {PIN} --so-pin 161803"),
            format!("softhsm2-util --import key.pem --token seals --label signer --id 01 --pin {PIN}"),
            format!("softhsm2-util --import other.pem --token seals --label other --id 02 --pin {PIN}"),
            format!(
                "pkcs11-tool --module {MODULE} --token-label seals --login --pin {PIN} --write-object cert.der \
                 --type cert --id 01 --label signer"
            ),
        ] {
            let output = desk.run(&line, &token.variables())?;
            ensure!(output.status.success(), "{line}: {} (ops/test installs it)", said(&output));
        }
        Ok(token)
    }

    fn variables(&self) -> [(&str, &str); 1] {
        [("SOFTHSM2_CONF", self.configuration.as_str())]
    }
}

async fn desk(key: &PKey<Private>) -> Result<(Desk, Token)> {
    let desk = Desk::open(key).await?;
    let token = Token::make(&desk)?;
    Ok((desk, token))
}

fn sign(desk: &Desk, uri: &str, more: &str) -> String {
    let uri = uri.replace("FOLDER", &desk.at("").display().to_string());
    format!("sealflow pdf sign in.pdf --out out.pdf --pkcs11 {uri} {more}")
}

const SIGNER: &str =
    "pkcs11:token=seals;object=signer?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:FOLDERpin";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_in_a_token_sign_at_every_level() -> Result<()> {
    for key in [p256()?, PKey::from_rsa(Rsa::generate(2048)?)?] {
        let (desk, token) = desk(&key).await?;
        for level in ["b-t", "b-lta"] {
            let line = sign(&desk, SIGNER, &format!("--level {level} {}", desk.authorities()));
            let output = desk.run(&line, &token.variables())?;
            ensure!(output.status.success(), "{line}: {}", said(&output));
        }
        let (passed, report) = desk.validate("out.pdf", "")?;
        ensure!(passed && report["level"] == "B-LTA" && report["signer"] == "示例签署人", "{report}");
        judges::pyhanko_accepts_for_long(&desk.at("out.pdf"), &desk.at("ca.pem"), 1)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_token_is_told() -> Result<()> {
    let (desk, token) = desk(&p256()?).await?;
    let module = format!("module-path={MODULE}");
    let from = |path: &str, query: &str| format!("pkcs11:{path}?{module}&{query}");
    let pin = "pin-source=file:FOLDERpin";
    for (uri, words) in [
        (from("token=none;object=signer", pin), "there is no such token; there are"),
        (from("object=signer", pin), "several tokens are meant"),
        (from("token=seals;object=nobody", pin), "no such private key"),
        (from("token=seals", pin), "several such private keys"),
        (from("token=seals;object=other", pin), "the token has no certificate"),
        (from("token=seals;object=signer", "pin-source=file:FOLDERwrong-pin"), "refuses the PIN"),
        (from("token=seals;object=signer", "pin-source=file:FOLDERno-pin"), "the PIN cannot be read"),
        (format!("pkcs11:token=seals;object=signer?{module}"), "the token wants a PIN"),
        (format!("pkcs11:token=seals?{module}&pin-value={PIN}"), "does not belong"),
        (format!("pkcs11:token=seals;object=signer?{pin}"), "which library"),
        (format!("pkcs11:token=seals?module-path=/nonexistent.so&{pin}"), "cannot be used"),
    ] {
        let output = desk.run(&sign(&desk, &uri, ""), &token.variables())?;
        ensure!(!output.status.success() && said(&output).contains(words), "{uri}: {}", said(&output));
        ensure!(!desk.at("out.pdf").exists(), "{uri}: left a file");
        ensure!(!said(&output).contains("314159"), "the PIN is told: {}", said(&output));
    }
    // The key of one certificate with another one is refused before anything is written.
    let other = sign(&desk, &from("token=seals;object=other", pin), "--cert cert.pem");
    let output = desk.run(&other, &token.variables())?;
    ensure!(said(&output).contains("not of this file with this certificate's key"), "{}", said(&output));
    // What the address does not say may come from the environment.
    let [configuration] = token.variables();
    let variables = [configuration, ("SEALFLOW_PKCS11_PIN", PIN), ("SEALFLOW_PKCS11_MODULE", MODULE)];
    let output = desk.run(&sign(&desk, "pkcs11:token=seals;id=%01", ""), &variables)?;
    ensure!(output.status.success(), "{}", said(&output));
    Ok(())
}
