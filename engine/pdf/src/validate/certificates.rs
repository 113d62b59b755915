//! Why: OpenSSL takes longer to read a certificate than to check a signature, and the signatures of a file share theirs: roots,
//! issuers, and a signer who signs again. Each is read once; what it is judged to be is found out anew for each signature.

use std::{cell::RefCell, collections::HashMap, fmt};

use openssl::{error::ErrorStack, x509::X509};

use crate::limits::VALIDATION_ITEMS_MAX;

/// Certificates that were read, by their DER.
#[derive(Default)]
pub(super) struct Certificates(RefCell<HashMap<Vec<u8>, X509>>);

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificates")
    }
}

impl Certificates {
    /// The certificate of this DER.
    pub(super) fn read(&self, der: &[u8]) -> Result<X509, ErrorStack> {
        if let Some(known) = self.0.borrow().get(der) {
            return Ok(known.clone());
        }
        let certificate = X509::from_der(der)?;
        let mut known = self.0.borrow_mut();
        if known.len() < VALIDATION_ITEMS_MAX {
            known.insert(der.to_vec(), certificate.clone());
        }
        Ok(certificate)
    }
}
