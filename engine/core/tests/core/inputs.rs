//! Every shipped definition with an input that it starts from: that of one of its scenarios, where it has some.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sealflow_core::{Actor, Definition, EventKind, Library, canonical::hash, load_all, start};
use serde_json::{Value, json};

use crate::{drive::event, micro_deposit, supplier_purchase};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().map(|it| it.unwrap().path()).collect();
    files.sort();
    files
}

/// The sources: `<name>.yaml`, or `<name>/workflow.yaml`.
pub(crate) fn sources() -> Vec<(PathBuf, String)> {
    let inner = |path: PathBuf| if path.is_dir() { path.join("workflow.yaml") } else { path };
    let is_source = |path: &PathBuf| path.extension().is_some_and(|it| it == "yaml") && path.is_file();
    let paths = files(&folder()).into_iter().map(inner).filter(is_source);
    paths.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// Every shipped definition and its input.
pub(crate) fn shipped() -> Vec<(Definition, Value)> {
    let sources = sources();
    let files: Vec<(String, String)> =
        sources.iter().map(|(path, text)| (path.display().to_string(), text.clone())).collect();
    let loaded = load_all(&files, &Library::default());
    sources
        .iter()
        .zip(loaded)
        .map(|((path, _), loaded)| {
            let definition = loaded.unwrap_or_else(|faults| panic!("{}", faults[0])).definition;
            let input = input(&definition, path);
            (definition, input)
        })
        .collect()
}

fn input(definition: &Definition, path: &Path) -> Value {
    let mut inputs: Vec<Value> =
        files(&path.with_file_name("scenarios")).iter().filter_map(|path| of_scenario(path)).collect();
    inputs.extend([micro_deposit::input(), supplier_purchase::input(), nda()]);
    let first = event(0, 7, Actor::System, EventKind::Started);
    let starts =
        |input: &Value| start(definition, input.clone(), &first).is_ok_and(|(state, _)| !state.is_final());
    inputs.into_iter().find(starts).unwrap_or_else(|| panic!("no input starts {}", definition.name()))
}

fn nda() -> Value {
    let mut input = supplier_purchase::input();
    input["recipients"][0]["role"] = json!("discloser");
    input["recipients"][0]["kind"] = json!("organization");
    input["recipients"][1]["role"] = json!("receiver");
    input["recipients"][1]["kind"] = json!("person");
    input
}

fn of_scenario(path: &Path) -> Option<Value> {
    let mut scenario: Value = serde_saphyr::from_str(&fs::read_to_string(path).ok()?).ok()?;
    let mut input = scenario.get_mut("input")?.take();
    name_people(&mut input);
    Some(input)
}

/// `$clerk` stands for a person's id, `$after P60D` for a time that is far away.
fn name_people(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with("$after ") => *value = json!(4_102_444_800_000_i64),
        Value::String(text) if text.starts_with('$') => {
            let digits = hash(&json!(text));
            *text = format!("01900000-0000-7000-8000-{}", &digits[..12]);
        }
        Value::Array(values) => values.iter_mut().for_each(name_people),
        Value::Object(map) => map.values_mut().for_each(name_people),
        _ => {}
    }
}
