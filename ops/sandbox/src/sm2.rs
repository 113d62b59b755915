//! SM2 with the signer's identity, which OpenSSL's calls leave out: a hash over it goes before the message
//! (GB/T 32918.2), and what OpenSSL makes of certificates and lists is signed again.

use anyhow::{Context as _, Result, ensure};
use der::{
    Any, Decode as _, Encode as _,
    asn1::{BitString, ObjectIdentifier},
};
use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcKey},
    hash::{Hasher, MessageDigest},
    nid::Nid,
    pkey::{HasPublic, PKey, PKeyRef, Private, Public},
    pkey_ctx::PkeyCtx,
};

/// SM2 with SM3 (GB/T 33560).
pub(crate) const SM2_WITH_SM3: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.501");
/// The identity of everybody (GB/T 35276).
const IDENTITY: &[u8] = b"1234567812345678";
/// An SM2 key's `SubjectPublicKeyInfo` up to the point's coordinates.
const KEY_HEAD: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x81,
    0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d, 0x03, 0x42, 0x00, 0x04,
];

pub(crate) fn new_key() -> Result<PKey<Private>> {
    let group = EcGroup::from_curve_name(Nid::SM2)?;
    let key = PKey::from_ec_key(EcKey::generate(&group)?)?;
    // Only a key that was read is taken for SM2's.
    Ok(PKey::private_key_from_pkcs8(&key.private_key_to_pkcs8()?)?)
}

pub(crate) fn is_key<T: HasPublic>(key: &PKeyRef<T>) -> bool {
    key.public_key_to_der().is_ok_and(|der| der.starts_with(&KEY_HEAD))
}

/// What is signed in the end: SM3 over the hash of identity, curve and key, and then the message.
fn digest<T: HasPublic>(key: &PKeyRef<T>, message: &[u8]) -> Result<Vec<u8>> {
    let der = key.public_key_to_der()?;
    let point = der.strip_prefix(&KEY_HEAD).context("the key is not on the SM2 curve")?;
    let group = EcGroup::from_curve_name(Nid::SM2)?;
    let mut context = BigNumContext::new()?;
    let (mut p, mut a, mut b) = (BigNum::new()?, BigNum::new()?, BigNum::new()?);
    group.components_gfp(&mut p, &mut a, &mut b, &mut context)?;
    let (mut x, mut y) = (BigNum::new()?, BigNum::new()?);
    let base = group.generator_opt().context("the curve has a base point")?;
    base.affine_coordinates_gfp(&group, &mut x, &mut y, &mut context)?;
    let mut signer = Hasher::new(MessageDigest::sm3())?;
    signer.update(&u16::try_from(8 * IDENTITY.len())?.to_be_bytes())?;
    signer.update(IDENTITY)?;
    for number in [&a, &b, &x, &y] {
        signer.update(&number.to_vec_padded(32)?)?;
    }
    signer.update(point)?;
    let signer = signer.finish()?;
    let mut whole = Hasher::new(MessageDigest::sm3())?;
    whole.update(&signer)?;
    whole.update(message)?;
    Ok(whole.finish()?.to_vec())
}

pub(crate) fn sign(key: &PKeyRef<Private>, message: &[u8]) -> Result<Vec<u8>> {
    let mut context = PkeyCtx::new(key)?;
    context.sign_init()?;
    let mut signature = Vec::new();
    context.sign_to_vec(&digest(key, message)?, &mut signature)?;
    Ok(signature)
}

fn verify(key: &PKeyRef<Public>, message: &[u8], signature: &[u8]) -> Result<bool> {
    let key = PKey::public_key_from_der(&key.public_key_to_der()?)?;
    let mut context = PkeyCtx::new(&key)?;
    context.verify_init()?;
    // What is no signature at all is an error to OpenSSL.
    Ok(context.verify(&digest(&key, message)?, signature).unwrap_or(false))
}

/// What is signed, how, and the signature: the three parts of certificates, requests and lists.
fn parts(der: &[u8]) -> Result<[Any; 3]> {
    Vec::<Any>::from_der(der)?.try_into().ok().context("it has not three parts")
}

/// Whether a certificate request (DER) is signed with its own key.
pub(crate) fn proves(request: &[u8], key: &PKeyRef<Public>) -> Result<bool> {
    let [what, _, signature] = parts(request)?;
    verify(key, &what.to_der()?, signature.decode_as::<BitString>()?.raw_bytes())
}

/// A certificate or list that OpenSSL signed with this key, signed again with the identity.
pub(crate) fn sign_again(der: &[u8], key: &PKeyRef<Private>) -> Result<Vec<u8>> {
    let [what, how, _] = parts(der)?;
    let algorithm = x509_cert::spki::AlgorithmIdentifierOwned::from_der(&how.to_der()?)?;
    ensure!(algorithm.oid == SM2_WITH_SM3, "OpenSSL signed with {}", algorithm.oid);
    let signature = BitString::from_bytes(&sign(key, &what.to_der()?)?)?;
    Ok(vec![what, how, Any::encode_from(&signature)?].to_der()?)
}
