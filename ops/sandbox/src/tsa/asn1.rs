//! The messages of RFC 3161, and the attribute of RFC 5035 that names the signer's certificate.

use cms::content_info::ContentInfo;
use der::{
    Any, Sequence,
    asn1::{BitString, Int, ObjectIdentifier, OctetString},
};
use x509_cert::{ext::Extensions, spki::AlgorithmIdentifierOwned};

pub(super) const ID_SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
pub(super) const ID_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
pub(super) const ID_SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
pub(super) const ID_SHA_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
pub(super) const ECDSA_WITH_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
pub(super) const ECDSA_WITH_SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.1");
pub(super) const ID_SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
pub(super) const ID_CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
pub(super) const ID_MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
pub(super) const ID_CT_TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
pub(super) const ID_SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
/// The example policy of OpenSSL's configuration file.
pub(super) const ID_SANDBOX_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.3.4.1");

#[derive(Clone, Debug, Sequence)]
pub(super) struct TimeStampReq {
    pub(super) version: u8,
    pub(super) message_imprint: MessageImprint,
    #[asn1(optional = "true")]
    pub(super) req_policy: Option<ObjectIdentifier>,
    #[asn1(optional = "true")]
    pub(super) nonce: Option<Int>,
    #[asn1(default = "Default::default")]
    pub(super) cert_req: bool,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) extensions: Option<Extensions>,
}

#[derive(Clone, Debug, Sequence)]
pub(super) struct MessageImprint {
    pub(super) hash_algorithm: AlgorithmIdentifierOwned,
    pub(super) hashed_message: OctetString,
}

#[derive(Clone, Debug, Sequence)]
pub(super) struct TimeStampResp {
    pub(super) status: PkiStatusInfo,
    #[asn1(optional = "true")]
    pub(super) time_stamp_token: Option<ContentInfo>,
}

#[derive(Clone, Debug, Sequence)]
pub(super) struct PkiStatusInfo {
    /// 0 granted, 2 rejected.
    pub(super) status: u8,
    #[asn1(optional = "true")]
    pub(super) fail_info: Option<BitString>,
}

#[derive(Clone, Debug, Sequence)]
pub(super) struct TstInfo {
    pub(super) version: u8,
    pub(super) policy: ObjectIdentifier,
    pub(super) message_imprint: MessageImprint,
    pub(super) serial_number: Int,
    /// With the tag of a GeneralizedTime.
    pub(super) gen_time: Any,
    pub(super) accuracy: Accuracy,
    #[asn1(optional = "true")]
    pub(super) nonce: Option<Int>,
}

#[derive(Clone, Debug, Sequence)]
pub(super) struct Accuracy {
    pub(super) seconds: u64,
}

/// `SigningCertificateV2`, with SHA-256 by default and without policies.
#[derive(Clone, Debug, Sequence)]
pub(super) struct SigningCertificateV2 {
    pub(super) certs: Vec<EssCertIdV2>,
}

#[derive(Clone, Debug, Sequence)]
pub(super) struct EssCertIdV2 {
    pub(super) cert_hash: OctetString,
}
