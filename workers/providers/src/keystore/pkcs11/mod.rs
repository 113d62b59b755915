//! A key in a token or HSM (PKCS#11): it signs there and never leaves.
//!
//! SM2 has no mechanism in PKCS#11; such tokens speak other interfaces (GM/T 0016), so their signatures come from outside.

pub mod event;
mod uri;

use std::path::PathBuf;

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error as TokenError, RvError},
    mechanism::Mechanism,
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    slot::Slot,
};
use openssl::{bn::BigNum, ecdsa::EcdsaSig, error::ErrorStack, sha::sha256};
use secrecy::SecretString;

pub use uri::{KeyUri, UriError};

/// `DigestInfo` of a SHA-256 digest (RFC 8017, 9.2), without the digest.
const SHA_256_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0, 0x04,
    0x20,
];
/// A longer file holds no PIN.
const PIN_BYTES_MAX: usize = 256;

/// Why a token's key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody said which library speaks to the token.
    #[error(
        "which library speaks to the token? Name it by module-path in the key's address, or by SEALFLOW_PKCS11_MODULE"
    )]
    NoModule,
    /// The library is missing or does not start.
    #[error("the token's library {} cannot be used", path.display())]
    Module {
        /// Where it was sought.
        path: PathBuf,
        /// Why.
        #[source]
        source: TokenError,
    },
    /// No token is as the address says.
    #[error("there is no such token; there are: {}", if present.is_empty() { "none".to_owned() } else { present.join(", ") })]
    NoToken {
        /// The labels of those that are there.
        present: Vec<String>,
    },
    /// Several tokens are.
    #[error("several tokens are meant: name one by token, serial or slot-id")]
    ManyTokens,
    /// Nobody gave a PIN.
    #[error(
        "the token wants a PIN: name its file by pin-source=file:… in the key's address, or set SEALFLOW_PKCS11_PIN"
    )]
    NoPin,
    /// The PIN's file cannot be read.
    #[error("the PIN cannot be read from {}", path.display())]
    PinFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The PIN is wrong. Another try may lock the token.
    #[error("the token refuses the PIN; it was tried once")]
    WrongPin,
    /// One more wrong PIN would lock it.
    #[error(
        "the token locks itself at the next wrong PIN, so none is tried here: log in once with its own program first"
    )]
    LastTry,
    /// Too many wrong PINs.
    #[error("the token is locked after too many wrong PINs")]
    Locked,
    /// No private key is as the address says.
    #[error("the token has no such private key")]
    NoKey,
    /// Several keys are.
    #[error("the token has several such private keys: name one by object or id")]
    ManyKeys,
    /// Neither RSA nor elliptic curve.
    #[error(
        "the key is neither RSA nor ECDSA; for others (SM2) let the token's own program sign, and finish with its signature"
    )]
    KeyKind,
    /// Event keys would be SM2's.
    #[error(
        "SM2 keys cannot be made in a token, as PKCS#11 has no mechanism for them: set signatures.key_store to software, or signatures.key_algorithm to p256, rsa_2048 or rsa_3072"
    )]
    Sm2,
    /// The address of a place for event keys names one key.
    #[error("event keys are made for each signing: the token's address must name no object and no id")]
    NamesKey,
    /// The pair that was made has no public key.
    #[error("the token does not tell the public key")]
    NoPublicKey,
    /// The token failed.
    #[error("the token failed")]
    Token(#[source] TokenError),
    /// The token's signature makes no sense.
    #[error("the token's signature cannot be read")]
    Signature(#[source] ErrorStack),
}

/// A private key in a token, ready to sign.
pub struct TokenKey {
    session: Session,
    key: ObjectHandle,
    is_rsa: bool,
    certificate: Option<Vec<u8>>,
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenKey").field("is_rsa", &self.is_rsa).finish_non_exhaustive()
    }
}

impl TokenKey {
    /// Finds the key and logs in. `module` and `pin` are for an address that names none.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn open(uri: &KeyUri, module: Option<PathBuf>, pin: Option<SecretString>) -> Result<Self, Error> {
        let path = uri.module_path.clone().or(module).ok_or(Error::NoModule)?;
        let context = load(&path).map_err(|source| Error::Module { path, source })?;
        let slot = slot(&context, uri)?;
        let session = context.open_ro_session(slot).map_err(Error::Token)?;
        login(&session, &pin_of(uri, pin)?)?;
        let key = only_key(&session, uri)?;
        let (is_rsa, id) = describe(&session, key)?;
        let certificate = certificate(&session, id)?;
        Ok(Self { session, key, is_rsa, certificate })
    }

    /// The certificate with the key's id that the token holds, DER.
    #[must_use]
    pub fn certificate_der(&self) -> Option<&[u8]> {
        self.certificate.as_deref()
    }

    /// Signs with SHA-256: RSA with PKCS#1 v1.5, or an `ECDSA-Sig-Value` in DER.
    ///
    /// # Errors
    /// When the token fails.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        sign(&self.session, self.key, self.is_rsa, message)
    }
}

fn sign(session: &Session, key: ObjectHandle, is_rsa: bool, message: &[u8]) -> Result<Vec<u8>, Error> {
    let digest = sha256(message);
    if is_rsa {
        let info = [SHA_256_INFO.as_slice(), &digest].concat();
        return session.sign(&Mechanism::RsaPkcs, key, &info).map_err(Error::Token);
    }
    let raw = session.sign(&Mechanism::Ecdsa, key, &digest).map_err(Error::Token)?;
    let (r, s) = raw.split_at(raw.len() / 2);
    let encoded =
        || EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?)?.to_der();
    encoded().map_err(Error::Signature)
}

fn login(session: &Session, pin: &SecretString) -> Result<(), Error> {
    match session.login(UserType::User, Some(pin)) {
        Ok(()) | Err(TokenError::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
        Err(TokenError::Pkcs11(RvError::PinIncorrect | RvError::PinLenRange | RvError::PinInvalid, _)) => {
            Err(Error::WrongPin)
        }
        Err(TokenError::Pkcs11(RvError::PinLocked, _)) => Err(Error::Locked),
        Err(source) => Err(Error::Token(source)),
    }
}

fn load(path: &std::path::Path) -> Result<Pkcs11, TokenError> {
    let context = Pkcs11::new(path)?;
    match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(TokenError::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(context),
        Err(error) => Err(error),
    }
}

fn slot(context: &Pkcs11, uri: &KeyUri) -> Result<Slot, Error> {
    let mut present = Vec::new();
    let mut found = Vec::new();
    for slot in context.get_slots_with_initialized_token().map_err(Error::Token)? {
        let token = context.get_token_info(slot).map_err(Error::Token)?;
        let is =
            |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|w| w == value.trim_end());
        if is(&uri.token, token.label())
            && is(&uri.serial, token.serial_number())
            && is(&uri.manufacturer, token.manufacturer_id())
            && is(&uri.model, token.model())
            && uri.slot_id.is_none_or(|id| id == slot.id())
        {
            found.push(slot);
        }
        present.push(format!("{:?}", token.label().trim_end()));
    }
    match found.as_slice() {
        [] => Err(Error::NoToken { present }),
        [slot] => Ok(*slot),
        _ => Err(Error::ManyTokens),
    }
}

/// The address's PIN; `given` is for an address that names no file.
fn pin_of(uri: &KeyUri, given: Option<SecretString>) -> Result<SecretString, Error> {
    match &uri.pin_file {
        Some(path) => read_pin(path),
        None => given.ok_or(Error::NoPin),
    }
}

/// The first line, without its end.
fn read_pin(path: &std::path::Path) -> Result<SecretString, Error> {
    let fail = |source| Error::PinFile { path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(fail)?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() || line.len() > PIN_BYTES_MAX {
        return Err(fail(std::io::Error::other("its first line is empty or too long")));
    }
    Ok(line.into())
}

fn only_key(session: &Session, uri: &KeyUri) -> Result<ObjectHandle, Error> {
    let mut template = vec![Attribute::Class(ObjectClass::PRIVATE_KEY)];
    template.extend(uri.object.as_ref().map(|label| Attribute::Label(label.clone().into_bytes())));
    template.extend(uri.id.clone().map(Attribute::Id));
    match session.find_objects(&template).map_err(Error::Token)?.as_slice() {
        [] => Err(Error::NoKey),
        [key] => Ok(*key),
        _ => Err(Error::ManyKeys),
    }
}

/// Whether it is RSA, and its id.
fn describe(session: &Session, key: ObjectHandle) -> Result<(bool, Option<Vec<u8>>), Error> {
    let attributes =
        session.get_attributes(key, &[AttributeType::KeyType, AttributeType::Id]).map_err(Error::Token)?;
    let (mut kind, mut id) = (None, None);
    for attribute in attributes {
        match attribute {
            Attribute::KeyType(found) => kind = Some(found),
            Attribute::Id(found) if !found.is_empty() => id = Some(found),
            _ => {}
        }
    }
    match kind {
        Some(KeyType::RSA) => Ok((true, id)),
        Some(KeyType::EC) => Ok((false, id)),
        _ => Err(Error::KeyKind),
    }
}

fn certificate(session: &Session, id: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, Error> {
    let Some(id) = id else { return Ok(None) };
    let template = [Attribute::Class(ObjectClass::CERTIFICATE), Attribute::Id(id)];
    let Some(found) = session.find_objects(&template).map_err(Error::Token)?.into_iter().next() else {
        return Ok(None);
    };
    let attributes = session.get_attributes(found, &[AttributeType::Value]).map_err(Error::Token)?;
    Ok(attributes.into_iter().find_map(|attribute| match attribute {
        Attribute::Value(der) => Some(der),
        _ => None,
    }))
}
