//! Addresses of keys in tokens (RFC 7512): `pkcs11:token=…;object=…?module-path=…&pin-source=file:…`.

use std::path::PathBuf;

/// Longest address.
const BYTES_MAX: usize = 4_096;

/// The address of a key. What is not said does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyUri {
    /// The token's label.
    pub token: Option<String>,
    /// The token's serial number.
    pub serial: Option<String>,
    /// Who made the token.
    pub manufacturer: Option<String>,
    /// The token's model.
    pub model: Option<String>,
    /// The slot's number.
    pub slot_id: Option<u64>,
    /// The key's label.
    pub object: Option<String>,
    /// The key's id.
    pub id: Option<Vec<u8>>,
    /// The library that speaks to the token.
    pub module_path: Option<PathBuf>,
    /// A file whose first line is the PIN.
    pub pin_file: Option<PathBuf>,
}

/// Why an address cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// It is something else.
    #[error("a key's address begins with pkcs11: and has at most {BYTES_MAX} characters")]
    Scheme,
    /// An attribute that is not known, stands twice, or has no value of its kind.
    #[error("the key's address: {0}")]
    Attribute(String),
    /// Command lines and settings are read by others.
    #[error(
        "the PIN does not belong into the key's address: put it into a file that only you can read, and name it by pin-source=file:…"
    )]
    PinValue,
}

impl std::str::FromStr for KeyUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest =
            text.strip_prefix("pkcs11:").filter(|_| text.len() <= BYTES_MAX).ok_or(UriError::Scheme)?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut uri = Self::default();
        for attribute in path.split(';').filter(|attribute| !attribute.is_empty()) {
            uri.path_attribute(attribute)?;
        }
        for attribute in query.split('&').filter(|attribute| !attribute.is_empty()) {
            uri.query_attribute(attribute)?;
        }
        Ok(uri)
    }
}

impl KeyUri {
    fn path_attribute(&mut self, attribute: &str) -> Result<(), UriError> {
        let (name, value) = split(attribute)?;
        match name {
            "token" => once(name, &mut self.token, text(name, value)?),
            "serial" => once(name, &mut self.serial, text(name, value)?),
            "manufacturer" => once(name, &mut self.manufacturer, text(name, value)?),
            "model" => once(name, &mut self.model, text(name, value)?),
            "object" => once(name, &mut self.object, text(name, value)?),
            "id" => once(name, &mut self.id, bytes(name, value)?),
            "slot-id" => {
                let number = text(name, value)?.parse().map_err(|_| wrong(name, "is no number"))?;
                once(name, &mut self.slot_id, number)
            }
            // Only private keys sign; certificates are found beside them.
            "type" if value == "private" => Ok(()),
            "type" => Err(wrong(name, "is not private")),
            _ => Err(wrong(name, "is not known")),
        }
    }

    fn query_attribute(&mut self, attribute: &str) -> Result<(), UriError> {
        let (name, value) = split(attribute)?;
        match name {
            "module-path" => once(name, &mut self.module_path, text(name, value)?.into()),
            "pin-source" => {
                let source = text(name, value)?;
                let path = source.strip_prefix("file:").unwrap_or(&source);
                // `file:///path` and `file:/path` are the same.
                let path = path.strip_prefix("//").unwrap_or(path);
                if path.starts_with('|') || !path.starts_with('/') {
                    return Err(wrong(name, "is no file with its whole path"));
                }
                once(name, &mut self.pin_file, path.into())
            }
            "pin-value" => Err(UriError::PinValue),
            _ => Err(wrong(name, "is not known")),
        }
    }
}

fn wrong(name: &str, what: &str) -> UriError {
    let name: String = name.chars().take(40).collect();
    UriError::Attribute(format!("{name} {what}"))
}

fn split(attribute: &str) -> Result<(&str, &str), UriError> {
    attribute.split_once('=').ok_or_else(|| wrong(attribute, "has no value"))
}

fn once<T>(name: &str, place: &mut Option<T>, value: T) -> Result<(), UriError> {
    if place.replace(value).is_some() { Err(wrong(name, "stands twice")) } else { Ok(()) }
}

fn bytes(name: &str, value: &str) -> Result<Vec<u8>, UriError> {
    let mut found = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            found.push(*first);
            continue;
        }
        let decoded = after.get(..2).and_then(|digits| hex::decode(digits).ok());
        let Some([byte]) = decoded.as_deref() else { return Err(wrong(name, "has a broken percent sign")) };
        found.push(*byte);
        rest = after.get(2..).unwrap_or_default();
    }
    Ok(found)
}

fn text(name: &str, value: &str) -> Result<String, UriError> {
    String::from_utf8(bytes(name, value)?).map_err(|_| wrong(name, "is no text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read() {
        let read: Result<KeyUri, _> =
            "pkcs11:token=%E5%8D%B0%E7%AB%A0;object=seal%20key;id=%01%ff;type=private\
                                       ?module-path=/usr/lib/p11.so&pin-source=file:/run/pin"
                .parse();
        let expected = KeyUri {
            token: Some("印章".into()),
            object: Some("seal key".into()),
            id: Some(vec![1, 255]),
            module_path: Some("/usr/lib/p11.so".into()),
            pin_file: Some("/run/pin".into()),
            ..KeyUri::default()
        };
        assert_eq!(read, Ok(expected));
        assert_eq!("pkcs11:slot-id=7".parse(), Ok(KeyUri { slot_id: Some(7), ..KeyUri::default() }));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (text, words) in [
            ("http://token", "begins with pkcs11:"),
            ("pkcs11:token", "has no value"),
            ("pkcs11:token=a;token=b", "stands twice"),
            ("pkcs11:token=%zz", "percent"),
            ("pkcs11:token=%ff", "is no text"),
            ("pkcs11:slot-id=one", "is no number"),
            ("pkcs11:type=cert", "is not private"),
            ("pkcs11:colour=red", "is not known"),
            ("pkcs11:token=a?pin-source=|cat", "no file"),
            ("pkcs11:token=a?pin-source=pin", "no file"),
            ("pkcs11:token=a?pin-value=1234", "does not belong"),
        ] {
            let error = text.parse::<KeyUri>().map_err(|error| error.to_string());
            assert!(error.as_ref().is_err_and(|said| said.contains(words)), "{text}: {error:?}");
            assert!(!error.is_err_and(|said| said.contains("1234")), "the PIN is told");
        }
    }
}
