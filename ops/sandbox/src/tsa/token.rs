//! Makes the answer to a timestamp query: a signed token, or a refusal with its reason.

use anyhow::{Context as _, Result};
use cms::{
    cert::{CertificateChoices, IssuerAndSerialNumber},
    content_info::{CmsVersion, ContentInfo},
    signed_data::{
        CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
    },
};
use der::{
    Any, Decode as _, Encode as _, EncodeValue as _, Tag,
    asn1::{BitString, GeneralizedTime, Int, OctetString, SetOfVec},
};
use openssl::{
    hash::{MessageDigest, hash},
    sha::sha256,
    sign::Signer,
};
use x509_cert::{Certificate, attr::Attribute, spki::AlgorithmIdentifierOwned};

use super::asn1::{
    Accuracy, ECDSA_WITH_SHA_1, ECDSA_WITH_SHA_256, EssCertIdV2, ID_CONTENT_TYPE, ID_CT_TST_INFO,
    ID_MESSAGE_DIGEST, ID_SANDBOX_POLICY, ID_SHA_1, ID_SHA_256, ID_SHA_384, ID_SHA_512, ID_SIGNED_DATA,
    ID_SIGNING_CERTIFICATE_V2, PkiStatusInfo, SigningCertificateV2, TimeStampReq, TimeStampResp, TstInfo,
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

/// How a token is signed.
#[derive(Debug, Clone, Copy)]
struct Form {
    is_sha1: bool,
    names_certificate: bool,
}

impl Form {
    fn of(fault: Option<&Fault>) -> Self {
        Self {
            is_sha1: fault == Some(&Fault::Sha1Signature),
            names_certificate: fault != Some(&Fault::UnnamedCertificate),
        }
    }

    fn digest(self) -> MessageDigest {
        if self.is_sha1 { MessageDigest::sha1() } else { MessageDigest::sha256() }
    }

    const fn digest_id(self) -> der::asn1::ObjectIdentifier {
        if self.is_sha1 { ID_SHA_1 } else { ID_SHA_256 }
    }
}

/// The response to a query, both in DER. Some faults make it a response to another query.
pub(super) fn answer(pki: &Pki, query: &[u8], fault: Option<&Fault>) -> Result<Vec<u8>> {
    let response = match check(query) {
        Ok(_) if let Some(Fault::NotGranted { status, failure }) = fault => refusal(*status, *failure)?,
        Ok(mut request) => TimeStampResp {
            status: PkiStatusInfo { status: 0, fail_info: None },
            time_stamp_token: {
                distort(&mut request, fault)?;
                Some(token(pki, request, fault)?)
            },
        },
        Err(failure) => refusal(2, Some(failure as u8))?,
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

/// `failure` is a bit of `PKIFailureInfo`.
fn refusal(status: u8, failure: Option<u8>) -> Result<TimeStampResp> {
    let fail_info = failure.map(|bit| {
        let mut bytes = vec![0_u8; usize::from(bit / 8) + 1];
        if let Some(last) = bytes.last_mut() {
            *last = 0x80 >> (bit % 8);
        }
        BitString::new(7 - bit % 8, bytes)
    });
    let fail_info = fail_info.transpose()?;
    Ok(TimeStampResp { status: PkiStatusInfo { status, fail_info }, time_stamp_token: None })
}

/// Now, as the authority's clock has it.
fn gen_time(fault: Option<&Fault>) -> Result<Any> {
    let ahead_s = if let Some(Fault::WrongClock { ahead_s }) = fault { *ahead_s } else { 0 };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let told_s = now.as_secs().checked_add_signed(ahead_s).context("no such time")?;
    let time = GeneralizedTime::from_unix_duration(std::time::Duration::from_secs(told_s))?;
    let mut text = Vec::new();
    time.encode_value(&mut text)?;
    if let Some(Fault::FractionalSeconds) = fault {
        text.pop();
        text.extend_from_slice(b".25Z");
    }
    Ok(Any::new(Tag::GeneralizedTime, text)?)
}

fn token(pki: &Pki, request: TimeStampReq, fault: Option<&Fault>) -> Result<ContentInfo> {
    let form = Form::of(fault);
    let content = TstInfo {
        version: 1,
        policy: ID_SANDBOX_POLICY,
        message_imprint: request.message_imprint,
        serial_number: serial()?,
        gen_time: gen_time(fault)?,
        accuracy: Accuracy { seconds: 1 },
        nonce: request.nonce,
    }
    .to_der()?;
    let certificate_der = pki.tsa.certificate.to_der()?;
    let certificate = Certificate::from_der(&certificate_der)?;
    let signer = signer_info(pki, &certificate, &certificate_der, &content, form)?;
    let certificates = if request.cert_req {
        let issuing = Certificate::from_der(&pki.issuing.certificate.to_der()?)?;
        let list = [certificate, issuing].map(CertificateChoices::Certificate);
        Some(CertificateSet::try_from(Vec::from(list))?)
    } else {
        None
    };
    let signed = SignedData {
        version: CmsVersion::V3,
        digest_algorithms: SetOfVec::try_from(vec![plain(form.digest_id())])?,
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
    form: Form,
) -> Result<SignerInfo> {
    let names_signer = SigningCertificateV2 {
        certs: vec![EssCertIdV2 { cert_hash: OctetString::new(sha256(certificate_der).as_slice())? }],
    };
    let content_digest = hash(form.digest(), content)?;
    let mut attributes = vec![
        attribute(ID_CONTENT_TYPE, &ID_CT_TST_INFO)?,
        attribute(ID_MESSAGE_DIGEST, &OctetString::new(&*content_digest)?)?,
    ];
    if form.names_certificate {
        attributes.push(attribute(ID_SIGNING_CERTIFICATE_V2, &names_signer)?);
    }
    let attributes = SetOfVec::try_from(attributes)?;
    let mut signer = Signer::new(form.digest(), &pki.tsa.key)?;
    let signature = signer.sign_oneshot_to_vec(&attributes.to_der()?)?;
    let tbs = certificate.tbs_certificate();
    Ok(SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: tbs.issuer().clone(),
            serial_number: tbs.serial_number().clone(),
        }),
        digest_alg: plain(form.digest_id()),
        signed_attrs: Some(attributes),
        signature_algorithm: plain(if form.is_sha1 { ECDSA_WITH_SHA_1 } else { ECDSA_WITH_SHA_256 }),
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
