//! Why: independent programs judge our files. One that is missing fails its test with a sentence that helps.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;

use super::pki::{Identity, pki};

/// Runs a program; answers its status, and its two outputs joined.
pub(crate) fn run(program: &str, package: &str, arguments: &[&str], folder: &Path) -> (bool, String) {
    let output: Output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap_or_else(|error| {
            panic!("{program} cannot be run ({error}): install {package}; ops/test sets it up")
        });
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

/// A folder with the file and the root's certificate in it.
pub(crate) fn folder(pdf: &[u8]) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file.pdf"), pdf).unwrap();
    fs::write(folder.path().join("ca.pem"), pki().root.certificate.to_pem().unwrap()).unwrap();
    folder
}

const TSA_CONFIGURATION: &str = "\
[tsa]
default_tsa = here
[here]
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
";

/// A token from `openssl ts` over an imprint.
pub(crate) fn timestamp_token(imprint: &[u8; 32]) -> Vec<u8> {
    timestamp_token_by(&pki().tsa, imprint)
}

/// Of another authority under the root.
pub(crate) fn timestamp_token_by(tsa: &Identity, imprint: &[u8; 32]) -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("tsa.cnf", TSA_CONFIGURATION.as_bytes());
    write("serial", b"01\n");
    write("tsa.pem", &tsa.certificate.to_pem().unwrap());
    write("key.pem", &tsa.key.private_key_to_pem_pkcs8().unwrap());
    let digest = hex::encode(imprint);
    let openssl = |arguments: &[&str]| {
        let (good, text) = run("openssl", "openssl", arguments, folder.path());
        assert!(good, "{text}");
    };
    openssl(&["ts", "-query", "-digest", &digest, "-sha256", "-cert", "-out", "query.tsq"]);
    openssl(&[
        "ts",
        "-reply",
        "-config",
        "tsa.cnf",
        "-queryfile",
        "query.tsq",
        "-signer",
        "tsa.pem",
        "-inkey",
        "key.pem",
        "-token_out",
        "-out",
        "token.der",
    ]);
    fs::read(folder.path().join("token.der")).unwrap()
}
