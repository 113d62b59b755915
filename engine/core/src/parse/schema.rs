//! The JSON Schema of the language: what the form of a source is checked against, and what editors use.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};

use crate::model::{ContractType, Workflow};

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().for_deserialize().into_generator()
}

/// The schema of one type; maps take no other keys than those they name.
pub(crate) fn of<T: JsonSchema>() -> Value {
    let mut schema = generator().into_root_schema_for::<T>().to_value();
    close(&mut schema);
    schema
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.values_mut().for_each(close);
            if map.get("properties").is_some_and(Value::is_object)
                && map.get("type").and_then(Value::as_str) == Some("object")
            {
                map.entry("additionalProperties").or_insert(Value::Bool(false));
            }
        }
        Value::Array(values) => values.iter_mut().for_each(close),
        _ => {}
    }
}

/// The JSON Schema of the YAML, for editors.
#[must_use]
pub fn schema() -> Value {
    let mut generator = generator();
    let workflow = generator.subschema_for::<Workflow>().to_value();
    let contract_type = generator.subschema_for::<ContractType>().to_value();
    let mut definitions = Value::Object(generator.take_definitions(true).into_iter().collect());
    close(&mut definitions);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sealflow definition",
        "anyOf": [contract_type, workflow],
        "$defs": definitions,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

    use std::{
        fs,
        path::{Path, PathBuf},
    };

    use super::schema;
    use crate::parse::{shape, tree};

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows")
    }

    /// `<name>.yaml`, or `<name>/workflow.yaml`.
    fn sources() -> Vec<PathBuf> {
        let paths = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
        let inner = |path: PathBuf| if path.is_dir() { path.join("workflow.yaml") } else { path };
        let is_source = |path: &PathBuf| path.extension().is_some_and(|it| it == "yaml") && path.is_file();
        paths.map(inner).filter(is_source).collect()
    }

    fn faults(source: &str) -> Vec<String> {
        let faults = shape::check(&schema(), &tree::read(source).unwrap());
        faults.into_iter().map(|fault| fault.message).collect()
    }

    /// With `SEALFLOW_GOLDEN=record` (which `cargo xtask golden` sets) it is written.
    #[test]
    fn the_published_schema_is_that_of_the_code() {
        let path = folder().join("definition.schema.json");
        let text = format!("{:#}\n", schema());
        if std::env::var("SEALFLOW_GOLDEN").is_ok_and(|word| word == "record") {
            fs::write(&path, &text).unwrap();
        }
        let published = fs::read_to_string(&path).unwrap_or_default();
        assert!(published == text, "workflows/definition.schema.json is stale: run `cargo xtask golden`");
    }

    #[test]
    fn the_schema_accepts_every_shipped_source_and_refuses_a_wrong_one() {
        let sources = sources();
        assert!(sources.len() >= 3, "{sources:?}");
        for path in sources {
            let source = fs::read_to_string(&path).unwrap();
            assert_eq!(faults(&source), Vec::<String>::new(), "{}", path.display());
            let wrong = source.replacen("version:", "verzion:", 1);
            assert_ne!(faults(&wrong), Vec::<String>::new(), "{}", path.display());
        }
    }

    /// Editors find the schema by the first line.
    #[test]
    fn every_shipped_source_names_its_schema() {
        for path in sources() {
            let source = fs::read_to_string(&path).unwrap();
            let first = source.lines().next().unwrap_or_default();
            let named =
                first.strip_prefix("# yaml-language-server: $schema=").map(|name| path.with_file_name(name));
            assert!(
                named.is_some_and(|named| named.canonicalize().ok()
                    == folder().join("definition.schema.json").canonicalize().ok()),
                "{}: the first line must be `# yaml-language-server: $schema=…definition.schema.json`",
                path.display()
            );
        }
    }
}
