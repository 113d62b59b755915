//! Just enough of Rust's grammar: what is code and what is comment, where functions begin and end, what is test code.

use std::ops::Range;

/// A source file taken apart. `code` and `comments` have the same bytes' positions as the source, with everything else
/// blanked; lines stay where they are.
#[derive(Debug)]
pub(super) struct Source {
    /// Without comments and without the insides of strings.
    pub(super) code: String,
    /// Only the comments.
    pub(super) comments: String,
}

/// A function with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    /// Its lines, from 1.
    pub(super) lines: Range<usize>,
    /// How many of its parameters are `bool`.
    pub(super) flags: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Code,
    Comment,
    Text,
}

impl Source {
    pub(super) fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut parts = vec![Part::Code; bytes.len()];
        let mut at = 0;
        while at < bytes.len() {
            let (part, end) = token(bytes, at);
            if let Some(parts) = parts.get_mut(at..end) {
                parts.fill(part);
            }
            at = end;
        }
        let keep = |wanted: Part| -> String {
            let kept = bytes.iter().zip(&parts).map(|(&byte, &part)| {
                if byte == b'\n' || (part == wanted && byte.is_ascii()) { char::from(byte) } else { ' ' }
            });
            kept.collect()
        };
        Self { code: keep(Part::Code), comments: keep(Part::Comment) }
    }

    /// Every function with a body, inner ones too.
    pub(super) fn functions(&self) -> Vec<Function> {
        let bytes = self.code.as_bytes();
        let starts = self.code.match_indices("fn ").map(|(at, _)| at);
        starts
            .filter(|&at| at == 0 || !bytes.get(at - 1).is_some_and(|&byte| is_name(byte)))
            .filter_map(|at| {
                let name: String = self.code[at + 3..].chars().take_while(|&c| is_name(c as u8)).collect();
                let open = body(bytes, at)?;
                let close = closing(bytes, open)?;
                let lines = line_of(bytes, at)..line_of(bytes, close) + 1;
                let flags = self.code[at..open].split([',', '(']).filter(|part| is_flag(part)).count();
                (!name.is_empty()).then_some(Function { name, lines, flags })
            })
            .collect()
    }

    /// The lines of modules under `#[cfg(test)]`.
    pub(super) fn test_lines(&self) -> Vec<Range<usize>> {
        let bytes = self.code.as_bytes();
        let marks = self.code.match_indices("#[cfg(test)]").map(|(at, _)| at);
        marks
            .filter_map(|at| {
                let open = body(bytes, at + "#[cfg(test)]".len())?;
                Some(line_of(bytes, at)..line_of(bytes, closing(bytes, open)?) + 1)
            })
            .collect()
    }

    /// The inside of every attribute that begins with `start` (such as `allow(`), with its line.
    pub(super) fn attributes<'a>(&'a self, start: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
        let bytes = self.code.as_bytes();
        self.code.match_indices('#').filter_map(move |(at, _)| {
            let rest = self.code[at + 1..].trim_start_matches('!').strip_prefix('[')?;
            let inside = self.code.len() - rest.len();
            let close = closing(bytes, inside - 1)?;
            rest.starts_with(start).then(|| (line_of(bytes, at), &self.code[inside..close]))
        })
    }
}

/// The kind and the end of what begins at `at`.
fn token(bytes: &[u8], at: usize) -> (Part, usize) {
    let rest = &bytes[at..];
    let before_is_name = at > 0 && is_name(bytes[at - 1]);
    if rest.starts_with(b"//") {
        return (Part::Comment, at + find(rest, b"\n").unwrap_or(rest.len()));
    }
    if rest.starts_with(b"/*") {
        return (Part::Comment, at + block_comment(rest));
    }
    if !before_is_name && let Some(length) = raw_string(rest) {
        return (Part::Text, at + length);
    }
    match rest.first() {
        Some(b'"') => (Part::Text, at + quoted(rest, b'"')),
        // A character, unless it is a lifetime: 'a with no quote after it.
        Some(b'\'') if is_char(rest) => (Part::Text, at + quoted(rest, b'\'')),
        _ => (Part::Code, at + 1),
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn block_comment(bytes: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of `r"…"`, `r#"…"#`, `br"…"` and their like.
fn raw_string(bytes: &[u8]) -> Option<usize> {
    let prefix = bytes.iter().take_while(|byte| matches!(byte, b'b' | b'c')).count();
    let rest = bytes.get(prefix..)?.strip_prefix(b"r")?;
    let hashes = rest.iter().take_while(|&&byte| byte == b'#').count();
    let text = rest.get(hashes..)?.strip_prefix(b"\"")?;
    let end = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
    let length = find(text, &end).map_or(text.len(), |found| found + end.len());
    Some(prefix + 1 + hashes + 1 + length)
}

fn quoted(bytes: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            _ if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn is_char(bytes: &[u8]) -> bool {
    match bytes.get(1) {
        Some(b'\\') => true,
        // One character of up to four bytes, then the closing quote.
        Some(_) => (2..=5).any(|at| {
            bytes.get(at) == Some(&b'\'')
                && bytes.get(1..at).is_some_and(|c| str::from_utf8(c).is_ok_and(one_char))
        }),
        None => false,
    }
}

fn one_char(text: &str) -> bool {
    text.chars().count() == 1
}

fn is_name(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

fn is_flag(parameter: &str) -> bool {
    let mut sides = parameter.splitn(2, ':');
    sides.next().is_some_and(|name| name.trim().bytes().all(is_name))
        && sides.next().is_some_and(|of| of.trim_end().trim_end_matches(')').trim() == "bool")
}

/// Where the braces open that belong to the item at `at`; `None` when a `;` ends it first.
fn body(bytes: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (offset, byte) in bytes.get(at..)?.iter().enumerate() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b';' if depth == 0 => return None,
            b'{' if depth == 0 => return Some(at + offset),
            _ => {}
        }
    }
    None
}

/// Where the bracket at `open` is closed.
fn closing(bytes: &[u8], open: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (offset, byte) in bytes.get(open..)?.iter().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(open + offset);
        }
    }
    None
}

fn line_of(bytes: &[u8], at: usize) -> usize {
    bytes.iter().take(at).filter(|&&byte| byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_comments_are_no_code() {
        let text = "let a = \"{ // no\"; // yes {\nlet b = r#\"} \" }\"#; /* { /* in */ } */ let c = '{'; let d: &'a str;";
        let source = Source::new(text);
        assert!(!source.code.contains(['{', '}']), "{}", source.code);
        assert!(source.code.contains("let d: &'a str;"));
        assert!(source.comments.contains("// yes {") && !source.comments.contains("// no"));
        assert_eq!(source.code.lines().count(), 2);
    }

    #[test]
    fn escaped_quotes_do_not_end_a_string() {
        let source = Source::new(r#"f("\" {", '\'', b"\\"); g()"#);
        assert!(!source.code.contains('{') && source.code.ends_with("); g()"), "{}", source.code);
    }

    #[test]
    fn functions_end_at_their_brace() {
        let text = "trait T {\n    fn none(&self) -> [u8; 4];\n    fn some(a: bool, b: &bool, c: bool) {\n        {}\n    }\n}\nfn last() {}";
        let found = Source::new(text).functions();
        let names: Vec<_> = found.iter().map(|f| (f.name.as_str(), f.lines.clone(), f.flags)).collect();
        assert_eq!(names, [("some", 3..6, 2), ("last", 7..8, 0)]);
    }

    #[test]
    fn a_lifetime_is_not_the_start_of_a_character() {
        let found =
            Source::new("fn f<'a>(x: &'a str, y: &'static str) { g('é', '\\u{1F600}', '甲') }\nfn h() {}")
                .functions();
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn test_modules_are_known() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n#[cfg(test)]\nmod outside;\n";
        assert_eq!(Source::new(text).test_lines().first(), Some(&(2..6)));
        assert_eq!(Source::new(text).test_lines().len(), 1);
    }

    #[test]
    fn attributes_show_their_inside() {
        let text = "#![allow(a)]\n#[allow(\n    b,\n    reason = \"x\"\n)]\nfn f() {}\n#[derive(Debug)]";
        let source = Source::new(text);
        let found: Vec<_> =
            source.attributes("allow(").map(|(line, inside)| (line, inside.contains("reason"))).collect();
        assert_eq!(found, [(1, false), (2, true)]);
    }
}
