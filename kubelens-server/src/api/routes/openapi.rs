//! The description of the API, made from the handlers.

use std::sync::LazyLock;

use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, header};
use serde_json::{Value, json};
use utoipa::OpenApi;

use crate::access::table::{ROUTES, Who};
use crate::api::error::{ApiError, Code, ErrorBody};
use crate::api::router::description;

/// What is said of all routes together.
#[derive(Debug, OpenApi)]
#[openapi(
    info(title = "KubeLens", description = "Says what is broken in a Kubernetes cluster, why, with the proof, and what to do"),
    components(schemas(ErrorBody)),
    tags(
        (name = "system", description = "How the server is"),
        (name = "access", description = "Who may do what, and what was done"),
        (name = "inventory", description = "What is in the cluster"),
        (name = "insight", description = "What is broken"),
        (name = "actions", description = "What changes the cluster"),
        (name = "streams", description = "What happens, as it happens")
    )
)]
pub struct Doc;

/// The description, with the error that every route may answer.
fn finished(document: &utoipa::openapi::OpenApi) -> Value {
    let mut value = serde_json::to_value(document).unwrap_or_default();
    let error = json!({
        "description": "An error",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}},
    });
    let paths = value
        .get_mut("paths")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten();
    for (pattern, path) in paths {
        for (method, operation) in path.as_object_mut().into_iter().flatten() {
            tell_rule(pattern, method, operation);
            if let Some(responses) = operation
                .get_mut("responses")
                .and_then(Value::as_object_mut)
            {
                responses.insert("default".to_owned(), error.clone());
            }
        }
    }
    // Who reads a trail takes no field that they do not know; clients do.
    let entry = value.pointer_mut("/components/schemas/AuditEntry");
    if let Some(entry) = entry.and_then(Value::as_object_mut) {
        entry.remove("additionalProperties");
    }
    value
}

/// Tells who may use a route, and whether the write gate stands before it.
fn tell_rule(pattern: &str, method: &str, operation: &mut Value) {
    let rule = ROUTES.iter().find(|rule| {
        rule.method.eq_ignore_ascii_case(method) && is_same_pattern(rule.pattern, pattern)
    });
    let (Some(rule), Some(fields)) = (rule, operation.as_object_mut()) else {
        return;
    };
    let needed = match rule.who {
        Who::Public => "public",
        Who::Role(least) => least.word(),
        Who::Scraper => "viewer or scrape token",
    };
    fields.insert("x-kubelens-role".to_owned(), json!(needed));
    fields.insert("x-kubelens-write-gate".to_owned(), json!(rule.is_gated()));
}

/// Whether two patterns are the same but for the names of their variables; one has the base path.
fn is_same_pattern(rule: &str, pattern: &str) -> bool {
    let parts = |text: &str| -> Vec<String> {
        let names = text
            .split('/')
            .map(|part| if part.starts_with('{') { "{}" } else { part });
        names.map(str::to_owned).collect()
    };
    pattern
        .strip_prefix("/api")
        .is_some_and(|pattern| parts(pattern) == parts(rule))
}

/// The description as it is served.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| finished(&description()));

/// This description, as JSON.
#[utoipa::path(get, path = "/api/openapi.json", tag = "system", responses((status = 200, body = Value)))]
pub async fn json() -> Response {
    axum::Json(&*DOCUMENT).into_response()
}

/// This description, as YAML.
#[utoipa::path(get, path = "/api/openapi.yaml", tag = "system",
    responses((status = 200, body = serde_json::Value, content_type = "application/yaml")))]
pub async fn yaml() -> Result<Response, ApiError> {
    let text = serde_saphyr::to_string(&*DOCUMENT).map_err(|error| {
        ApiError::new(
            Code::Internal,
            format!("the description cannot be written: {error}"),
        )
    })?;
    let kind = HeaderValue::from_static("application/yaml");
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
