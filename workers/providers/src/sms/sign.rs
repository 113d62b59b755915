//! Aliyun's request signature, third version: `ACS3-HMAC-SHA256`.
//!
//! Signed are the method, the path, the sorted query, every `x-acs-*` header and the digest of the body, so that
//! nothing of a request can be changed on its way. The rule is in Aliyun's "V3 request structure and signature".

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// The name that starts the string to sign and the `Authorization` header.
const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// What is signed of one request with an empty body.
pub(super) struct Unsigned<'a> {
    pub(super) host: &'a str,
    pub(super) action: &'a str,
    pub(super) version: &'a str,
    /// `2023-10-26T10:22:32Z`.
    pub(super) date: &'a str,
    /// Never used twice.
    pub(super) nonce: &'a str,
    /// Sorted and encoded, see [`canonical_query`].
    pub(super) query: &'a str,
}

/// The headers of the signed request, `authorization` last.
pub(super) fn headers(request: &Unsigned<'_>, key_id: &str, key_secret: &str) -> Vec<(&'static str, String)> {
    let body_digest = hex::encode(Sha256::digest(b""));
    // In alphabetical order, as the canonical form wants them.
    let mut headers = vec![
        ("host", request.host.to_owned()),
        ("x-acs-action", request.action.to_owned()),
        ("x-acs-content-sha256", body_digest.clone()),
        ("x-acs-date", request.date.to_owned()),
        ("x-acs-signature-nonce", request.nonce.to_owned()),
        ("x-acs-version", request.version.to_owned()),
    ];
    let mut canonical_headers = String::new();
    let mut signed_names = String::new();
    for (name, value) in &headers {
        canonical_headers.push_str(&format!("{name}:{value}\n"));
        if !signed_names.is_empty() {
            signed_names.push(';');
        }
        signed_names.push_str(name);
    }
    let canonical = format!("POST\n/\n{}\n{canonical_headers}\n{signed_names}\n{body_digest}", request.query);
    let to_sign = format!("{ALGORITHM}\n{}", hex::encode(Sha256::digest(canonical)));
    let signature = hex::encode(hmac_sha256(key_secret.as_bytes(), to_sign.as_bytes()));
    headers.push((
        "authorization",
        format!("{ALGORITHM} Credential={key_id},SignedHeaders={signed_names},Signature={signature}"),
    ));
    headers
}

/// `name=value` pairs in the order of their names, both encoded by RFC 3986.
pub(super) fn canonical_query(parameters: &[(&str, String)]) -> String {
    let mut pairs: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.sort_unstable();
    pairs.join("&")
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        }
        // HMAC takes keys of every length (RFC 2104), so there is no other arm to reach.
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example in Aliyun's documentation of this signature.
    #[test]
    fn the_vendors_example_gives_the_vendors_signature() {
        let query = canonical_query(&[
            ("RegionId", "cn-shanghai".into()),
            ("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd".into()),
        ]);
        let request = Unsigned {
            host: "ecs.cn-shanghai.aliyuncs.com",
            action: "RunInstances",
            version: "2014-05-26",
            date: "2023-10-26T10:22:32Z",
            nonce: "3156853299f313e23d1673dc12e1703d",
            query: &query,
        };
        let headers = headers(&request, "YourAccessKeyId", "YourAccessKeySecret");
        let authorization = headers.last().map(|(_, value)| value.as_str());
        assert_eq!(
            authorization,
            Some(
                "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;\
                 x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,\
                 Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
            )
        );
    }

    #[test]
    fn the_query_is_sorted_and_strictly_encoded() {
        let query = canonical_query(&[
            ("TemplateParam", r#"{"code":"1 2*3~4"}"#.into()),
            ("SignName", "示例签".into()),
        ]);
        assert_eq!(
            query,
            "SignName=%E7%A4%BA%E4%BE%8B%E7%AD%BE&TemplateParam=%7B%22code%22%3A%221%202%2A3~4%22%7D"
        );
    }
}
