//! Why: CMS structures are built from their parts, since OpenSSL's own CMS adds attributes that PAdES forbids and wants the
//! key in this process.

use openssl::pkey::{PKeyRef, Private};

use crate::sign::{Digest, Error};

pub(crate) fn signed_attributes(digest: &Digest, certificate_der: &[u8]) -> Result<Vec<u8>, Error> {
    Err(Error::Crypto { what: format!("{} {}", digest.value.len(), certificate_der.len()) })
}

pub(crate) fn sign_with_openssl_key(key: &PKeyRef<Private>, attributes: &[u8]) -> Result<Vec<u8>, Error> {
    Err(Error::Crypto { what: format!("{} {}", key.bits(), attributes.len()) })
}
