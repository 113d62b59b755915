//! The command line as people and scripts use it.

use std::{
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Result, ensure};
use openssl::{
    asn1::Asn1Time,
    bn::BigNum,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    rsa::Rsa,
    x509::{
        X509, X509NameBuilder,
        extension::{BasicConstraints, KeyUsage},
    },
};
use sealflow_store::blobs::BlobHash;
use sealflow_tests::{fixtures, judges, process::free_address};
use serde_json::Value;
use tempfile::TempDir;

fn sealflow(arguments: &[&str]) -> Result<Output> {
    Ok(Command::new(env!("CARGO_BIN_EXE_sealflow_under_test")).args(arguments).output()?)
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A certificate that signs itself, and so is its own root.
pub(crate) fn certificate(key: &PKey<Private>, name: &str) -> Result<X509> {
    let mut subject = X509NameBuilder::new()?;
    subject.append_entry_by_text("CN", name)?;
    let subject = subject.build();
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_serial_number(BigNum::from_u32(7)?.to_asn1_integer()?.as_ref())?;
    builder.set_subject_name(&subject)?;
    builder.set_issuer_name(&subject)?;
    builder.set_pubkey(key)?;
    builder.set_not_before(Asn1Time::days_from_now(0)?.as_ref())?;
    builder.set_not_after(Asn1Time::days_from_now(30)?.as_ref())?;
    builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
    builder.append_extension(
        KeyUsage::new().critical().digital_signature().non_repudiation().key_cert_sign().build()?,
    )?;
    builder.sign(key, MessageDigest::sha256())?;
    Ok(builder.build())
}

/// A folder with `in.pdf`, `key.pem` and `cert.pem`.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new(key: &PKey<Private>) -> Result<Self> {
        let desk = Self { folder: tempfile::tempdir()? };
        std::fs::write(desk.at("in.pdf"), fixtures::contract()?)?;
        std::fs::write(desk.at("key.pem"), key.private_key_to_pem_pkcs8()?)?;
        std::fs::write(desk.at("cert.pem"), certificate(key, "示例签署人")?.to_pem()?)?;
        Ok(desk)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn path(&self, name: &str) -> String {
        self.at(name).display().to_string()
    }

    fn sign(&self, input: &str, out: &str, more: &[&str]) -> Result<Output> {
        let (input, out) = (self.path(input), self.path(out));
        let (key, certificate) = (self.path("key.pem"), self.path("cert.pem"));
        let mut arguments = vec!["pdf", "sign", &input, "--out", &out, "--key", &key, "--cert", &certificate];
        arguments.extend_from_slice(more);
        sealflow(&arguments)
    }

    fn validate(&self, file: &str) -> Result<(bool, Value)> {
        let (file, trust) = (self.path(file), self.path("cert.pem"));
        let output = sealflow(&["pdf", "validate", &file, "--trust", &trust, "--json"])?;
        Ok((output.status.success(), serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)))
    }
}

pub(crate) fn p256() -> Result<PKey<Private>> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    Ok(PKey::from_ec_key(EcKey::generate(&group)?)?)
}

#[test]
fn pdf_sign_appends_signatures_that_validate_and_that_others_accept() -> Result<()> {
    for key in [p256()?, PKey::from_rsa(Rsa::generate(2048)?)?] {
        let desk = Desk::new(&key)?;
        let first = desk.sign("in.pdf", "one.pdf", &[])?;
        ensure!(first.status.success(), said(&first));
        let seal = ["--page", "1", "--rect", "72,72,120,120", "--seal", "示例采购有限公司"];
        let second = desk.sign("one.pdf", "two.pdf", &seal)?;
        ensure!(second.status.success(), said(&second));

        let (one, two) = (std::fs::read(desk.at("one.pdf"))?, std::fs::read(desk.at("two.pdf"))?);
        ensure!(
            one.starts_with(&std::fs::read(desk.at("in.pdf"))?) && two.starts_with(&one),
            "bytes were moved"
        );
        let (passed, report) = desk.validate("two.pdf")?;
        ensure!(passed, "{report}");
        let signatures = report["signatures"].as_array().cloned().unwrap_or_default();
        ensure!(signatures.len() == 2, "{report}");
        for (signature, covers_whole_file) in signatures.iter().zip([false, true]) {
            ensure!(
                signature["verdict"] == "TOTAL-PASSED" && signature["signer"] == "示例签署人",
                "{signature}"
            );
            ensure!(signature["covers_whole_file"] == covers_whole_file, "{signature}");
        }
        judges::pyhanko_accepts(&desk.at("two.pdf"), &desk.at("cert.pem"), 2)?;
        judges::qpdf_accepts(&desk.at("two.pdf"))?;
    }
    Ok(())
}

#[test]
fn pdf_validate_fails_without_signature_with_another_root_and_after_a_change() -> Result<()> {
    let desk = Desk::new(&p256()?)?;
    let signed = desk.sign("in.pdf", "signed.pdf", &[])?;
    ensure!(signed.status.success(), said(&signed));
    ensure!(desk.validate("signed.pdf")?.0, "the signed file does not validate");

    ensure!(!desk.validate("in.pdf")?.0, "a file without signature passes");

    let mut changed = std::fs::read(desk.at("signed.pdf"))?;
    changed[2_000] ^= 1;
    std::fs::write(desk.at("changed.pdf"), changed)?;
    let (passed, report) = desk.validate("changed.pdf")?;
    ensure!(!passed && report["signatures"][0]["verdict"] == "TOTAL-FAILED", "{report}");

    std::fs::write(desk.at("cert.pem"), certificate(&p256()?, "示例他人")?.to_pem()?)?;
    let (passed, report) = desk.validate("signed.pdf")?;
    ensure!(!passed && report["signatures"][0]["verdict"] == "INDETERMINATE", "{report}");
    Ok(())
}

#[test]
fn pdf_sign_refuses_bad_input_with_a_sentence() -> Result<()> {
    let desk = Desk::new(&p256()?)?;
    std::fs::write(desk.at("text.pdf"), fixtures::text_named_pdf())?;
    std::fs::write(desk.at("empty.pdf"), fixtures::empty())?;
    std::fs::write(desk.at("locked.pdf"), fixtures::encrypted()?)?;
    for (input, words) in [
        ("text.pdf", "PDF"),
        ("empty.pdf", "empty"),
        ("locked.pdf", "encrypted"),
        ("none.pdf", "cannot be read"),
    ] {
        let refused = desk.sign(input, "out.pdf", &[])?;
        ensure!(!refused.status.success(), "{input} was signed");
        ensure!(said(&refused).contains(words), "{input}: {}", said(&refused));
        ensure!(!desk.at("out.pdf").exists(), "{input} left a file");
    }
    for more in
        [&["--page", "1"][..], &["--page", "1", "--rect", "1,2,3"], &["--page", "99", "--rect", "9,9,50,50"]]
    {
        ensure!(!desk.sign("in.pdf", "out.pdf", more)?.status.success(), "{more:?} was taken");
    }
    Ok(())
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() -> Result<()> {
    let desk = Desk::new(&p256()?)?;
    let signed = desk.sign("in.pdf", "signed.pdf", &[])?;
    ensure!(signed.status.success(), said(&signed));
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../workflows/supplier_purchase/workflow.yaml");
    let (shipped, trust) = (shipped.display().to_string(), desk.path("cert.pem"));
    let (unsigned, signed) = (desk.path("in.pdf"), desk.path("signed.pdf"));
    for (arguments, is_good) in [
        (&["pdf", "validate", &signed, "--trust", &trust][..], true),
        (&["pdf", "validate", &signed, "--trust", &trust, "--json"], true),
        (&["pdf", "validate", &unsigned, "--trust", &trust], false),
        (&["workflow", "schema"], true),
        (&["workflow", "graph", &shipped], true),
        (&["workflow", "check", &shipped], true),
    ] {
        // Whoever reads is gone before the first line.
        let (reader, writer) = std::io::pipe()?;
        drop(reader);
        let output = into(arguments, writer.into())?;
        ensure!(output.status.code() == Some(i32::from(!is_good)), "{arguments:?}: {}", said(&output));
        ensure!(is_good || !said(&output).contains("panicked"), "{arguments:?}: {}", said(&output));
        ensure!(!is_good || output.stderr.is_empty(), "{arguments:?}: {}", said(&output));
    }
    // A full disk is another matter.
    let full = std::fs::File::options().write(true).open("/dev/full")?;
    let output = into(&["pdf", "validate", &signed, "--trust", &trust], full.into())?;
    ensure!(!output.status.success() && said(&output).contains("could be printed"), said(&output));
    Ok(())
}

fn into(arguments: &[&str], stdout: Stdio) -> Result<Output> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealflow_under_test"));
    Ok(command.args(arguments).stdout(stdout).stderr(Stdio::piped()).spawn()?.wait_with_output()?)
}

#[test]
fn documents_follow_the_umask_and_a_begun_signature_is_private() -> Result<()> {
    let desk = Desk::new(&p256()?)?;
    let program = env!("CARGO_BIN_EXE_sealflow_under_test");
    let run = |umask: &str, arguments: &str| {
        let line = format!("umask {umask}; exec {program} pdf {arguments}");
        Command::new("sh").args(["-c", &line]).current_dir(desk.folder.path()).output()
    };
    for (umask, document) in [("022", 0o644), ("027", 0o640), ("077", 0o600)] {
        for (arguments, made) in [
            ("sign in.pdf --out made --key key.pem --cert cert.pem", document),
            ("seal --name 示例采购有限公司 --out made", document),
            ("begin in.pdf --cert cert.pem --state made --to-sign bytes", 0o600),
        ] {
            let output = run(umask, arguments)?;
            ensure!(output.status.success(), "{arguments}: {}", said(&output));
            let mode = std::fs::metadata(desk.at("made"))?.permissions().mode() & 0o777;
            ensure!(mode == made, "{arguments}, {umask}: {mode:o}");
        }
        let mode = std::fs::metadata(desk.at("bytes"))?.permissions().mode() & 0o777;
        ensure!(mode == document, "{umask}: {mode:o}");
    }
    Ok(())
}

#[test]
fn workflow_check_names_file_line_column_and_the_mend() -> Result<()> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../workflows/supplier_purchase/workflow.yaml");
    let source = std::fs::read_to_string(&shipped)?;
    let right = sealflow(&["workflow", "check", &shipped.display().to_string()])?;
    ensure!(right.status.success() && said(&right).contains("supplier_purchase"), said(&right));

    let folder = tempfile::tempdir()?;
    let broken = folder.path().join("broken.yaml");
    std::fs::write(&broken, source.replace("routing: sequential", "routing: sequentiell"))?;
    let line = 1 + source.lines().position(|line| line.starts_with("routing:")).unwrap();
    let wrong = sealflow(&["workflow", "check", &broken.display().to_string()])?;
    ensure!(!wrong.status.success(), "a broken definition passes");
    ensure!(said(&wrong).contains(&format!("broken.yaml:{line}:")), said(&wrong));
    ensure!(said(&wrong).contains("sequential"), "the mend is missing: {}", said(&wrong));
    Ok(())
}

#[test]
fn workflow_schema_is_a_json_schema() -> Result<()> {
    let schema: Value = serde_json::from_slice(&sealflow(&["workflow", "schema"])?.stdout)?;
    ensure!(schema["$schema"].as_str().is_some_and(|uri| uri.contains("json-schema.org")), "{schema}");
    Ok(())
}

#[test]
fn a_broken_definition_stops_the_start_with_its_place() -> Result<()> {
    let folder = tempfile::tempdir()?;
    std::fs::write(
        folder.path().join("broken.yaml"),
        "contract_type: {name: broken, version: 1, dsl: 1}\ntitel: x\n",
    )?;
    let output = Command::new(env!("CARGO_BIN_EXE_sealflow_under_test"))
        .args(["migrate", "--data"])
        .arg(folder.path().join("data"))
        .env("SEALFLOW_WORKFLOWS_DIR", folder.path())
        .output()?;
    ensure!(!output.status.success() && said(&output).contains("broken.yaml:2:1"), said(&output));
    Ok(())
}

#[test]
fn blobs_sweep_says_first_what_it_would_do() -> Result<()> {
    let folder = TempDir::new()?;
    let name = BlobHash::of(b"left");
    let (first, second) = (&name.as_str()[..2], &name.as_str()[2..4]);
    let place = |aside: &str| folder.path().join("documents").join(aside).join(first).join(second);
    std::fs::create_dir_all(place(""))?;
    let left = place("").join(name.as_str());
    std::fs::write(&left, b"left")?;
    let month = Duration::from_secs(30 * 86_400);
    std::fs::File::options().write(true).open(&left)?.set_modified(SystemTime::now() - month)?;
    let sweep = |more: &[&str], days: &str| {
        let data = folder.path().as_os_str();
        Command::new(env!("CARGO_BIN_EXE_sealflow_under_test"))
            .args(["blobs", "sweep", "--data"])
            .arg(data)
            .args(more)
            .env("SEALFLOW_JOBS__KEEP__BLOBS_DAYS", days)
            .output()
    };
    let output = sweep(&["--dry-run"], "7")?;
    ensure!(
        output.status.success() && said(&output).contains("1 (4 bytes) would be set aside"),
        said(&output)
    );
    ensure!(left.exists());
    let output = sweep(&[], "31")?;
    ensure!(output.status.success() && said(&output).contains("0 (0 bytes) set aside"), said(&output));
    let output = sweep(&[], "7")?;
    ensure!(output.status.success() && said(&output).contains("1 (4 bytes) set aside"), said(&output));
    ensure!(!left.exists() && place("aside").join(name.as_str()).exists());
    let output = sweep(&[], "0")?;
    ensure!(!output.status.success() && said(&output).contains("must be at least 1"), said(&output));
    Ok(())
}

#[test]
fn help_names_every_command() -> Result<()> {
    let help = said(&sealflow(&["--help"])?);
    for command in ["all", "serve", "work", "migrate", "demo", "sandbox", "blobs", "pdf", "workflow"] {
        ensure!(
            help.lines().any(|line| line.trim_start().starts_with(command)),
            "{command} is not in\n{help}"
        );
    }
    ensure!(!help.contains("pdf-child"), "the hidden command shows");
    Ok(())
}

#[test]
fn demo_leaves_a_contract_that_validates() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().display().to_string();
    let demo = sealflow(&["demo", "--out", &out])?;
    ensure!(demo.status.success(), said(&demo));
    let at = |name: &str| folder.path().join(name);
    ensure!(
        std::fs::read(at("signed.pdf"))?.starts_with(&std::fs::read(at("original.pdf"))?),
        "bytes were moved"
    );
    let (signed, root) = (at("signed.pdf").display().to_string(), at("ca.pem").display().to_string());
    let valid = sealflow(&["pdf", "validate", &signed, "--trust", &root, "--json"])?;
    ensure!(valid.status.success(), said(&valid));
    // Whoever names no roots still hears whether the file was changed.
    let stranger = sealflow(&["pdf", "validate", &signed, "--json"])?;
    let report: Value = serde_json::from_slice(&stranger.stdout)?;
    ensure!(!stranger.status.success(), said(&stranger));
    ensure!(
        report["signatures"].as_array().is_some_and(|all| all.iter().all(|one| {
            one["verdict"] == "INDETERMINATE" && one["sub_indication"] == "NO_CERTIFICATE_CHAIN_FOUND"
        })),
        "{report}"
    );
    Ok(())
}

#[test]
fn it_stops_in_order_when_nobody_reads_its_log() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let address = free_address()?;
    let mut program = Command::new(env!("CARGO_BIN_EXE_sealflow_under_test"))
        .args(["all", "--sandbox", "--free-ports", "--data"])
        .arg(folder.path())
        .envs([("SEALFLOW_LISTEN", address.clone()), ("SEALFLOW_PUBLIC_URL", format!("http://{address}"))])
        .env_remove("DATABASE_URL")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    drop((program.stdout.take(), program.stderr.take()));
    let ended = started_and_stopped(&mut program, &address);
    program.kill()?;
    program.wait()?;
    ended
}

fn started_and_stopped(program: &mut Child, address: &str) -> Result<()> {
    until("it answers", || Ok(TcpStream::connect(address).is_ok()))?;
    let pid = rustix::process::Pid::from_child(program);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
    until("it stops", || {
        let status = program.try_wait()?;
        ensure!(status.is_none_or(|status| status.success()), "it ended with {status:?}");
        Ok(status.is_some())
    })
}

fn until(what: &str, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(90);
    while !holds()? {
        ensure!(Instant::now() < deadline, "in 90 s, it was not true that {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
