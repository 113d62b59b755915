//! Makes the answer to a timestamp query: a signed token, or a refusal with its reason.

use anyhow::Result;
use cms::{
    cert::{CertificateChoices, IssuerAndSerialNumber},
    content_info::{CmsVersion, ContentInfo},
    signed_data::{
        CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
    },
};
use der::{
    Any, Decode as _, Encode as _,
    asn1::{BitString, GeneralizedTime, Int, OctetString, SetOfVec},
};
use openssl::{hash::MessageDigest, sha::sha256, sign::Signer};
use x509_cert::{Certificate, attr::Attribute, spki::AlgorithmIdentifierOwned};

use super::asn1::{
    Accuracy, ECDSA_WITH_SHA_256, EssCertIdV2, ID_CONTENT_TYPE, ID_CT_TST_INFO, ID_MESSAGE_DIGEST,
    ID_SANDBOX_POLICY, ID_SHA_256, ID_SHA_384, ID_SHA_512, ID_SIGNED_DATA, ID_SIGNING_CERTIFICATE_V2,
    PkiStatusInfo, SigningCertificateV2, TimeStampReq, TimeStampResp, TstInfo,
};
use crate::{faults::Fault, pki::Pki};

/// Why a query is refused: bits of `PKIFailureInfo`.
#[derive(Debug, Clone, Copy)]
enum Failure {
    BadAlgorithm = 0,
    BadRequest = 2,
    BadDataFormat = 5,
    UnacceptedPolicy = 15,
    UnacceptedExtension = 16,
}

/// The response to a query, both in DER. Some faults make it a response to another query.
pub(super) fn answer(pki: &Pki, query: &[u8], fault: Option<&Fault>) -> Result<Vec<u8>> {
    let response = match check(query) {
        Ok(mut request) => TimeStampResp {
            status: PkiStatusInfo { status: 0, fail_info: None },
            time_stamp_token: {
                distort(&mut request, fault)?;
                Some(token(pki, request)?)
            },
        },
        Err(failure) => refusal(failure)?,
    };
    Ok(response.to_der()?)
}

fn distort(request: &mut TimeStampReq, fault: Option<&Fault>) -> Result<()> {
    match fault {
        Some(Fault::WrongNonce) => request.nonce = Some(serial()?),
        Some(Fault::WrongImprint) => {
            let other = sha256(request.message_imprint.hashed_message.as_bytes());
            request.message_imprint.hash_algorithm = plain(ID_SHA_256);
            request.message_imprint.hashed_message = OctetString::new(other.as_slice())?;
        }
        _ => {}
    }
    Ok(())
}

fn check(query: &[u8]) -> Result<TimeStampReq, Failure> {
    let request = TimeStampReq::from_der(query).map_err(|_| Failure::BadDataFormat)?;
    let imprint = &request.message_imprint;
    let length = match imprint.hash_algorithm.oid {
        ID_SHA_256 => 32,
        ID_SHA_384 => 48,
        ID_SHA_512 => 64,
        _ => return Err(Failure::BadAlgorithm),
    };
    if request.version != 1 || imprint.hashed_message.as_bytes().len() != length {
        return Err(Failure::BadRequest);
    }
    if request.req_policy.is_some_and(|policy| policy != ID_SANDBOX_POLICY) {
        return Err(Failure::UnacceptedPolicy);
    }
    if request.extensions.is_some() {
        return Err(Failure::UnacceptedExtension);
    }
    Ok(request)
}

fn refusal(failure: Failure) -> Result<TimeStampResp> {
    let bit = failure as usize;
    let mut bytes = vec![0_u8; bit / 8 + 1];
    if let Some(last) = bytes.last_mut() {
        *last = 0x80 >> (bit % 8);
    }
    let unused_bits = 7 - (bit % 8) as u8;
    let fail_info = Some(BitString::new(unused_bits, bytes)?);
    Ok(TimeStampResp { status: PkiStatusInfo { status: 2, fail_info }, time_stamp_token: None })
}

fn token(pki: &Pki, request: TimeStampReq) -> Result<ContentInfo> {
    let content = TstInfo {
        version: 1,
        policy: ID_SANDBOX_POLICY,
        message_imprint: request.message_imprint,
        serial_number: serial()?,
        gen_time: GeneralizedTime::from_unix_duration(
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?,
        )?,
        accuracy: Accuracy { seconds: 1 },
        nonce: request.nonce,
    }
    .to_der()?;
    let certificate_der = pki.tsa.certificate.to_der()?;
    let certificate = Certificate::from_der(&certificate_der)?;
    let signer = signer_info(pki, &certificate, &certificate_der, &content)?;
    let certificates = if request.cert_req {
        let issuing = Certificate::from_der(&pki.issuing.certificate.to_der()?)?;
        let list = [certificate, issuing].map(CertificateChoices::Certificate);
        Some(CertificateSet::try_from(Vec::from(list))?)
    } else {
        None
    };
    let signed = SignedData {
        version: CmsVersion::V3,
        digest_algorithms: SetOfVec::try_from(vec![plain(ID_SHA_256)])?,
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: ID_CT_TST_INFO,
            econtent: Some(Any::encode_from(&OctetString::new(content)?)?),
        },
        certificates,
        crls: None,
        signer_infos: SignerInfos::try_from(vec![signer])?,
    };
    Ok(ContentInfo { content_type: ID_SIGNED_DATA, content: Any::encode_from(&signed)? })
}

fn signer_info(
    pki: &Pki,
    certificate: &Certificate,
    certificate_der: &[u8],
    content: &[u8],
) -> Result<SignerInfo> {
    let names_signer = SigningCertificateV2 {
        certs: vec![EssCertIdV2 { cert_hash: OctetString::new(sha256(certificate_der).as_slice())? }],
    };
    let attributes = SetOfVec::try_from(vec![
        attribute(ID_CONTENT_TYPE, &ID_CT_TST_INFO)?,
        attribute(ID_MESSAGE_DIGEST, &OctetString::new(sha256(content).as_slice())?)?,
        attribute(ID_SIGNING_CERTIFICATE_V2, &names_signer)?,
    ])?;
    let mut signer = Signer::new(MessageDigest::sha256(), &pki.tsa.key)?;
    let signature = signer.sign_oneshot_to_vec(&attributes.to_der()?)?;
    let tbs = certificate.tbs_certificate();
    Ok(SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: tbs.issuer().clone(),
            serial_number: tbs.serial_number().clone(),
        }),
        digest_alg: plain(ID_SHA_256),
        signed_attrs: Some(attributes),
        signature_algorithm: plain(ECDSA_WITH_SHA_256),
        signature: OctetString::new(signature)?,
        unsigned_attrs: None,
    })
}

fn attribute(
    oid: der::asn1::ObjectIdentifier,
    value: &(impl der::Tagged + der::EncodeValue),
) -> Result<Attribute> {
    let values = SetOfVec::try_from(vec![Any::encode_from(value)?])?;
    Ok(Attribute { oid, values })
}

fn plain(oid: der::asn1::ObjectIdentifier) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid, parameters: None }
}

/// A positive random number of 16 bytes.
fn serial() -> Result<Int> {
    let mut bytes = [0; 16];
    openssl::rand::rand_bytes(&mut bytes)?;
    if let Some(first) = bytes.first_mut() {
        *first = (*first & 0x3f) | 0x40;
    }
    Ok(Int::new(&bytes)?)
}
