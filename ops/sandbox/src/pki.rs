//! The sandbox's certification authority: a root, an issuing authority under it, and what they sign. It has a second
//! pair for SM2, as Chinese authorities do: keys and signatures under an SM2 root are SM2's alone.
//!
//! The keys are kept in the state folder, so that contracts signed yesterday verify today.

mod issue;

use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use openssl::{
    ec::{EcGroup, EcKey},
    nid::Nid,
    pkey::{PKey, PKeyRef, Private, Public},
    x509::{X509, X509Name, X509NameBuilder, X509Req},
};
use serde::{Deserialize, Serialize};

use self::issue::{Purpose, Signer, issue};
use crate::{sm2, sources::Sources};

/// A key with its certificate.
pub(crate) struct Identity {
    pub(crate) key: PKey<Private>,
    pub(crate) certificate: X509,
}

/// Roots, issuing authorities, and the timestamp authority's certificate.
pub(crate) struct Pki {
    pub(crate) root: Identity,
    pub(crate) issuing: Identity,
    pub(crate) sm2_root: Identity,
    pub(crate) sm2_issuing: Identity,
    pub(crate) tsa: Identity,
    /// The root's certificate in PEM, for those who are to trust it.
    pub(crate) root_file: PathBuf,
    /// The SM2 root's.
    pub(crate) sm2_root_file: PathBuf,
    /// Where the authority publishes, without a slash at the end.
    published_at: String,
}

/// Who issues certificates here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Issuer {
    Root,
    #[default]
    Issuing,
    Sm2Root,
    Sm2Issuing,
}

impl Issuer {
    pub(crate) const ALL: [Self; 4] = [Self::Root, Self::Issuing, Self::Sm2Root, Self::Sm2Issuing];

    /// As in addresses.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Issuing => "issuing",
            Self::Sm2Root => "sm2_root",
            Self::Sm2Issuing => "sm2_issuing",
        }
    }

    /// Roots certify authorities, these certify people.
    pub(crate) const fn certifies_authorities(self) -> bool {
        matches!(self, Self::Root | Self::Sm2Root)
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|issuer| issuer.name() == name)
    }
}

impl Pki {
    /// Reads the keys of the folder, or makes them. Certificates that name another address than `published_at` are issued
    /// anew, with the same keys and names.
    pub(crate) fn open(folder: &Path, published_at: &str) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        let root = Identity::root(folder, "root", "示例沙箱根 CA", new_key)?;
        let sm2_root = Identity::root(folder, "sm2_root", "示例沙箱国密根 CA", sm2::new_key)?;
        let of = |issuer| Sources::of(published_at, issuer);
        let by_root = Signer::Issuer(&root, of(Issuer::Root));
        let issuing = Identity::current(folder, "issuing", "示例沙箱签发 CA", &Purpose::Issuing, &by_root)?;
        let by_issuing = Signer::Issuer(&issuing, of(Issuer::Issuing));
        let tsa = Identity::current(folder, "tsa", "示例沙箱时间戳", &Purpose::Timestamping, &by_issuing)?;
        let by_sm2_root = Signer::Issuer(&sm2_root, of(Issuer::Sm2Root));
        let name = "示例沙箱国密签发 CA";
        let sm2_issuing = Identity::current(folder, "sm2_issuing", name, &Purpose::Issuing, &by_sm2_root)?;
        let published_at = published_at.to_owned();
        let [root_file, sm2_root_file] = ["root.pem", "sm2_root.pem"].map(|name| folder.join(name));
        Ok(Self { root, issuing, sm2_root, sm2_issuing, tsa, root_file, sm2_root_file, published_at })
    }

    pub(crate) const fn issuer(&self, issuer: Issuer) -> &Identity {
        match issuer {
            Issuer::Root => &self.root,
            Issuer::Issuing => &self.issuing,
            Issuer::Sm2Root => &self.sm2_root,
            Issuer::Sm2Issuing => &self.sm2_issuing,
        }
    }

    /// An issuer's addresses.
    pub(crate) fn sources(&self, issuer: Issuer) -> Sources {
        Sources::of(&self.published_at, issuer)
    }

    /// The authority's own certificate that this one issued and answers for.
    pub(crate) fn issued_by(&self, issuer: Issuer) -> Option<&X509> {
        let own = match issuer {
            Issuer::Root => &self.issuing,
            Issuer::Issuing => &self.tsa,
            Issuer::Sm2Root => &self.sm2_issuing,
            Issuer::Sm2Issuing => return None,
        };
        Some(&own.certificate)
    }

    /// A certificate for the TLS servers of this run, with its key.
    pub(crate) fn server(&self) -> Result<Identity> {
        let key = new_key()?;
        let purpose = Purpose::Server { names: &["localhost"], addresses: &["127.0.0.1", "::1"] };
        let (name, public) = (name("示例沙箱服务器")?, public(&key)?);
        let signer = Signer::Issuer(&self.root, self.sources(Issuer::Root));
        let certificate = issue(&name, &public, &purpose, 365, &signer)?;
        Ok(Identity { key, certificate })
    }

    /// Certifies a signer's request for `days`; answers also who did.
    ///
    /// # Errors
    /// When the request does not prove its key, has another kind of key than P-256, SM2 or RSA from 2048 bits, or names nobody.
    pub(crate) fn sign_request(&self, request: &X509Req, days: u32) -> Result<(X509, Issuer)> {
        let key = request.public_key().context("the request has no usable key")?;
        let is_sm2 = sm2::is_key(&key);
        let proven = if is_sm2 { sm2::proves(&request.to_der()?, &key)? } else { request.verify(&key)? };
        if !proven {
            bail!("the request is not signed with its own key");
        }
        let on_p256 = key.ec_key().is_ok_and(|key| key.group().curve_name() == Some(Nid::X9_62_PRIME256V1));
        let long_rsa = key.rsa().is_ok_and(|key| key.size() >= 256);
        if !is_sm2 && !on_p256 && !long_rsa {
            bail!("the key is neither on P-256 nor SM2 nor RSA from 2048 bits");
        }
        let subject = request.subject_name();
        if subject.entries_by_nid(Nid::COMMONNAME).next().is_none() {
            bail!("the request names nobody");
        }
        let issuer = if is_sm2 { Issuer::Sm2Issuing } else { Issuer::Issuing };
        let signer = Signer::Issuer(self.issuer(issuer), self.sources(issuer));
        Ok((issue(subject, &key, &Purpose::Signing, i64::from(days), &signer)?, issuer))
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
            (None, Signer::Issuer(issuer, _)) if sm2::is_key(&issuer.key) => {
                Self::keep(folder, file, sm2::new_key()?, common_name, purpose, signer)
            }
            (None, _) => Self::keep(folder, file, new_key()?, common_name, purpose, signer),
        }
    }

    /// The root of the folder; made when there is none.
    fn root(
        folder: &Path,
        file: &str,
        common_name: &str,
        new_key: impl Fn() -> Result<PKey<Private>>,
    ) -> Result<Self> {
        if let Some(known) = Self::read(folder, file)? {
            return Ok(known);
        }
        let key = new_key()?;
        let copy = key.clone();
        Self::keep(folder, file, key, common_name, &Purpose::Root, &Signer::Itself(&copy))
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
