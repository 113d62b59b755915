//! Why: SM2 signs a hash that begins with the signer's identity and key (GB/T 32918.2), which OpenSSL's calls leave out unless
//! they are told by pointers; so the hash is made here, and OpenSSL only does the curve.

use der::{
    AnyRef, Decode as _, Encode as _, Sequence,
    asn1::{BitStringRef, ObjectIdentifier},
};
use openssl::{
    ec::{EcGroup, EcKey},
    error::ErrorStack,
    hash::{Hasher, MessageDigest},
    nid::Nid,
    pkey::{HasPublic, Id, PKey, PKeyRef, Private, Public},
    pkey_ctx::PkeyCtx,
};
use x509_cert::spki::SubjectPublicKeyInfoRef;

/// SM2 with SM3 (GB/T 33560), as signatures name it.
pub const SM2_WITH_SM3: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.501");

/// The identity that everybody uses (GB/T 35276).
const IDENTITY: &[u8; 16] = b"1234567812345678";
/// sm2p256v1.
const CURVE_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301");
/// a, b and the base point of the curve (GB/T 32918.5).
const CURVE: [[u8; 32]; 4] = [
    [
        0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc,
    ],
    [
        0x28, 0xe9, 0xfa, 0x9e, 0x9d, 0x9f, 0x5e, 0x34, 0x4d, 0x5a, 0x9e, 0x4b, 0xcf, 0x65, 0x09, 0xa7, 0xf3,
        0x97, 0x89, 0xf5, 0x15, 0xab, 0x8f, 0x92, 0xdd, 0xbc, 0xbd, 0x41, 0x4d, 0x94, 0x0e, 0x93,
    ],
    [
        0x32, 0xc4, 0xae, 0x2c, 0x1f, 0x19, 0x81, 0x19, 0x5f, 0x99, 0x04, 0x46, 0x6a, 0x39, 0xc9, 0x94, 0x8f,
        0xe3, 0x0b, 0xbf, 0xf2, 0x66, 0x0b, 0xe1, 0x71, 0x5a, 0x45, 0x89, 0x33, 0x4c, 0x74, 0xc7,
    ],
    [
        0xbc, 0x37, 0x36, 0xa2, 0xf4, 0xf6, 0x77, 0x9c, 0x59, 0xbd, 0xce, 0xe3, 0x6b, 0x69, 0x21, 0x53, 0xd0,
        0xa9, 0x87, 0x7c, 0xc6, 0x2a, 0x47, 0x40, 0x02, 0xdf, 0x32, 0xe5, 0x21, 0x39, 0xf0, 0xa0,
    ],
];

/// The key is on the SM2 curve. Such a key's kind is a curve's, SM2 or nothing that is known, depending on how it was made; only
/// for the last its DER is asked, since OpenSSL takes as long for that as for a signature.
#[must_use]
pub fn is_key<T: HasPublic>(key: &PKeyRef<T>) -> bool {
    match key.id() {
        Id::RSA => return false,
        Id::SM2 => return true,
        Id::EC => return key.ec_key().is_ok_and(|key| key.group().curve_name() == Some(Nid::SM2)),
        _ => {}
    }
    let curve = |der: &[u8]| {
        let found = SubjectPublicKeyInfoRef::from_der(der).ok()?.algorithm.parameters?;
        found.decode_as::<ObjectIdentifier>().ok()
    };
    key.public_key_to_der().is_ok_and(|der| curve(&der) == Some(CURVE_NAME))
}

/// Draws a key.
///
/// # Errors
/// When OpenSSL fails.
pub fn generate() -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::SM2)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

/// SM3 over identity, curve, public key, and then the message.
fn digest<T: HasPublic>(key: &PKeyRef<T>, message: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    // An uncompressed point is the end of the key's DER.
    let der = key.public_key_to_der()?;
    let point = der.len().checked_sub(65).and_then(|at| der.get(at..)).unwrap_or_default();
    let Some((4, point)) = point.split_first() else {
        return Err(ErrorStack::get());
    };
    let mut of_signer = Hasher::new(MessageDigest::sm3())?;
    of_signer.update(&[0, 128])?;
    of_signer.update(IDENTITY)?;
    for part in &CURVE {
        of_signer.update(part)?;
    }
    of_signer.update(point)?;
    let of_signer = of_signer.finish()?;
    let mut whole = Hasher::new(MessageDigest::sm3())?;
    whole.update(&of_signer)?;
    whole.update(message)?;
    Ok(whole.finish()?.to_vec())
}

/// Checks a signature over a message. OpenSSL's word on what is wrong is not kept: it is wrong.
#[must_use]
pub fn verify(key: &PKeyRef<Public>, message: &[u8], signature: &[u8]) -> bool {
    let check = || {
        // Only a key that was read from DER is taken for SM2's by OpenSSL, not one that was made as a curve's.
        let key = PKey::public_key_from_der(&key.public_key_to_der()?)?;
        let digest = digest(&key, message)?;
        let mut context = PkeyCtx::new(&key)?;
        context.verify_init()?;
        context.verify(&digest, signature)
    };
    check().unwrap_or(false)
}

/// Something that somebody signed: certificate, request, revocation list.
#[derive(Sequence)]
struct Signed<'a> {
    what: AnyRef<'a>,
    _algorithm: AnyRef<'a>,
    signature: BitStringRef<'a>,
}

/// Whether a certificate, a certificate request or a revocation list (DER) has this key's signature. Whatever name the
/// algorithm goes by, an SM2 key signs in one way only.
#[must_use]
pub fn is_signed_by(der: &[u8], key: &PKeyRef<Public>) -> bool {
    Signed::from_der(der).is_ok_and(|signed| {
        signed.what.to_der().is_ok_and(|what| verify(key, &what, signed.signature.raw_bytes()))
    })
}

/// Signs a message.
///
/// # Errors
/// When OpenSSL refuses the key.
pub fn sign(key: &PKeyRef<Private>, message: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let key = PKey::private_key_from_pkcs8(&key.private_key_to_pkcs8()?)?;
    let digest = digest(&key, message)?;
    let mut context = PkeyCtx::new(&key)?;
    context.sign_init()?;
    let mut signature = Vec::new();
    context.sign_to_vec(&digest, &mut signature)?;
    Ok(signature)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]
    use super::*;

    #[test]
    fn a_signature_is_of_one_key_and_one_message() {
        let make = || generate().unwrap();
        let public =
            |key: &PKey<Private>| PKey::public_key_from_der(&key.public_key_to_der().unwrap()).unwrap();
        let (key, other) = (make(), make());
        assert!(is_key(&key) && is_key(&public(&key)));
        let signature = sign(&key, "示例".as_bytes()).unwrap();
        assert!(verify(&public(&key), "示例".as_bytes(), &signature));
        assert!(!verify(&public(&key), "示范".as_bytes(), &signature));
        assert!(!verify(&public(&other), "示例".as_bytes(), &signature));
    }
}
