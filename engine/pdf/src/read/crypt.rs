//! Why: many contracts are "protected": encrypted, though everybody may read them, since the user password is empty. Their
//! strings and streams are opened here when they are read, and closed again when a revision is written.
//!
//! Key derivation and ciphers are lopdf's, on a document that holds nothing but the encryption dictionary. A signature's
//! `/Contents` is never encrypted (ISO 32000-2, 7.6.2).

use std::borrow::Cow;

use lopdf::{
    Document, Object as Foreign, Stream, StringFormat,
    encryption::{self, EncryptionState},
};

use super::{
    Error,
    object::{Dictionary, Object, Reference},
};

/// Where the encryption dictionary stands in the document that lopdf gets.
const ENCRYPT: lopdf::ObjectId = (1, 0);

/// The key of an encrypted file.
#[derive(Debug)]
pub(crate) struct Crypt {
    state: EncryptionState,
    /// The encryption dictionary's own object, which is in the clear.
    own: Option<Reference>,
    /// What the key was made with: the encryption dictionary, and the file's first name.
    made_with: (Dictionary, Vec<u8>),
}

impl PartialEq for Crypt {
    /// The same objects are opened in the same way.
    fn eq(&self, other: &Self) -> bool {
        (self.own, &self.made_with) == (other.own, &other.made_with)
    }
}

#[derive(Clone, Copy)]
enum Way {
    Open,
    Close,
}

impl Crypt {
    /// Takes the empty user password.
    pub(super) fn open(encrypt: &Dictionary, own: Option<Reference>, id: &[u8]) -> Result<Self, Error> {
        let mut document = Document::new();
        document.objects.insert(ENCRYPT, Foreign::Dictionary(foreign_dictionary(encrypt)));
        document.trailer.set("Encrypt", Foreign::Reference(ENCRYPT));
        let made_with = (encrypt.clone(), id.to_vec());
        let id = Foreign::String(id.to_vec(), StringFormat::Hexadecimal);
        document.trailer.set("ID", Foreign::Array(vec![id.clone(), id]));
        match EncryptionState::decode(&document, "") {
            Ok(state) => Ok(Self { state, own, made_with }),
            Err(_) => Err(Error::Encrypted),
        }
    }

    /// Whether this object is the encryption dictionary, which a revision must not touch.
    pub(crate) fn is_own(&self, reference: Reference) -> bool {
        self.own == Some(reference)
    }

    /// Opens the strings of an object as it was read from the file.
    pub(super) fn open_strings(&self, reference: Reference, object: &mut Object) -> Result<(), Error> {
        let is_xref = object.as_dictionary().is_some_and(|dictionary| dictionary.is("Type", "XRef"));
        if is_xref || self.own == Some(reference) {
            return Ok(());
        }
        self.strings(reference, object, Way::Open)
    }

    /// Opens a stream's packed bytes.
    pub(super) fn open_stream(
        &self,
        reference: Reference,
        dictionary: &Dictionary,
        data: &[u8],
    ) -> Result<Vec<u8>, Error> {
        self.stream(reference, dictionary, data, Way::Open)
    }

    /// Closes the strings of an object that is to be written.
    pub(crate) fn close_strings(&self, reference: Reference, object: &mut Object) -> Result<(), Error> {
        self.strings(reference, object, Way::Close)
    }

    /// Closes a stream that is to be written.
    pub(crate) fn close_stream(
        &self,
        reference: Reference,
        dictionary: &Dictionary,
        data: &[u8],
    ) -> Result<Vec<u8>, Error> {
        self.stream(reference, dictionary, data, Way::Close)
    }

    /// Nesting is limited by the parser.
    fn strings(&self, reference: Reference, object: &mut Object, way: Way) -> Result<(), Error> {
        match object {
            Object::String(bytes) => {
                let mut foreign = Foreign::String(std::mem::take(bytes), StringFormat::Hexadecimal);
                self.transform(reference, &mut foreign, way)?;
                if let Foreign::String(changed, _) = foreign {
                    *bytes = changed;
                }
                Ok(())
            }
            Object::Array(items) => items.iter_mut().try_for_each(|item| self.strings(reference, item, way)),
            Object::Dictionary(dictionary) => {
                let is_signature = dictionary.is("Type", "Sig")
                    || dictionary.is("Type", "DocTimeStamp")
                    || (dictionary.get("ByteRange").is_some() && dictionary.get("Contents").is_some());
                dictionary
                    .iter_mut()
                    .filter(|(key, _)| !(is_signature && *key == b"Contents"))
                    .try_for_each(|(_, value)| self.strings(reference, value, way))
            }
            _ => Ok(()),
        }
    }

    fn stream(
        &self,
        reference: Reference,
        dictionary: &Dictionary,
        data: &[u8],
        way: Way,
    ) -> Result<Vec<u8>, Error> {
        // What decides on the cipher; the dictionary's strings are not to be opened twice.
        let mut deciding = lopdf::Dictionary::new();
        for key in ["Type", "Filter", "DecodeParms"] {
            if let Some(value) = dictionary.get(key) {
                deciding.set(key, foreign(value));
            }
        }
        let mut foreign = Foreign::Stream(Stream::new(deciding, data.to_vec()));
        self.transform(reference, &mut foreign, way)?;
        match foreign {
            Foreign::Stream(stream) => Ok(stream.content),
            _ => Ok(Vec::new()),
        }
    }

    fn transform(&self, reference: Reference, object: &mut Foreign, way: Way) -> Result<(), Error> {
        let id = (reference.number, reference.generation);
        let result = match way {
            Way::Open => encryption::decrypt_object(&self.state, id, object),
            Way::Close => encryption::encrypt_object(&self.state, id, object),
        };
        result.map_err(|source| Error::Damaged {
            what: format!("object {} cannot be decrypted: {source}", reference.number),
        })
    }
}

/// The packed bytes in the clear.
pub(super) fn open_stream<'a>(
    crypt: Option<&Crypt>,
    reference: Reference,
    dictionary: &Dictionary,
    data: &'a [u8],
) -> Result<Cow<'a, [u8]>, Error> {
    match crypt {
        Some(crypt) => crypt.open_stream(reference, dictionary, data).map(Cow::Owned),
        None => Ok(Cow::Borrowed(data)),
    }
}

fn foreign_dictionary(dictionary: &Dictionary) -> lopdf::Dictionary {
    dictionary.iter().map(|(key, value)| (key.to_vec(), foreign(value))).collect()
}

fn foreign(object: &Object) -> Foreign {
    match object {
        Object::Null => Foreign::Null,
        Object::Boolean(value) => Foreign::Boolean(*value),
        Object::Integer(value) => Foreign::Integer(*value),
        Object::Real(text) => Foreign::Real(text.parse().unwrap_or_default()),
        Object::Name(name) => Foreign::Name(name.to_vec()),
        Object::String(bytes) => Foreign::String(bytes.clone(), StringFormat::Hexadecimal),
        Object::Array(items) => Foreign::Array(items.iter().map(foreign).collect()),
        Object::Dictionary(dictionary) => Foreign::Dictionary(foreign_dictionary(dictionary)),
        Object::Reference(reference) => Foreign::Reference((reference.number, reference.generation)),
    }
}
