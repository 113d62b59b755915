//! Event keys: one is made for one signing, after the signer confirmed, and is gone afterwards.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{runtime::Handle, task::spawn_blocking};

use super::{
    Algorithm, Error, Subject,
    pkcs11::event::{Pair, TokenKeystore},
    request,
    software::OneOffKey,
};

/// Where event keys are made.
#[derive(Debug, Clone)]
pub enum Keystore {
    /// In this process's memory.
    Software(Algorithm),
    /// In a token; they never leave it.
    Token(Arc<TokenKeystore>),
}

/// A key for one signing. Dropping it destroys it.
#[derive(Debug)]
pub enum EventKey {
    /// In this process's memory.
    Software(OneOffKey),
    /// In a token.
    Token(TokenEventKey),
}

/// A key in a token.
#[derive(Debug)]
pub struct TokenEventKey {
    algorithm: Algorithm,
    /// In a session one thing is done at a time. It is taken out to be destroyed.
    pair: Option<Arc<Mutex<Pair>>>,
}

impl Keystore {
    /// Makes a key.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn generate(&self) -> Result<EventKey, Error> {
        match self {
            Self::Software(algorithm) => {
                // To find the primes of an RSA key takes a good part of a second.
                let algorithm = *algorithm;
                off_async(move || OneOffKey::generate(algorithm)).await.map(EventKey::Software)
            }
            Self::Token(token) => {
                let (algorithm, token) = (token.algorithm(), Arc::clone(token));
                let pair = off_async(move || Ok(token.generate()?)).await?;
                Ok(EventKey::Token(TokenEventKey { algorithm, pair: Some(Arc::new(Mutex::new(pair))) }))
            }
        }
    }

    /// Makes a key, signs with it and destroys it, so that what is missing shows at the start and not at a signing.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn check(&self) -> Result<(), Error> {
        self.generate().await?.sign(b"a key is tried").await.map(drop)
    }
}

impl Subject {
    /// Whether a request (PKCS#10, DER) is for this subject.
    ///
    /// # Errors
    /// When it cannot be read, or a name does not fit.
    pub fn is_of(&self, csr_der: &[u8]) -> Result<bool, Error> {
        request::is_for(csr_der, self)
    }
}

impl EventKey {
    /// A certificate request (PKCS#10, DER) for the subject, which proves possession of the key.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn csr(&self, subject: &Subject) -> Result<Vec<u8>, Error> {
        match self {
            Self::Software(key) => key.csr(subject),
            Self::Token(key) => {
                let (algorithm, subject) = (key.algorithm, subject.clone());
                key.with(move |pair| {
                    request::build(algorithm, &subject, pair.public_key_der(), |info| Ok(pair.sign(info)?))
                })
                .await
            }
        }
    }

    /// Hashes and signs, as [`OneOffKey::sign`] does.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        match self {
            Self::Software(key) => key.sign(message),
            Self::Token(key) => {
                let message = message.to_vec();
                key.with(move |pair| Ok(pair.sign(&message)?)).await
            }
        }
    }
}

impl TokenEventKey {
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Pair) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let pair = self.pair.clone().ok_or(Error::Destroyed)?;
        off_async(move || work(&pair.lock().unwrap_or_else(PoisonError::into_inner))).await
    }
}

async fn off_async<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    spawn_blocking(work).await.map_err(Error::Thread)?
}

impl Drop for TokenEventKey {
    fn drop(&mut self) {
        // To destroy it is a call to the token, too.
        let pair = self.pair.take();
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn_blocking(move || drop(pair));
        }
    }
}
