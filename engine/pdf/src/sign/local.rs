//! Why: to read a certificate and to check a signature take several times as long as to sign; for a key in this process that
//! signs again and again both are done once.

use openssl::pkey::{PKey, Private};

use super::{Digest, DigestAlgorithm, Error, PreparedSignature, finish::fill_hole};
use crate::cms::{self, SignedAttributes};

/// A key in this process with its certificates, of which it is known that they belong together.
pub struct LocalSigner {
    key: PKey<Private>,
    signer: cms::Signer,
}

/// A signature that a [`LocalSigner`] made. There is no other way to get one, and what belongs to it cannot be exchanged: the
/// key was found to be the certificate's, and the attributes are those of the digest that was signed. So it goes into
/// a file without being checked; [`super::finish`] checks each signature that comes from elsewhere.
pub struct LocalSignature<'s> {
    signer: &'s LocalSigner,
    digest: Digest,
    attributes: SignedAttributes,
    raw: Vec<u8>,
}

impl LocalSigner {
    /// `chain_der` holds the signer's certificate first, then its issuers. Signs once to try whether the key is the certificate's.
    ///
    /// # Errors
    /// [`Error::Crypto`] when it is not, or one of them cannot be used.
    pub fn new(key: PKey<Private>, chain_der: &[Vec<u8>]) -> Result<Self, Error> {
        let signer = cms::Signer::read(chain_der)?;
        if !signer.is_of(&key)? {
            return Err(Error::Crypto { what: "the key is not the certificate's".to_owned() });
        }
        Ok(Self { key, signer })
    }

    /// How files are to be hashed for this key.
    #[must_use]
    pub const fn digest_algorithm(&self) -> DigestAlgorithm {
        self.signer.digest_algorithm()
    }

    /// Signs what has this digest.
    ///
    /// # Errors
    /// [`Error::Crypto`] when the digest was made in another way than the key's, or OpenSSL refuses.
    pub fn sign(&self, digest: &Digest) -> Result<LocalSignature<'_>, Error> {
        let attributes = self.signer.attributes(digest)?;
        let raw = self.signer.sign(&self.key, &attributes)?;
        Ok(LocalSignature { signer: self, digest: digest.clone(), attributes, raw })
    }
}

impl LocalSignature<'_> {
    /// The raw signature, for [`super::timestamp_imprint`].
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Fills the hole, as [`super::finish`].
    ///
    /// # Errors
    /// [`Error::Crypto`] when another digest was signed, or the token is for another signature; [`Error::HoleTooSmall`].
    pub fn finish(
        &self,
        prepared: PreparedSignature,
        timestamp_token_der: Option<&[u8]>,
    ) -> Result<Vec<u8>, Error> {
        let signed_data = self.signed_data(&prepared.digest, timestamp_token_der)?;
        fill_hole(prepared.bytes, prepared.byte_range, &signed_data)
    }

    pub(super) fn signed_data(
        &self,
        digest: &Digest,
        timestamp_token_der: Option<&[u8]>,
    ) -> Result<Vec<u8>, Error> {
        if *digest != self.digest {
            return Err(Error::Crypto { what: "the signature is of another file".to_owned() });
        }
        self.signer.signer.signed_data(digest, &self.attributes, &self.raw, timestamp_token_der)
    }
}
