//! Why: the command line signs and validates files with the same functions as the platform.

use openssl::{
    pkey::{PKey, Private},
    x509::X509,
};

use crate::{
    PreparedSignature, Rect,
    appearance::{Appearance, FieldAppearance},
    limits,
    read::{self, fields::fields, file::File},
    seal::{self, Kind, SealSpec, Shape},
    sign::{self, GrowingFile, NewField, SignRequest, hole_bytes},
    validate::{chain, check_signer},
};

/// A place for a visible signature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Page number, from 1.
    pub page: usize,
    /// Where on the page as shown.
    pub rect: Rect,
}

/// What `sealflow pdf sign` was given.
#[derive(Debug, Clone)]
pub struct SignFile<'a> {
    /// The signer's certificate, and its issuers', DER.
    pub chain_der: &'a [Vec<u8>],
    /// Where it shows; without it the signature is invisible.
    pub place: Option<Place>,
    /// The organization's name, for a round seal in that place; without it the signer's name is written there.
    pub seal_text: Option<&'a str>,
    /// A prepared field to sign in; without it a new one is made.
    pub field: Option<&'a str>,
    /// What prepared fields show from now on.
    pub appearances: Vec<FieldAppearance>,
    /// The claimed time of signing, milliseconds since 1970 UTC.
    pub signed_at_ms: i64,
    /// A timestamp may be added.
    pub timestamped: bool,
}

/// Why a file cannot be signed or validated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The PEM cannot be used.
    #[error("{what} cannot be used")]
    Pem {
        /// Key, certificate or chain.
        what: &'static str,
        /// What OpenSSL says.
        #[source]
        source: openssl::error::ErrorStack,
    },
    /// The signer's certificate is for something else, or its key is too short.
    #[error("{why}")]
    Certificate {
        /// A sentence.
        why: String,
    },
    /// The seal cannot be drawn.
    #[error("the seal cannot be drawn")]
    Seal(#[source] crate::seal::Error),
    /// The file cannot be signed.
    #[error("the file cannot be signed")]
    Sign(#[source] sign::Error),
    /// The file cannot be read.
    #[error("the file cannot be read")]
    Read(#[source] read::Error),
}

/// Reads certificates.
///
/// # Errors
/// [`Error::Pem`]
pub fn certificates_from_pem(pem: &[u8], what: &'static str) -> Result<Vec<Vec<u8>>, Error> {
    let fail = |source| Error::Pem { what, source };
    let found = X509::stack_from_pem(pem).map_err(fail)?;
    found.iter().map(|certificate| certificate.to_der().map_err(fail)).collect()
}

/// Reads a private key.
///
/// # Errors
/// [`Error::Pem`]
pub fn key_from_pem(pem: &[u8]) -> Result<PKey<Private>, Error> {
    PKey::private_key_from_pem(pem).map_err(|source| Error::Pem { what: "the key", source })
}

/// Begins a signature as one appended revision.
///
/// # Errors
/// [`Error`]
pub fn begin_file(file: GrowingFile, request: &SignFile<'_>) -> Result<PreparedSignature, Error> {
    let signer = request.chain_der.first().map(Vec::as_slice).unwrap_or_default();
    let certificate =
        X509::from_der(signer).map_err(|source| Error::Pem { what: "the certificate", source })?;
    check_signer(&certificate).map_err(|why| Error::Certificate { why })?;
    let name = chain::common_name(&certificate).unwrap_or_default();
    let place =
        request.place.unwrap_or(Place { page: 1, rect: Rect { x: 0.0, y: 0.0, width: 0.0, height: 0.0 } });
    let (field, new_field, appearances) = match request.field {
        Some(field) => (field.to_owned(), None, request.appearances.clone()),
        None => {
            let field = unused_name(file.bytes())?;
            let shown = appearance(request, &name)?;
            let shown = shown.map(|appearance| FieldAppearance { field: field.clone(), appearance });
            (field, Some(NewField { page: place.page, rect: place.rect }), shown.into_iter().collect())
        }
    };
    let sign_request = SignRequest {
        field,
        new_field,
        appearances,
        signer_name: name.chars().take(limits::TEXT_CHARS_MAX).collect(),
        reason: None,
        location: None,
        signed_at_ms: request.signed_at_ms,
        hole_bytes: hole_bytes(request.chain_der, request.timestamped),
        digest: sign::digest_for(signer).map_err(Error::Sign)?,
    };
    file.begin_last(&sign_request).map_err(Error::Sign)
}

/// The first name of the row Signature1, Signature2, … that the file has not.
fn unused_name(pdf: &[u8]) -> Result<String, Error> {
    let file = File::open(pdf).map_err(Error::Read)?;
    let fields = fields(&file).map_err(Error::Read)?;
    let free = (1..=fields.len() + 1)
        .map(|number| format!("Signature{number}"))
        .find(|name| fields.iter().all(|field| field.name != *name));
    Ok(free.unwrap_or_default())
}

fn appearance(request: &SignFile<'_>, name: &str) -> Result<Option<Appearance>, Error> {
    match (request.place, request.seal_text) {
        (None, _) => Ok(None),
        (Some(_), None) => Ok(Some(Appearance::text(name))),
        (Some(_), Some(organization_name)) => {
            let spec = SealSpec {
                shape: Shape::Round,
                kind: Kind::Official,
                organization_name: organization_name.to_owned(),
                center_text: None,
                bottom_text: None,
                color: None,
                size_mm: None,
            };
            let svg = seal::draw(&spec).map_err(Error::Seal)?;
            Ok(Some(Appearance::Svg { svg }))
        }
    }
}
