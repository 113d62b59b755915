//! What is wrong with a definition, and where, said so that its author can mend it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One fault of a definition's source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Diagnostic {
    /// The name that the caller gave to the source.
    pub file: String,
    /// From 1.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
    /// What is wrong.
    pub message: String,
    /// What may mend it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

/// “did you mean `x`?” when one of the known names is near, else the list of them when it is short.
pub(crate) fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    let near = known.iter().map(|other| (distance(name, other), *other)).min();
    match near {
        Some((distance, other)) if distance <= 1 + name.chars().count() / 4 => {
            Some(format!("did you mean `{other}`?"))
        }
        Some(_) if known.len() <= 12 => Some(format!("known here: {}", known.join(", "))),
        _ => None,
    }
}

/// Levenshtein distance, for short names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let above = *cell;
            left = (diagonal + usize::from(x != *y)).min(above + 1).min(left + 1);
            diagonal = above;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{did_you_mean, distance};

    #[test]
    fn finds_the_near_name() {
        assert_eq!(distance("entering", "entring"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(
            did_you_mean("entring", ["paying", "entering"]).as_deref(),
            Some("did you mean `entering`?")
        );
        assert_eq!(
            did_you_mean("zzz", ["paying", "entering"]).as_deref(),
            Some("known here: paying, entering")
        );
    }
}
