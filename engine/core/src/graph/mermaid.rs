//! Mermaid's state diagram: read by many editors and pages.

use std::fmt::Write as _;

use super::{Kind, Node, edges, heading, nodes};
use crate::{Definition, state::StatePath};

/// The definition as a Mermaid state diagram.
#[must_use]
pub fn mermaid(def: &Definition) -> String {
    let workflow = def.workflow();
    let mut text = format!("---\ntitle: \"{}\"\n---\nstateDiagram-v2\n", plain(&heading(def)));
    write_inside(&mut text, &nodes(workflow), &workflow.initial, 1);
    for edge in edges(workflow) {
        let label =
            edge.labels.iter().filter(|label| !label.is_empty()).cloned().collect::<Vec<_>>().join(" / ");
        let from = if edge.from.0.is_empty() { "[*]".to_owned() } else { id(&edge.from) };
        let colon = if label.is_empty() { String::new() } else { format!(" : {}", plain(&label)) };
        // Writing into a text cannot fail.
        let _ = writeln!(text, "    {from} --> {}{colon}", id(&edge.to));
    }
    text
}

fn write_inside(text: &mut String, nodes: &[Node], initial: &str, depth: usize) {
    let indent = "    ".repeat(depth);
    for node in nodes {
        let name = node.path.0.last().map(String::as_str).unwrap_or_default();
        let caption =
            node.caption.as_ref().map(|caption| format!("<br>{}", plain(caption))).unwrap_or_default();
        let id = id(&node.path);
        let _ = if node.inner.is_empty() {
            writeln!(text, "{indent}state \"{name}{caption}\" as {id}")
        } else {
            writeln!(text, "{indent}state \"{name}{caption}\" as {id} {{")
        };
        if !node.inner.is_empty() {
            write_inside(text, &node.inner, node.initial.as_deref().unwrap_or_default(), depth + 1);
            let _ = writeln!(text, "{indent}}}");
        }
        if name == initial {
            let _ = writeln!(text, "{indent}[*] --> {id}");
        }
        if node.kind == Kind::Final {
            let _ = writeln!(text, "{indent}{id} --> [*]");
        }
    }
}

/// Letters, digits and `_` only; never a word of Mermaid's own.
fn id(path: &StatePath) -> String {
    format!("s_{}", path.0.join("__"))
}

/// Without the characters that end a label: Mermaid reads `#…;` as a character's number.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        match c {
            '"' | '#' | ';' | ':' | '<' | '>' | '{' | '}' => {
                let _ = write!(plain, "#{};", c as u32);
            }
            c => plain.push(c),
        }
    }
    plain
}
