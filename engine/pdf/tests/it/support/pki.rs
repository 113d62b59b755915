//! Why: signers need certificates from a root that the judges are told to trust.

use std::sync::OnceLock;

use openssl::{
    asn1::{Asn1Integer, Asn1Time},
    bn::BigNum,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    rsa::Rsa,
    x509::{
        X509, X509Builder, X509Name,
        extension::{
            AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier,
        },
    },
};
use sealflow_pdf::{
    PreparedSignature, Trust, finish, sign_with_openssl_key, signed_attributes, timestamp_imprint,
};

/// A key with its certificate.
pub(crate) struct Identity {
    pub(crate) key: PKey<Private>,
    pub(crate) certificate: X509,
}

pub(crate) struct Pki {
    pub(crate) root: Identity,
    pub(crate) person: Identity,
    pub(crate) company: Identity,
    pub(crate) tsa: Identity,
}

/// One set of keys for the whole run: RSA keys are slow to make.
pub(crate) fn pki() -> &'static Pki {
    static PKI: OnceLock<Pki> = OnceLock::new();
    PKI.get_or_init(|| {
        let root = issue("示例根证书", p256(), None, Use::Root);
        let person = issue("示例签署人", p256(), Some(&root), Use::Sign);
        let company = issue("示例采购有限公司", rsa(), Some(&root), Use::Sign);
        let tsa = issue("示例时间戳", p256(), Some(&root), Use::Time);
        Pki { root, person, company, tsa }
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Root,
    Sign,
    /// A key that encrypts keys, and may not sign.
    Encrypt,
    Time,
}

pub(crate) fn p256() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

pub(crate) fn rsa() -> PKey<Private> {
    rsa_of(2048)
}

pub(crate) fn rsa_of(bits: u32) -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap()
}

pub(crate) fn issue(name: &str, key: PKey<Private>, issuer: Option<&Identity>, usage: Use) -> Identity {
    // The root outlives what it issues.
    let until = if usage == Use::Root { "20600101000000Z" } else { "20350101000000Z" };
    issue_for(name, key, issuer, usage, ["20250101000000Z", until])
}

/// With its own time of validity, from and until (GeneralizedTime).
pub(crate) fn issue_for(
    name: &str,
    key: PKey<Private>,
    issuer: Option<&Identity>,
    usage: Use,
    [from, until]: [&str; 2],
) -> Identity {
    let mut subject = X509Name::builder().unwrap();
    subject.append_entry_by_nid(Nid::COMMONNAME, name).unwrap();
    let subject = subject.build();
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    let mut serial = BigNum::new().unwrap();
    serial.rand(100, openssl::bn::MsbOption::MAYBE_ZERO, true).unwrap();
    builder.set_serial_number(&Asn1Integer::from_bn(&serial).unwrap()).unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(issuer.map_or(&subject, |issuer| issuer.certificate.subject_name())).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::from_str(from).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_str(until).unwrap()).unwrap();
    let mut constraints = BasicConstraints::new();
    constraints.critical();
    let mut key_usage = KeyUsage::new();
    key_usage.critical();
    match usage {
        Use::Root => {
            constraints.ca();
            key_usage.key_cert_sign().crl_sign();
        }
        Use::Sign => {
            key_usage.digital_signature().non_repudiation();
        }
        Use::Encrypt => {
            key_usage.key_encipherment();
        }
        Use::Time => {
            key_usage.digital_signature();
            builder
                .append_extension(ExtendedKeyUsage::new().critical().time_stamping().build().unwrap())
                .unwrap();
        }
    }
    builder.append_extension(constraints.build().unwrap()).unwrap();
    builder.append_extension(key_usage.build().unwrap()).unwrap();
    let issuer_certificate = issuer.map(|issuer| issuer.certificate.as_ref());
    let context = builder.x509v3_context(issuer_certificate, None);
    let own_id = SubjectKeyIdentifier::new().build(&context).unwrap();
    builder.append_extension(own_id).unwrap();
    if issuer.is_some() {
        let context = builder.x509v3_context(issuer_certificate, None);
        let issuer_id = AuthorityKeyIdentifier::new().keyid(true).build(&context).unwrap();
        builder.append_extension(issuer_id).unwrap();
    }
    builder.sign(issuer.map_or(&key, |issuer| &issuer.key), MessageDigest::sha256()).unwrap();
    Identity { key, certificate: builder.build() }
}

impl Identity {
    /// The certificate and the root's.
    pub(crate) fn chain(&self) -> Vec<Vec<u8>> {
        vec![self.certificate.to_der().unwrap(), pki().root.certificate.to_der().unwrap()]
    }

    /// All steps after `begin`.
    pub(crate) fn finish(&self, prepared: PreparedSignature, timestamped: bool) -> Vec<u8> {
        let tsa = timestamped.then(|| &pki().tsa);
        self.finish_with(prepared, tsa)
    }

    /// With the timestamp of this authority.
    pub(crate) fn finish_with(&self, prepared: PreparedSignature, tsa: Option<&Identity>) -> Vec<u8> {
        let chain = self.chain();
        let attributes = signed_attributes(&prepared.digest, &chain[0]).unwrap();
        let signature = sign_with_openssl_key(&self.key, &attributes).unwrap();
        let token = tsa.map(|tsa| super::tools::timestamp_token_by(tsa, &timestamp_imprint(&signature)));
        finish(prepared, &signature, &chain, token.as_deref()).unwrap()
    }
}

/// Trusts the root.
pub(crate) fn trust() -> Trust {
    Trust { roots_der: vec![pki().root.certificate.to_der().unwrap()], ..Trust::default() }
}
