//! A P-256 key with a certificate, and the way of a signature with it; and the least that any signature costs.

use std::{fs, io::Write as _, path::Path, sync::Arc};

use anyhow::Result;
use openssl::{
    asn1::Asn1Time,
    bn::{BigNum, MsbOption},
    ec::{EcGroup, EcKey},
    ecdsa::EcdsaSig,
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    x509::{X509, X509Builder, X509Name, extension::KeyUsage},
};
use sealflow_pdf::{
    Appearance, FieldAppearance, PreparedSignature, Rect, SignRequest, Trust, limits,
    seal::{self, SealSpec},
    sign::{Copied, DigestAlgorithm, GrowingFile, LocalSigner, NewField, hole_bytes},
};

/// 2026-01-15 08:00 UTC.
const SIGNED_AT_MS: i64 = 1_768_464_000_000;

#[derive(Clone)]
pub(super) struct Signer {
    key: PKey<Private>,
    /// The same key in the form that signs a digest with the fewest steps.
    ec_key: EcKey<Private>,
    certificate: X509,
    chain: Vec<Vec<u8>>,
    /// Read once, as the peer's.
    local: Arc<LocalSigner>,
}

impl Signer {
    pub(super) fn new() -> Result<Self> {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
        let ec_key = EcKey::generate(&group)?;
        let key = PKey::from_ec_key(ec_key.clone())?;
        let mut name = X509Name::builder()?;
        name.append_entry_by_nid(Nid::COMMONNAME, "示例签署人")?;
        let name = name.build();
        let mut builder = X509Builder::new()?;
        builder.set_version(2)?;
        let mut serial = BigNum::new()?;
        serial.rand(100, MsbOption::MAYBE_ZERO, true)?;
        let serial = serial.to_asn1_integer()?;
        builder.set_serial_number(&serial)?;
        builder.set_subject_name(&name)?;
        builder.set_issuer_name(&name)?;
        builder.set_pubkey(&key)?;
        let (from, to) = (Asn1Time::from_str("20250101000000Z")?, Asn1Time::from_str("20350101000000Z")?);
        builder.set_not_before(&from)?;
        builder.set_not_after(&to)?;
        let usage = KeyUsage::new().critical().digital_signature().non_repudiation().build()?;
        builder.append_extension(usage)?;
        builder.sign(&key, MessageDigest::sha256())?;
        let certificate = builder.build();
        let chain = vec![certificate.to_der()?];
        let local = Arc::new(LocalSigner::new(key.clone(), &chain)?);
        Ok(Self { key, ec_key, certificate, chain, local })
    }

    /// Writes key and certificate for the peer.
    pub(super) fn save(&self, key: &Path, certificate: &Path) -> Result<()> {
        fs::write(key, self.key.private_key_to_pem_pkcs8()?)?;
        Ok(fs::write(certificate, self.certificate.to_pem()?)?)
    }

    /// Reads a file, signs it, writes it.
    pub(super) fn sign(&self, from: &Path, to: &Path) -> Result<()> {
        let from = fs::File::open(from)?;
        let length = usize::try_from(from.metadata()?.len())?;
        let mut to = fs::File::create_new(to)?;
        let Copied { file, written_bytes } = GrowingFile::copy(from, length, &to, DigestAlgorithm::Sha256)?;
        let request =
            SignRequest { hole_bytes: hole_bytes(&self.chain, false), ..request("Signature1", None) };
        let signed = self.finish(file.begin_last(&request)?)?;
        Ok(to.write_all(signed.get(written_bytes..).unwrap_or_default())?)
    }

    /// One more signature on a file in memory; a picture shows it.
    pub(super) fn sign_on(&self, growing: &mut GrowingFile, request: &SignRequest) -> Result<()> {
        let begun = growing.begin(request)?;
        let signature = self.local.sign(&begun.digest)?;
        growing.finish_local(begun, &signature, None)?;
        Ok(())
    }

    pub(super) fn finish(&self, begun: PreparedSignature) -> Result<Vec<u8>> {
        let signature = self.local.sign(&begun.digest)?;
        Ok(signature.finish(begun, None)?)
    }

    /// What no program can do without: reading, SHA-256, one private operation, writing.
    pub(super) fn floor(&self, from: &Path, to: &Path) -> Result<()> {
        let bytes = fs::read(from)?;
        let digest = openssl::sha::sha256(&bytes);
        EcdsaSig::sign(&digest, &self.ec_key)?.to_der()?;
        Ok(fs::write(to, bytes)?)
    }

    /// The root of the certificate, which is itself.
    pub(super) fn trust(&self) -> Trust {
        Trust { roots_der: self.chain.clone(), ..Trust::default() }
    }
}

/// A signature in a new field; with a seal it shows.
pub(super) fn request(field: &str, seal: Option<&str>) -> SignRequest {
    let edge = if seal.is_some() { 119.0 } else { 0.0 };
    let shown = |svg: &str| FieldAppearance {
        field: field.to_owned(),
        appearance: Appearance::Svg { svg: svg.to_owned() },
    };
    SignRequest {
        field: field.to_owned(),
        new_field: Some(NewField { page: 1, rect: Rect { x: 60.0, y: 60.0, width: edge, height: edge } }),
        appearances: seal.map(shown).into_iter().collect(),
        signer_name: "示例签署人".to_owned(),
        reason: None,
        location: None,
        signed_at_ms: SIGNED_AT_MS,
        hole_bytes: limits::HOLE_BYTES_DEFAULT,
        digest: DigestAlgorithm::Sha256,
    }
}

/// A company's round seal.
pub(super) fn seal() -> Result<String> {
    Ok(seal::draw(&SealSpec {
        shape: seal::Shape::Round,
        kind: seal::Kind::Contract,
        organization_name: "示例采购有限公司".to_owned(),
        center_text: Some("合同专用章".to_owned()),
        bottom_text: Some("3101150000001".to_owned()),
        color: None,
        size_mm: None,
    })?)
}
