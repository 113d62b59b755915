//! Why: every input has a limit, and all of this crate's limits are read in one place.

/// Largest file that is opened, in bytes.
pub const FILE_BYTES_MAX: usize = 100 * 1024 * 1024;
/// Most pages of a file.
pub const PAGES_MAX: usize = 5_000;
/// Most objects that a file's cross-reference may name.
pub const OBJECTS_MAX: usize = 2_000_000;
/// Object numbers that an upload must leave for the fields and signatures of its contract.
pub const NUMBERS_LEFT_MIN: usize = 100_000;
/// Deepest nesting of arrays, dictionaries, page tree nodes and form fields.
pub const DEPTH_MAX: usize = 64;
/// Most values (numbers, names, strings, …) of one object, those of arrays and dictionaries within it included.
pub const VALUES_MAX: usize = 1_000_000;
/// An object is read again whenever it is asked for; together they may be this many times as long as the file …
pub const PARSED_FILES_MAX: usize = 32;
/// … and this many bytes, for small files.
pub const PARSED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most values of parsed objects that are kept while the revisions of a file are compared; what is more is parsed again.
pub const KEPT_VALUES_MAX: usize = 1_000_000;
/// Longest full name of a form field that is read, in bytes.
pub const READ_NAME_BYTES_MAX: usize = 4_096;
/// Most revisions (cross-reference sections) of a file.
pub const REVISIONS_MAX: usize = 2_000;
/// Most form fields that are looked at.
pub const FORM_FIELDS_MAX: usize = 20_000;
/// Most values of a form that are drawn when it asks viewers to draw them.
pub const VALUES_DRAWN_MAX: usize = 500;
/// Most fields that one preparation creates: ten signers with a cross-page seal each on 500 pages.
pub const FIELDS_MAX: usize = 8_000;
/// Most signatures that are validated in one file: each is compared with the whole file.
pub const SIGNATURES_MAX: usize = 100;
/// Most bytes that one stream may unpack to.
pub const STREAM_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most bytes that all streams which were opened in one file may unpack to.
pub const UNPACKED_BYTES_MAX: usize = 192 * 1024 * 1024;
/// Longest field name, in bytes.
pub const FIELD_NAME_BYTES_MAX: usize = 128;
/// Longest signer name, reason or location, in characters.
pub const TEXT_CHARS_MAX: usize = 256;
/// Most points of all strokes of one drawn signature.
pub const STROKE_POINTS_MAX: usize = 20_000;
/// Largest SVG of a seal, in bytes.
pub const SVG_BYTES_MAX: usize = 1024 * 1024;
/// Largest picture file that is opened, in bytes.
pub const PICTURE_BYTES_MAX: usize = 30 * 1024 * 1024;
/// Most pixels of a picture: a phone's largest photo.
pub const PICTURE_PIXELS_MAX: u64 = 50_000_000;
/// Widest and highest picture, in pixels.
pub const PICTURE_SIDE_MAX: u32 = 20_000;
/// Most bytes that a picture's pixels may take in memory.
pub const PICTURE_UNPACKED_BYTES_MAX: u64 = 160 * 1024 * 1024;
/// Most pictures that become the pages of one file.
pub const PICTURES_MAX: usize = 100;
/// Smallest room for a signature, in bytes of DER.
pub const HOLE_BYTES_MIN: usize = 2 * 1024;
/// A signature without its certificates and timestamp takes at most so much, in bytes of DER: RSA-4096 and its attributes.
pub const SIGNATURE_BYTES_MAX: usize = 1024;
/// A timestamp with its authority's certificates takes at most so much, in bytes of DER.
pub const TIMESTAMP_BYTES_MAX: usize = 12 * 1024;
/// Room for a signature with its chain and a timestamp, in bytes of DER.
pub const HOLE_BYTES_DEFAULT: usize = 16 * 1024;
/// Largest room for a signature, in bytes of DER.
pub const HOLE_BYTES_MAX: usize = 512 * 1024;
/// Most certificates, OCSP responses or revocation lists in a file's security store.
pub const VALIDATION_ITEMS_MAX: usize = 500;
/// Most certificates of one file whose issuers are asked about them.
pub const WANTED_MAX: usize = 64;
/// Most certificates of a chain.
pub const CHAIN_CERTIFICATES_MAX: usize = 12;
/// Shortest RSA key of a signer, an authority or a timestamp, in bits.
pub const RSA_BITS_MIN: u32 = 2_048;
/// Smallest curve of such a key, in bits.
pub const CURVE_BITS_MIN: u32 = 256;
