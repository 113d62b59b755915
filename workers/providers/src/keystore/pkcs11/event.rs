//! Event keys in a token: a pair of session objects, made for one signing and destroyed after it. The private key never
//! leaves the token, and does not outlive its session.
//!
//! Each key has a session of its own, so that signings do not wait for one another. Session, login and pair together take
//! 4 ms for P-256 and 0.3 s for RSA-2048 in SoftHSM, so there is nothing to gain by keeping sessions. All calls block;
//! [`super::super::event`] makes them off the asynchronous threads.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cryptoki::{
    context::Pkcs11,
    mechanism::Mechanism,
    object::{Attribute, AttributeType, ObjectHandle},
    session::{Session, SessionState},
    types::Ulong,
};
use der::{Decode as _, asn1::OctetStringRef};
use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcKey, EcPoint},
    error::ErrorStack,
    nid::Nid,
    pkey::PKey,
    rsa::Rsa,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Error, KeyUri, load, login, pin_of, sign, slot};
use crate::keystore::Algorithm;

/// The object identifier of P-256 in DER, as `CKA_EC_PARAMS` wants it.
const P256_CURVE: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// 65537.
const RSA_EXPONENT: [u8; 3] = [1, 0, 1];

/// The token where event keys are made.
pub struct TokenKeystore {
    uri: KeyUri,
    module: PathBuf,
    /// For an address that names no file.
    pin: Option<SecretString>,
    algorithm: Algorithm,
    /// Locked while a session is opened: of two that have a wrong PIN only one tries it.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    module: Option<Pkcs11>,
    /// Every key holds one, so that the module is not loaded anew under a key that is in use.
    keys: Arc<()>,
    /// A session could be opened, and then no key be made in it.
    is_suspect: bool,
    /// The PIN that the token refused. It is not tried again, since that would lock the token.
    refused: Option<SecretString>,
}

/// A pair of keys in the token.
pub(in crate::keystore) struct Pair {
    session: Session,
    public: ObjectHandle,
    private: ObjectHandle,
    public_key_der: Vec<u8>,
    is_rsa: bool,
    /// Gone after the session.
    _in_use: Arc<()>,
}

impl std::fmt::Debug for TokenKeystore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenKeystore").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pair").field("is_rsa", &self.is_rsa).finish_non_exhaustive()
    }
}

impl TokenKeystore {
    /// The token at this address; `module` and `pin` are for an address that names none. Nothing is called yet.
    ///
    /// # Errors
    /// [`Error::Sm2`], [`Error::NamesKey`], [`Error::NoModule`].
    pub fn new(
        uri: KeyUri,
        module: Option<PathBuf>,
        pin: Option<SecretString>,
        algorithm: Algorithm,
    ) -> Result<Self, Error> {
        Self::check(&uri, algorithm)?;
        let module = uri.module_path.clone().or(module).ok_or(Error::NoModule)?;
        Ok(Self { uri, module, pin, algorithm, state: Mutex::default() })
    }

    /// Whether there can be event keys of this kind at such an address.
    ///
    /// # Errors
    /// [`Error::Sm2`], [`Error::NamesKey`].
    pub fn check(uri: &KeyUri, algorithm: Algorithm) -> Result<(), Error> {
        match algorithm {
            Algorithm::Sm2 => Err(Error::Sm2),
            _ if uri.object.is_some() || uri.id.is_some() => Err(Error::NamesKey),
            _ => Ok(()),
        }
    }

    pub(in crate::keystore) const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Makes a pair of keys.
    pub(in crate::keystore) fn generate(&self) -> Result<Pair, Error> {
        let (session, in_use) = self.session()?;
        let (mechanism, is_rsa, mut of_public) = match self.algorithm {
            Algorithm::P256 => {
                (Mechanism::EccKeyPairGen, false, vec![Attribute::EcParams(P256_CURVE.to_vec())])
            }
            Algorithm::Rsa2048 => (Mechanism::RsaPkcsKeyPairGen, true, of_rsa(Ulong::new(2048))),
            Algorithm::Rsa3072 => (Mechanism::RsaPkcsKeyPairGen, true, of_rsa(Ulong::new(3072))),
            Algorithm::Sm2 => return Err(Error::Sm2),
        };
        of_public.extend([Attribute::Token(false), Attribute::Verify(true)]);
        let of_private = [
            Attribute::Token(false),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
        ];
        let made = session.generate_key_pair(&mechanism, &of_public, &of_private);
        if made.is_err() {
            self.lock().is_suspect = true;
        }
        let (public, private) = made.map_err(Error::Token)?;
        let mut pair = Pair { session, public, private, public_key_der: Vec::new(), is_rsa, _in_use: in_use };
        pair.public_key_der = pair.read_public_key()?;
        Ok(pair)
    }

    /// A session in which the user is logged in. A connection that broke is made anew, unless a key still uses it.
    fn session(&self) -> Result<(Session, Arc<()>), Error> {
        let mut state = self.lock();
        if state.is_suspect {
            state.load_anew();
        }
        let mut opened = self.open(&mut state);
        let is_lost =
            |error: &Error| matches!(error, Error::Token(_) | Error::NoToken { .. } | Error::Module { .. });
        if opened.as_ref().is_err_and(is_lost) && state.load_anew() {
            opened = self.open(&mut state);
        }
        opened.map(|session| (session, Arc::clone(&state.keys)))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, state: &mut State) -> Result<Session, Error> {
        let module = match &state.module {
            Some(module) => module.clone(),
            None => {
                let fail = |source| Error::Module { path: self.module.clone(), source };
                state.module.insert(load(&self.module).map_err(fail)?).clone()
            }
        };
        let slot = slot(&module, &self.uri)?;
        let session = module.open_ro_session(slot).map_err(Error::Token)?;
        let info = session.get_session_info().map_err(Error::Token)?;
        if matches!(info.session_state(), SessionState::RoUser | SessionState::RwUser) {
            return Ok(session);
        }
        let pin = pin_of(&self.uri, self.pin.clone())?;
        if state.refused.as_ref().is_some_and(|refused| refused.expose_secret() == pin.expose_secret()) {
            return Err(Error::WrongPin);
        }
        if module.get_token_info(slot).map_err(Error::Token)?.user_pin_final_try() {
            return Err(Error::LastTry);
        }
        match login(&session, &pin) {
            Err(Error::WrongPin) => {
                state.refused = Some(pin);
                Err(Error::WrongPin)
            }
            other => other.map(|()| session),
        }
    }
}

impl State {
    /// Ends the module, which is then loaded again; not under a key that is in use.
    fn load_anew(&mut self) -> bool {
        if Arc::strong_count(&self.keys) > 1 {
            return false;
        }
        if let Some(module) = self.module.take() {
            // One that cannot even be ended is loaded all the same.
            let _ = module.finalize();
        }
        self.is_suspect = false;
        true
    }
}

fn of_rsa(bits: Ulong) -> Vec<Attribute> {
    vec![Attribute::ModulusBits(bits), Attribute::PublicExponent(RSA_EXPONENT.to_vec())]
}

impl Pair {
    /// `SubjectPublicKeyInfo` in DER.
    pub(in crate::keystore) fn public_key_der(&self) -> &[u8] {
        &self.public_key_der
    }

    pub(in crate::keystore) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        sign(&self.session, self.private, self.is_rsa, message)
    }

    fn read_public_key(&self) -> Result<Vec<u8>, Error> {
        let wanted = [AttributeType::EcPoint, AttributeType::Modulus, AttributeType::PublicExponent];
        let wanted = if self.is_rsa { &wanted[1..] } else { &wanted[..1] };
        let found = self.session.get_attributes(self.public, wanted).map_err(Error::Token)?;
        let (mut point, mut modulus, mut exponent) = (None, None, None);
        for attribute in found {
            match attribute {
                Attribute::EcPoint(value) => point = Some(value),
                Attribute::Modulus(value) => modulus = Some(value),
                Attribute::PublicExponent(value) => exponent = Some(value),
                _ => {}
            }
        }
        let key = match (point, modulus, exponent) {
            (Some(point), _, _) => on_p256(&point),
            (None, Some(modulus), Some(exponent)) => rsa(&modulus, &exponent),
            _ => return Err(Error::NoPublicKey),
        };
        key.map_err(Error::Signature)
    }
}

fn on_p256(point: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    // In DER as the standard wants it; some tokens give the point alone.
    let point = <&OctetStringRef>::from_der(point).map_or(point, OctetStringRef::as_bytes);
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    let point = EcPoint::from_bytes(&group, point, &mut *BigNumContext::new()?)?;
    PKey::from_ec_key(EcKey::from_public_key(&group, &point)?)?.public_key_to_der()
}

fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let key = Rsa::from_public_components(BigNum::from_slice(modulus)?, BigNum::from_slice(exponent)?)?;
    PKey::from_rsa(key)?.public_key_to_der()
}

impl Drop for Pair {
    fn drop(&mut self) {
        // Where the token does not answer, the end of the session does it.
        let _ = self.session.destroy_object(self.private);
        let _ = self.session.destroy_object(self.public);
    }
}
