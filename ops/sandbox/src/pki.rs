//! The sandbox's certification authority: a root, an issuing authority under it, and what they sign.
//!
//! The keys are kept in the state folder, so that contracts signed yesterday verify today.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use openssl::{
    asn1::{Asn1Integer, Asn1Time},
    bn::{BigNum, MsbOption},
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, PKeyRef, Private, Public},
    x509::{
        X509, X509Builder, X509Extension, X509Name, X509NameBuilder, X509NameRef, X509Ref, X509Req,
        extension::{
            AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
            SubjectKeyIdentifier,
        },
    },
};

use serde::{Deserialize, Serialize};

use crate::sources::Sources;

/// Certificates are valid from a little before their making, because clocks differ.
const BACKDATE_S: i64 = 5 * 60;
/// Seconds in a day.
const DAY_S: i64 = 24 * 60 * 60;
/// `id-kp-documentSigning` (RFC 9336).
const DOCUMENT_SIGNING: &str = "1.3.6.1.5.5.7.3.36";

/// A key with its certificate.
pub(crate) struct Identity {
    pub(crate) key: PKey<Private>,
    pub(crate) certificate: X509,
}

/// Root, issuing authority, and the timestamp authority's certificate.
pub(crate) struct Pki {
    pub(crate) root: Identity,
    pub(crate) issuing: Identity,
    pub(crate) tsa: Identity,
    /// The root's certificate in PEM, for those who are to trust it.
    pub(crate) root_file: PathBuf,
    /// Where the authority publishes, without a slash at the end.
    published_at: String,
}

/// Who issues certificates here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Issuer {
    Root,
    Issuing,
}

impl Issuer {
    pub(crate) const ALL: [Self; 2] = [Self::Root, Self::Issuing];

    /// As in addresses.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Issuing => "issuing",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|issuer| issuer.name() == name)
    }
}

/// Who signs a certificate.
enum Signer<'a> {
    Itself(&'a PKeyRef<Private>),
    /// With the addresses where it tells about its certificates.
    Issuer(&'a Identity, Sources),
}

/// What a certificate is for.
enum Purpose<'a> {
    Root,
    Issuing,
    Timestamping,
    Server { names: &'a [&'a str], addresses: &'a [&'a str] },
    Signing,
}

impl Pki {
    /// Reads the keys of the folder, or makes them. Certificates that name another address than `published_at` are issued
    /// anew, with the same keys and names.
    pub(crate) fn open(folder: &Path, published_at: &str) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        let root = match Identity::read(folder, "root")? {
            Some(root) => root,
            None => Identity::make(folder, "root", "示例沙箱根 CA", &Purpose::Root)?,
        };
        let of = |issuer| Sources::of(published_at, issuer);
        let by_root = Signer::Issuer(&root, of(Issuer::Root));
        let issuing = Identity::current(folder, "issuing", "示例沙箱签发 CA", &Purpose::Issuing, &by_root)?;
        let by_issuing = Signer::Issuer(&issuing, of(Issuer::Issuing));
        let tsa = Identity::current(folder, "tsa", "示例沙箱时间戳", &Purpose::Timestamping, &by_issuing)?;
        let (root_file, published_at) = (folder.join("root.pem"), published_at.to_owned());
        Ok(Self { root, issuing, tsa, root_file, published_at })
    }

    pub(crate) const fn issuer(&self, issuer: Issuer) -> &Identity {
        match issuer {
            Issuer::Root => &self.root,
            Issuer::Issuing => &self.issuing,
        }
    }

    /// The authority's own certificates that this one issued and answers for.
    pub(crate) fn issued_by(&self, issuer: Issuer) -> impl Iterator<Item = &X509> {
        let own = match issuer {
            Issuer::Root => &self.issuing,
            Issuer::Issuing => &self.tsa,
        };
        std::iter::once(&own.certificate)
    }

    /// A certificate for the TLS servers of this run, with its key.
    pub(crate) fn server(&self) -> Result<Identity> {
        let key = new_key()?;
        let purpose = Purpose::Server { names: &["localhost"], addresses: &["127.0.0.1", "::1"] };
        let (name, public) = (name("示例沙箱服务器")?, public(&key)?);
        let signer = Signer::Issuer(&self.root, Sources::of(&self.published_at, Issuer::Root));
        let certificate = issue(&name, &public, &purpose, 365, &signer)?;
        Ok(Identity { key, certificate })
    }

    /// Certifies a signer's request for `days`.
    ///
    /// # Errors
    /// When the request does not prove its key, has another kind of key than P-256 or RSA from 2048 bits, or names nobody.
    pub(crate) fn sign_request(&self, request: &X509Req, days: u32) -> Result<X509> {
        let key = request.public_key().context("the request has no usable key")?;
        if !request.verify(&key).unwrap_or(false) {
            bail!("the request is not signed with its own key");
        }
        let on_p256 = key.ec_key().is_ok_and(|key| key.group().curve_name() == Some(Nid::X9_62_PRIME256V1));
        let long_rsa = key.rsa().is_ok_and(|key| key.size() >= 256);
        if !on_p256 && !long_rsa {
            bail!("the key is neither on P-256 nor RSA from 2048 bits");
        }
        let subject = request.subject_name();
        if subject.entries_by_nid(Nid::COMMONNAME).next().is_none() {
            bail!("the request names nobody");
        }
        let signer = Signer::Issuer(&self.issuing, Sources::of(&self.published_at, Issuer::Issuing));
        issue(subject, &key, &Purpose::Signing, i64::from(days), &signer)
    }
}

impl Identity {
    fn read(folder: &Path, name: &str) -> Result<Option<Self>> {
        let (key_file, certificate_file) = files(folder, name);
        if !key_file.exists() || !certificate_file.exists() {
            return Ok(None);
        }
        let key = PKey::private_key_from_pem(&fs::read(&key_file)?)
            .with_context(|| format!("reading {}", key_file.display()))?;
        let certificate = X509::from_pem(&fs::read(&certificate_file)?)
            .with_context(|| format!("reading {}", certificate_file.display()))?;
        Ok(Some(Self { key, certificate }))
    }

    /// The identity of the folder, with a certificate that names these addresses.
    fn current(
        folder: &Path,
        file: &str,
        common_name: &str,
        purpose: &Purpose<'_>,
        signer: &Signer<'_>,
    ) -> Result<Self> {
        let known = Self::read(folder, file)?;
        match (known, signer) {
            (Some(known), Signer::Issuer(_, sources)) if sources.are_in(&known.certificate) => Ok(known),
            (Some(known), _) => Self::keep(folder, file, known.key, common_name, purpose, signer),
            (None, _) => Self::keep(folder, file, new_key()?, common_name, purpose, signer),
        }
    }

    fn make(folder: &Path, file: &str, common_name: &str, purpose: &Purpose<'_>) -> Result<Self> {
        let key = new_key()?;
        let copy = key.clone();
        Self::keep(folder, file, key, common_name, purpose, &Signer::Itself(&copy))
    }

    fn keep(
        folder: &Path,
        file: &str,
        key: PKey<Private>,
        common_name: &str,
        purpose: &Purpose<'_>,
        signer: &Signer<'_>,
    ) -> Result<Self> {
        let days = if matches!(signer, Signer::Itself(_)) { 20 * 365 } else { 10 * 365 };
        let (name, public) = (name(common_name)?, public(&key)?);
        let certificate = issue(&name, &public, purpose, days, signer)?;
        let (key_file, certificate_file) = files(folder, file);
        let mut secret =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&key_file)?;
        secret.write_all(&key.private_key_to_pem_pkcs8()?)?;
        fs::write(&certificate_file, certificate.to_pem()?)?;
        Ok(Self { key, certificate })
    }
}

fn files(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    (folder.join(format!("{name}.key.pem")), folder.join(format!("{name}.pem")))
}

fn new_key() -> Result<PKey<Private>> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    Ok(PKey::from_ec_key(EcKey::generate(&group)?)?)
}

fn public(key: &PKeyRef<Private>) -> Result<PKey<Public>> {
    Ok(PKey::public_key_from_der(&key.public_key_to_der()?)?)
}

fn name(common_name: &str) -> Result<X509Name> {
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_text("C", "CN")?;
    name.append_entry_by_text("O", "示例沙箱（无法律效力）")?;
    name.append_entry_by_text("CN", common_name)?;
    Ok(name.build())
}

/// Makes one certificate.
fn issue(
    subject: &X509NameRef,
    public_key: &PKeyRef<Public>,
    purpose: &Purpose<'_>,
    days: i64,
    signer: &Signer<'_>,
) -> Result<X509> {
    let (issuer, key) = match signer {
        Signer::Itself(key) => (None, *key),
        Signer::Issuer(issuer, _) => (Some(issuer), &*issuer.key),
    };
    let now = crate::clock::now_ms() / 1_000;
    let mut builder = X509Builder::new()?;
    builder.set_version(2)?;
    let serial = serial()?;
    builder.set_serial_number(&serial)?;
    let (from, until) = (Asn1Time::from_unix(now - BACKDATE_S)?, Asn1Time::from_unix(now + days * DAY_S)?);
    builder.set_not_before(&from)?;
    builder.set_not_after(&until)?;
    builder.set_subject_name(subject)?;
    builder.set_issuer_name(issuer.map_or(subject, |issuer| issuer.certificate.subject_name()))?;
    builder.set_pubkey(public_key)?;
    for extension in usage(purpose)? {
        builder.append_extension(extension)?;
    }
    let issuer_certificate: Option<&X509Ref> = issuer.map(|issuer| &*issuer.certificate);
    let key_id = SubjectKeyIdentifier::new().build(&builder.x509v3_context(issuer_certificate, None))?;
    builder.append_extension(key_id)?;
    if issuer.is_some() {
        let context = builder.x509v3_context(issuer_certificate, None);
        let authority = AuthorityKeyIdentifier::new().keyid(true).build(&context)?;
        builder.append_extension(authority)?;
    }
    if let Signer::Issuer(_, sources) = signer {
        for extension in sources.extensions()? {
            builder.append_extension(extension)?;
        }
    }
    if let Purpose::Server { names, addresses } = purpose {
        let mut alternative = SubjectAlternativeName::new();
        for name in *names {
            alternative.dns(name);
        }
        for address in *addresses {
            alternative.ip(address);
        }
        let extension = alternative.build(&builder.x509v3_context(issuer_certificate, None))?;
        builder.append_extension(extension)?;
    }
    builder.sign(key, MessageDigest::sha256())?;
    Ok(builder.build())
}

/// What the certificate may be used for.
fn usage(purpose: &Purpose<'_>) -> Result<Vec<X509Extension>> {
    let leaf = || BasicConstraints::new().critical().build();
    Ok(match purpose {
        Purpose::Root => vec![
            BasicConstraints::new().critical().ca().build()?,
            KeyUsage::new().critical().key_cert_sign().crl_sign().build()?,
        ],
        Purpose::Issuing => vec![
            BasicConstraints::new().critical().ca().pathlen(0).build()?,
            KeyUsage::new().critical().key_cert_sign().crl_sign().build()?,
        ],
        // RFC 3161, 2.3: this purpose, no other, and critical.
        Purpose::Timestamping => vec![
            leaf()?,
            KeyUsage::new().critical().digital_signature().build()?,
            ExtendedKeyUsage::new().critical().time_stamping().build()?,
        ],
        Purpose::Server { .. } => vec![
            leaf()?,
            KeyUsage::new().critical().digital_signature().build()?,
            ExtendedKeyUsage::new().server_auth().build()?,
        ],
        // `emailProtection` beside document signing, because verifiers that know only S/MIME ask for it.
        Purpose::Signing => vec![
            leaf()?,
            KeyUsage::new().critical().digital_signature().non_repudiation().build()?,
            ExtendedKeyUsage::new().other(DOCUMENT_SIGNING).email_protection().build()?,
        ],
    })
}

/// A positive random number of 16 bytes.
fn serial() -> Result<Asn1Integer> {
    let mut number = BigNum::new()?;
    number.rand(127, MsbOption::ONE, false)?;
    Ok(number.to_asn1_integer()?)
}
