//! A token of SoftHSM, and what happens to event keys in it. The library reads where its tokens are from the environment,
//! so tests that load it run themselves again as a child process.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error as TokenError, RvError},
    object::{Attribute, AttributeType, ObjectClass},
    session::{Session, UserType},
};
use openssl::{hash::MessageDigest, sign::Verifier, x509::X509Req};
use sealflow_providers::keystore::{
    self, Algorithm, Subject,
    event::Keystore,
    pkcs11::{self, event::TokenKeystore},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The module of the Debian package.
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const PIN: &str = "271828";
/// Set where a test is its own child.
const CHILD: &str = "SEALFLOW_TEST_TOKEN_FOLDER";

/// A folder with a token named `events`.
pub(super) struct SoftToken {
    folder: PathBuf,
    _kept: Option<TempDir>,
}

impl SoftToken {
    pub(super) fn make() -> Result<Self> {
        let kept = tempfile::tempdir()?;
        let token = Self { folder: kept.path().to_owned(), _kept: Some(kept) };
        std::fs::create_dir(token.folder.join("tokens"))?;
        let tokens = token.folder.join("tokens");
        std::fs::write(token.configuration(), format!("directories.tokendir = {}\n", tokens.display()))?;
        token.file("pin", PIN)?;
        token.tool(
            "softhsm2-util",
            &format!("--init-token --free --label events --pin {PIN} --so-pin 161803"),
        )?;
        Ok(token)
    }

    fn configuration(&self) -> PathBuf {
        self.folder.join("softhsm2.conf")
    }

    /// Writes a file beside the token.
    pub(super) fn file(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        std::fs::write(&path, format!("{text}\n"))?;
        Ok(path)
    }

    pub(super) fn pin_file(&self) -> PathBuf {
        self.folder.join("pin")
    }

    #[expect(clippy::unused_self, reason = "it is this token's address")]
    pub(super) fn uri(&self, pin_file: &Path) -> String {
        format!("pkcs11:token=events?module-path={MODULE}&pin-source=file:{}", pin_file.display())
    }

    /// What a program is told to sign with keys from here.
    pub(super) fn settings(&self, algorithm: &str, pin_file: &Path) -> [(String, String); 3] {
        [
            ("SEALFLOW_SIGNATURES__KEY_ALGORITHM", algorithm.to_owned()),
            ("SEALFLOW_SIGNATURES__KEY_STORE", self.uri(pin_file)),
            ("SOFTHSM2_CONF", self.configuration().display().to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
    }

    fn tool(&self, program: &str, line: &str) -> Result<String> {
        let mut command = Command::new(program);
        command.args(line.split_whitespace()).env("SOFTHSM2_CONF", self.configuration());
        let output = command.output().with_context(|| format!("{program} (ops/test installs it)"))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(
            output.status.success(),
            "{program} {line}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(said)
    }

    /// What is kept in the token, as `pkcs11-tool` lists it.
    pub(super) fn objects(&self) -> Result<String> {
        let line = format!("--module {MODULE} --token-label events --login --pin {PIN} --list-objects");
        self.tool("pkcs11-tool", &line)
    }

    /// As if it were pulled out.
    pub(super) fn take_away(&self) -> Result<()> {
        let mut tokens = std::fs::read_dir(self.folder.join("tokens"))?;
        let token = tokens.next().context("there is no token")??;
        Ok(std::fs::rename(token.path(), self.folder.join("taken"))?)
    }

    pub(super) fn bring_back(&self) -> Result<()> {
        Ok(std::fs::rename(self.folder.join("taken"), self.folder.join("tokens/back"))?)
    }

    fn keystore(&self, algorithm: Algorithm, pin_file: &Path) -> Result<Keystore> {
        let token = TokenKeystore::new(self.uri(pin_file).parse()?, None, None, algorithm)?;
        Ok(Keystore::Token(Arc::new(token)))
    }

    /// The token in a child process that is this very test; none: this is not the child, which has passed.
    fn in_child(test: &str) -> Result<Option<Self>> {
        if let Some(folder) = std::env::var_os(CHILD) {
            return Ok(Some(Self { folder: folder.into(), _kept: None }));
        }
        let token = Self::make()?;
        let output = Command::new(std::env::current_exe()?)
            .args(["--exact", &format!("levels::soft_token::{test}"), "--nocapture"])
            .env(CHILD, &token.folder)
            .env("SOFTHSM2_CONF", token.configuration())
            .output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        print!("{said}");
        ensure!(
            output.status.success() && said.contains("1 passed"),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(None)
    }
}

/// Another session of this process, which sees all session objects.
fn another_session() -> Result<Session> {
    let module = Pkcs11::new(MODULE)?;
    // It is initialized already.
    let _ = module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
    let slot = module.get_slots_with_initialized_token()?.into_iter().next().context("no token")?;
    Ok(module.open_rw_session(slot)?)
}

fn change_pin(from: &str, to: &str) -> Result<()> {
    let session = another_session()?;
    match session.login(UserType::User, Some(&from.into())) {
        // The session of a key that is being destroyed may be open still.
        Ok(()) | Err(TokenError::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(session.set_pin(&from.into(), &to.into())?)
}

fn subject() -> Subject {
    Subject { common_name: "示例签署人".into(), organization: None, serial_number: None }
}

#[test]
fn an_event_key_never_leaves_its_token_and_is_destroyed_in_it() -> Result<()> {
    let test = "an_event_key_never_leaves_its_token_and_is_destroyed_in_it";
    let Some(token) = SoftToken::in_child(test)? else { return Ok(()) };
    // The first one also loads the module.
    for algorithm in [Algorithm::P256, Algorithm::P256, Algorithm::Rsa2048, Algorithm::Rsa3072] {
        let runtime = Runtime::new()?;
        let looking = runtime.block_on(made_and_used(&token, algorithm))?;
        // It ends after the thread in which the key is destroyed.
        drop(runtime);
        ensure!(looking.find_objects(&[])?.is_empty(), "{algorithm:?}: something is left in the token");
    }
    Ok(())
}

/// Makes a key, signs with it and drops it; the session looks into the token.
async fn made_and_used(token: &SoftToken, algorithm: Algorithm) -> Result<Session> {
    let keystore = token.keystore(algorithm, &token.pin_file())?;
    let begun = Instant::now();
    let key = keystore.generate().await?;
    let made = begun.elapsed();
    let request = X509Req::from_der(&key.csr(&subject()).await?)?;
    let public = request.public_key()?;
    ensure!(request.verify(&public)?, "{algorithm:?}: the request does not prove the key");
    let begun = Instant::now();
    let signature = key.sign(b"contract").await?;
    println!("{algorithm:?}: made in {made:?}, signed in {:?}", begun.elapsed());
    let mut verifier = Verifier::new(MessageDigest::sha256(), &public)?;
    ensure!(verifier.verify_oneshot(&signature, b"contract")?, "{algorithm:?}: another signature");

    let looking = another_session()?;
    let found = looking.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY)])?;
    let [private] = found.as_slice() else { anyhow::bail!("{} private keys", found.len()) };
    let asked = [AttributeType::Token, AttributeType::Sensitive, AttributeType::Extractable];
    let told = looking.get_attributes(*private, &asked)?;
    let wanted = [Attribute::Token(false), Attribute::Sensitive(true), Attribute::Extractable(false)];
    ensure!(told == wanted, "{algorithm:?}: {told:?}");
    let secret = [AttributeType::Value, AttributeType::PrivateExponent];
    ensure!(looking.get_attributes(*private, &secret)?.is_empty(), "{algorithm:?}: the token tells the key");
    Ok(looking)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_pin_is_tried_once() -> Result<()> {
    let test = "a_wrong_pin_is_tried_once";
    let Some(token) = tokio::task::block_in_place(|| SoftToken::in_child(test))? else { return Ok(()) };
    let pin_file = token.file("other-pin", "314159")?;
    let keystore = token.keystore(Algorithm::P256, &pin_file)?;
    let is_refused = async || {
        let error = keystore.generate().await.err();
        matches!(error, Some(keystore::Error::Token(pkcs11::Error::WrongPin)))
    };
    ensure!(is_refused().await, "a wrong PIN opens the token");
    // From now on it would be the right one: that it is refused still shows that it is not tried.
    change_pin(PIN, "314159")?;
    ensure!(is_refused().await, "a refused PIN was tried again");
    token.keystore(Algorithm::P256, &pin_file)?.check().await.context("who was not refused may try it")?;
    // Another PIN in the file is another matter.
    change_pin("314159", PIN)?;
    token.file("other-pin", PIN)?;
    keystore.check().await.context("the PIN was put right")
}
