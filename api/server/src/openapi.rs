//! The OpenAPI document: routes and types come from the handlers, refusals from each resource's list, examples from the
//! words themselves. What every route may answer is added here, so that no handler repeats it.

use serde_json::json;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self, ContentBuilder, RefOr, ResponseBuilder,
        example::ExampleBuilder,
        path::{Operation, ParameterIn},
        schema::Ref,
        security::{ApiKey, ApiKeyValue, SecurityScheme},
    },
};

use crate::{
    context::RequestId,
    problem::{self, Code, Language, Problem, Refusal},
    routes,
};

/// What a resource's operations refuse besides what every operation does: by operation id.
pub(crate) type Refusals = &'static [(&'static str, &'static [Code])];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sealflow",
        description = "Electronic signatures, driven by a workflow engine. Refusals are RFC 9457 problem details; clients \
                       decide by `code`. Titles and details are Chinese, or English with `Accept-Language: en`. Times are \
                       milliseconds since 1970-01-01 UTC.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(Problem)),
    modifiers(&Session),
    tags(
        (name = "session", description = "Signing in, by a code that is sent to the phone"),
        (name = "contracts", description = "Drafting, sending, following and fetching contracts"),
        (name = "signing", description = "What a recipient does: consent, read, fill, confirm, decline"),
        (name = "seals", description = "Making, granting and disabling an organization's seals; for its administrators"),
        (name = "ops", description = "Queues, jobs and instances; for people with the role ops"),
        (name = "callbacks", description = "For vendors"),
        (name = "health", description = "For whoever runs the process"),
    )
)]
pub(crate) struct Document;

/// How a person is recognized.
pub(crate) const SESSION: &str = "session";

struct Session;

impl Modify for Session {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
            crate::auth::COOKIE,
            "Set by `POST /api/login`. Unsafe requests must come from the platform's own pages.",
        )));
        let components = document.components.get_or_insert_default();
        components.security_schemes.insert(SESSION.to_owned(), RefOr::T(cookie));
    }
}

/// Adds to every operation what it may refuse.
pub(crate) fn finish(document: &mut openapi::OpenApi, refusals: &[Refusals]) {
    let listed: Vec<_> = refusals.iter().flat_map(|list| list.iter()).collect();
    for item in document.paths.paths.values_mut() {
        let safe = item.get.iter_mut();
        safe.for_each(|operation| add_refusals(operation, &listed, true));
        let unsafe_ones = [&mut item.post, &mut item.put, &mut item.delete].into_iter().flatten();
        unsafe_ones.for_each(|operation| add_refusals(operation, &listed, false));
    }
}

fn add_refusals(operation: &mut Operation, listed: &[&(&str, &'static [Code])], safe: bool) {
    let id = operation.operation_id.clone().unwrap_or_default();
    let own = listed.iter().find(|(name, _)| *name == id).map_or(&[][..], |(_, codes)| codes);
    let mut codes = own.to_vec();
    codes.push(Code::Internal);
    codes.push(Code::Unavailable);
    if operation.security.is_some() {
        codes.push(Code::NotSignedIn);
    }
    let parameters = operation.parameters.as_deref().unwrap_or_default();
    let has = |place: ParameterIn| {
        let is_there = |parameter: &RefOr<_>| matches!(parameter, RefOr::T(openapi::path::Parameter { parameter_in, .. }) if *parameter_in == place);
        parameters.iter().any(is_there)
    };
    if has(ParameterIn::Path) {
        codes.push(Code::NotFound);
    }
    if has(ParameterIn::Query) {
        codes.extend([Code::BadRequest, Code::InvalidFields]);
    }
    if operation.request_body.is_some() {
        codes.extend([Code::BadRequest, Code::PayloadTooLarge, Code::UnsupportedMediaType]);
        codes.push(Code::InvalidFields);
    }
    if !safe {
        codes.extend([Code::BadRequest, Code::CrossSite]);
    }
    codes.sort_unstable_by_key(|code| (code.status().as_u16(), code.as_str()));
    codes.dedup();
    for group in codes.chunk_by(|a, b| a.status() == b.status()) {
        let status = group.first().map_or_else(String::new, |code| code.status().as_u16().to_string());
        operation.responses.responses.insert(status, RefOr::T(refused(group)));
    }
}

/// One status with all codes that it may carry, each with its example.
fn refused(codes: &[Code]) -> openapi::Response {
    let names: Vec<String> = codes.iter().map(|code| format!("`{}`", code.as_str())).collect();
    let examples = codes.iter().map(|code| {
        let id = RequestId("019adf2c-6f00-7c3a-9d53-0c4de0a1b111".to_owned());
        let problem = problem::problem(&Refusal::from(*code), Language::Chinese, &id);
        let summary = code.en().title;
        (code.as_str(), ExampleBuilder::new().summary(summary).value(Some(json!(problem))).build())
    });
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .examples_from_iter(examples)
        .build();
    ResponseBuilder::new().description(names.join(", ")).content("application/problem+json", content).build()
}

/// The document that `/api/openapi.json` serves.
#[must_use]
pub fn openapi() -> openapi::OpenApi {
    routes::api().1
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    /// Every operation as (id, operation).
    fn operations(document: &Value) -> Vec<(String, Value)> {
        let paths = document["paths"].as_object().into_iter().flatten();
        let items = paths.flat_map(|(_, item)| item.as_object().into_iter().flatten());
        let operations = items.filter(|(_, operation)| operation["operationId"].is_string());
        operations
            .map(|(_, operation)| {
                (operation["operationId"].as_str().unwrap_or_default().to_owned(), operation.clone())
            })
            .collect()
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_a_tag_and_a_summary() {
        let document = serde_json::json!(super::openapi());
        assert_eq!(document["openapi"], "3.1.0");
        let operations = operations(&document);
        assert!(operations.len() > 30, "{}", operations.len());
        let names: BTreeSet<_> = operations.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(names.len(), operations.len());
        for (name, operation) in &operations {
            assert!(operation["tags"][0].is_string(), "{name} has no tag");
            assert!(operation["summary"].is_string(), "{name} has no summary");
        }
    }

    #[test]
    fn refusals_are_listed_for_operations_that_exist() {
        let document = serde_json::json!(super::openapi());
        let names: BTreeSet<_> = operations(&document).into_iter().map(|(name, _)| name).collect();
        for (name, _) in crate::routes::REFUSALS.iter().flat_map(|list| list.iter()) {
            assert!(names.contains(*name), "{name} is no operation");
        }
    }

    #[test]
    fn every_refusal_has_an_example_that_is_a_problem() {
        let document = serde_json::json!(super::openapi());
        for (name, operation) in operations(&document) {
            let responses = operation["responses"].as_object().into_iter().flatten();
            for (status, response) in responses.filter(|(status, _)| status.starts_with(['4', '5'])) {
                let examples = response["content"]["application/problem+json"]["examples"].as_object();
                assert!(examples.is_some_and(|examples| !examples.is_empty()), "{name} {status}");
                for example in examples.into_iter().flatten().map(|(_, example)| &example["value"]) {
                    assert_eq!(example["status"].to_string(), *status, "{name}");
                    assert!(example["title"].is_string() && example["detail"].is_string(), "{name}");
                }
            }
        }
    }
}
