//! What objects are read as, and which are none.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

use super::*;

fn parse(text: &str) -> Result<Object, Error> {
    Parser::new(text.as_bytes(), 0).object()
}

#[test]
fn objects_are_read_as_written() {
    let object =
        parse("<</A 1/B -2.50/C(a\\)\\101\\(b)/D<48 4>/E[1 0 R 2 null true]/F#20G/H % note\n>>").unwrap();
    let dictionary = object.as_dictionary().unwrap();
    assert_eq!(dictionary.get("A"), Some(&Object::Integer(1)));
    assert_eq!(dictionary.get("B"), Some(&Object::Real("-2.50".into())));
    assert_eq!(dictionary.get("C"), Some(&Object::String(b"a)A(b".to_vec())));
    assert_eq!(dictionary.get("D"), Some(&Object::String(b"H@".to_vec())));
    let reference = Object::Reference(Reference { number: 1, generation: 0 });
    let items = vec![reference, Object::Integer(2), Object::Null, Object::Boolean(true)];
    assert_eq!(dictionary.get("E"), Some(&Object::Array(items)));
    assert_eq!(dictionary.get("F G"), Some(&Object::name("H")));
}

#[test]
fn holes_are_read_as_other_strings() {
    let zeros = "0".repeat(70);
    for (text, bytes) in [
        (format!("<{zeros}>"), vec![0; 35]),
        (format!("<3{zeros}>"), [vec![0x30], vec![0; 35]].concat()),
        (format!("<aB {zeros}\n0 0C>"), [vec![0xab], vec![0; 35], vec![0, 0xc0]].concat()),
    ] {
        assert_eq!(parse(&text).unwrap(), Object::String(bytes), "{text}");
    }
    assert!(parse(&format!("<{zeros}")).is_err());
    assert!(parse(&format!("<{zeros}g>")).is_err());
}

#[test]
fn broken_objects_are_errors() {
    for text in
        ["", "<<", "<</A", "<</A 1", "[1", "(a", "<4", "<4g>", "1.2.3", "--", "nul", ">>", "<</A>>", "R"]
    {
        assert!(parse(text).is_err(), "{text:?} was read");
    }
}

#[test]
fn values_are_limited() {
    let text = "1 ".repeat(VALUES_MAX / 2);
    assert!(parse(&format!("[{text}]")).is_ok());
    for many in [format!("[{text}{text}]"), format!("[[{text}][{text}]]")] {
        let error = parse(&many).unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
    }
}

#[test]
fn nesting_is_limited() {
    assert!(parse(&format!("{}{}", "[".repeat(DEPTH_MAX), "]".repeat(DEPTH_MAX))).is_ok());
    for opening in ["[", "<</A"] {
        let error = parse(&opening.repeat(1_000_000)).unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
    }
}
