//! Figures, as a table for a person or as one JSON object a line.

use serde::Serialize;

/// What was measured, beside what it is compared with.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    /// What: `jobs/noop/postgres/c10`.
    pub(crate) name: String,
    /// Ours.
    pub(crate) value: f64,
    /// Of both values.
    pub(crate) unit: &'static str,
    /// Whom it is compared with; `wanted` is a figure that was set.
    pub(crate) peer: Option<&'static str>,
    /// Theirs.
    pub(crate) peer_value: Option<f64>,
    /// Ours by theirs.
    pub(crate) ratio: Option<f64>,
}

/// Collects the figures and prints them: JSON as they come, the table at the end.
#[derive(Debug)]
pub(crate) struct Report {
    json: bool,
    figures: Vec<Figure>,
}

impl Report {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, figures: Vec::new() }
    }

    /// A figure on its own.
    pub(crate) fn alone(&mut self, name: &str, value: f64, unit: &'static str) {
        self.push(Figure { name: name.to_owned(), value, unit, peer: None, peer_value: None, ratio: None });
    }

    /// A figure beside a peer's.
    pub(crate) fn beside(
        &mut self,
        name: &str,
        value: f64,
        unit: &'static str,
        peer: &'static str,
        peer_value: f64,
    ) {
        let ratio = (peer_value > 0.0).then_some(value / peer_value);
        let (peer, peer_value) = (Some(peer), Some(peer_value));
        self.push(Figure { name: name.to_owned(), value, unit, peer, peer_value, ratio });
    }

    fn push(&mut self, figure: Figure) {
        if self.json {
            let line = serde_json::to_string(&figure).unwrap_or_default();
            println!("{line}");
        } else {
            // So that who watches sees that it goes on.
            eprintln!("  {}", row(&figure));
        }
        self.figures.push(figure);
    }

    /// Prints the table.
    pub(crate) fn end(&self) {
        if self.json {
            return;
        }
        println!("| figure | ours | unit | peer | theirs | ratio |\n|---|---:|---|---|---:|---:|");
        for figure in &self.figures {
            println!("{}", row(figure));
        }
    }
}

fn row(figure: &Figure) -> String {
    let Figure { name, value, unit, peer, peer_value, ratio } = figure;
    let optional = |value: Option<String>| value.unwrap_or_default();
    format!(
        "| {name} | {} | {unit} | {} | {} | {} |",
        rounded(*value),
        peer.unwrap_or(""),
        optional(peer_value.map(rounded)),
        optional(ratio.map(|ratio| format!("{ratio:.2}"))),
    )
}

/// With three digits or more.
fn rounded(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// The middle one; zero of none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// The value that `share` of them do not exceed.
pub(crate) fn percentile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a length is a small positive number"
    )]
    let at = ((values.len() as f64 * share).ceil() as usize).saturating_sub(1);
    values.get(at).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_slowest_hundredth() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(percentile(hundred.clone(), 0.99), 99.0);
        assert_eq!(percentile(hundred, 0.5), 50.0);
    }
}
