//! Many definitions at once, in whatever order they come: what is used is loaded before what uses it.

use std::collections::BTreeSet;

use super::{
    Loaded, Source,
    tree::{Content, Node, Position},
};
use crate::{
    diagnostic::Diagnostic,
    library::{self, Library, Name},
};

/// Reads definitions that may use one another and those of the library. `files` are names and sources; the results are
/// in their order.
#[must_use]
pub fn load_all(files: &[(String, String)], library: &Library) -> Vec<Result<Loaded, Vec<Diagnostic>>> {
    let sources: Vec<Result<Source<'_>, Vec<Diagnostic>>> =
        files.iter().map(|(name, text)| Source::read(text, name)).collect();
    let node = |index: usize| sources.get(index).and_then(|source| source.as_ref().ok()).map(|it| &it.node);
    let names: Vec<Option<Name>> = (0..files.len()).map(|index| name(node(index)?)).collect();
    let uses: Vec<Vec<(Name, Position)>> = (0..files.len())
        .map(|index| {
            let mut uses = Vec::new();
            if let Some(node) = node(index) {
                collect(node, &mut uses);
            }
            uses
        })
        .collect();
    let used: Vec<BTreeSet<Name>> =
        uses.iter().map(|uses| uses.iter().map(|(name, _)| name.clone()).collect()).collect();
    let (order, circles) = library::order(&names, &used);

    let mut library = library.clone();
    let mut results: Vec<Option<Result<Loaded, Vec<Diagnostic>>>> = files.iter().map(|_| None).collect();
    let place_of = |index: usize, used: &Name| {
        let place = uses.get(index).and_then(|uses| uses.iter().find(|(name, _)| name == used));
        place.map_or(Position { line: 1, column: 1 }, |(_, position)| *position)
    };
    for index in order {
        let Some(Ok(source)) = sources.get(index) else { continue };
        let faulty = |used: &&Name| {
            let files = names.iter().zip(&results);
            files
                .into_iter()
                .any(|(name, result)| name.as_ref() == Some(*used) && matches!(result, Some(Err(_))))
        };
        let twin = names
            .iter()
            .take(index)
            .position(|name| name.is_some() && names.get(index) == Some(name))
            .and_then(|twin| files.get(twin));
        let result = if let Some((name, version)) = used.get(index).and_then(|used| used.iter().find(faulty))
        {
            let message = format!("`{name}` version {version} has faults of its own");
            Err(vec![source.fault(place_of(index, &(name.clone(), *version)), message, None)])
        } else if let Some((twin, _)) = twin {
            let message = format!("the same name and version are in `{twin}`");
            Err(vec![source.fault(head(&source.node), message, Some("raise the version".to_owned()))])
        } else {
            source.load(&library)
        };
        if let Ok(loaded) = &result {
            library.insert(loaded.definition.clone());
        }
        if let Some(slot) = results.get_mut(index) {
            *slot = Some(result);
        }
    }
    for (index, used) in circles {
        let Some(Ok(source)) = sources.get(index) else { continue };
        let message = format!(
            "`{}` version {} uses, by way of others, this definition or one that does",
            used.0, used.1
        );
        let help = Some("definitions cannot use one another in a circle".to_owned());
        if let Some(slot) = results.get_mut(index) {
            *slot = Some(Err(vec![source.fault(place_of(index, &used), message, help)]));
        }
    }
    let unread = sources.into_iter().map(Result::err);
    results
        .into_iter()
        .zip(unread)
        .map(|(result, unread)| result.unwrap_or_else(|| Err(unread.unwrap_or_default())))
        .collect()
}

fn name(node: &Node) -> Option<Name> {
    let head = node.get("workflow").or_else(|| node.get("contract_type"))?;
    named(&head.value, "name")
}

fn head(node: &Node) -> Position {
    let head = node.get("workflow").or_else(|| node.get("contract_type"));
    head.map_or(node.position, |entry| entry.key_position)
}

fn named(node: &Node, key: &str) -> Option<Name> {
    let name = match &node.get(key)?.value.content {
        Content::Scalar(value) => value.as_str()?.to_owned(),
        Content::List(_) | Content::Map(_) => return None,
    };
    let version = match &node.get("version")?.value.content {
        Content::Scalar(value) => u32::try_from(value.as_u64()?).ok()?,
        Content::List(_) | Content::Map(_) => return None,
    };
    Some((name, version))
}

/// Every `use` with its place.
fn collect(node: &Node, uses: &mut Vec<(Name, Position)>) {
    match &node.content {
        Content::Scalar(_) => {}
        Content::List(nodes) => nodes.iter().for_each(|node| collect(node, uses)),
        Content::Map(entries) => {
            for entry in entries {
                if let Some(name) = named(&entry.value, "workflow").filter(|_| entry.key == "use") {
                    uses.push((name, entry.key_position));
                }
                collect(&entry.value, uses);
            }
        }
    }
}
