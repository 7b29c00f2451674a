//! What a provider says of a cluster that it manages, as its own tool prints it.

use serde_json::{Value, json};

use super::SourceError;
use crate::kubernetes::{CustomObject, PROVIDER_HEALTH, list_at, text_at, yaml};

/// Where the tool of a provider tells of issues: the part that it is about, the field that names it, and the list.
const LISTS: [(&str, &str, &str); 4] = [
    // aws eks describe-cluster, describe-nodegroup, describe-addon
    ("cluster", "/cluster/name", "/cluster/health/issues"),
    (
        "node group",
        "/nodegroup/nodegroupName",
        "/nodegroup/health/issues",
    ),
    ("add-on", "/addon/addonName", "/addon/health/issues"),
    // gcloud container clusters describe
    ("cluster", "/name", "/conditions"),
];

/// Where parts of a cluster stand that tell of issues each for itself: their list, what they are, and the list of
/// issues in each.
const PARTS: [(&str, &str, &str); 1] = [("/nodePools", "node pool", "/conditions")];

/// Fields by which a document is known as that of a cluster even where it tells of no issue.
const KNOWN_BY: [&str; 7] = [
    "/cluster/arn",
    "/nodegroup/nodegroupArn",
    "/addon/addonArn",
    "/cluster/health",
    "/nodegroup/health",
    "/addon/health",
    "/nodePools",
];

/// Reads a document of a provider, in JSON or YAML; `place` names it in errors.
pub fn provider_health(place: &str, text: &str) -> Result<CustomObject, SourceError> {
    let unusable = |detail: &str| SourceError::Malformed {
        place: place.to_owned(),
        detail: detail.to_owned(),
    };
    let document: Value = yaml::from_str(text)
        .map_err(|error| unusable(&format!("neither JSON nor YAML: {error}")))?;
    let is_known = KNOWN_BY.iter().any(|at| document.pointer(at).is_some());
    let issues = issues(&document);
    if !is_known && issues.is_empty() {
        return Err(unusable(
            "it tells of no managed cluster; what aws eks describe-cluster, describe-nodegroup, describe-addon and \
             gcloud container clusters describe print is read",
        ));
    }
    let name = LISTS
        .iter()
        .map(|(_, name, _)| text_at(&document, name))
        .find(|name| !name.is_empty());
    let status = json!({ "issues": issues });
    Ok(CustomObject::observed(
        PROVIDER_HEALTH,
        name.unwrap_or("cluster"),
        status,
    ))
}

fn issues(document: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    for (what, name, list) in LISTS {
        let about = about(what, text_at(document, name));
        found.extend(list_at(document, list).iter().map(|one| issue(&about, one)));
    }
    for (parts, what, list) in PARTS {
        for part in list_at(document, parts) {
            let about = about(what, text_at(part, "/name"));
            found.extend(list_at(part, list).iter().map(|one| issue(&about, one)));
        }
    }
    found
}

fn about(what: &str, name: &str) -> String {
    format!("{what} {name}").trim_end().to_owned()
}

fn issue(about: &str, one: &Value) -> Value {
    let code = ["/code", "/canonicalCode"]
        .iter()
        .map(|at| text_at(one, at))
        .find(|code| !code.is_empty());
    json!({
        "about": about,
        "code": code.unwrap_or("issue"),
        "message": text_at(one, "/message"),
        "resources": list_at(one, "/resourceIds"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issues_of_every_known_document_are_read() {
        let eks = r#"{"cluster":{"name":"prod","arn":"a","health":{"issues":[
            {"code":"Ec2SubnetNotFound","message":"gone","resourceIds":["subnet-1"]}]}}}"#;
        let gke = "name: prod\nstatus: DEGRADED\nnodePools:\n- name: spot\n  conditions:\n  - {code: GCE_STOCKOUT, message: none left}\n";
        for (text, about, code) in [
            (eks, "cluster prod", "Ec2SubnetNotFound"),
            (gke, "node pool spot", "GCE_STOCKOUT"),
        ] {
            let read = provider_health("file", text).expect("a document");
            let [issue] = read.status_list("/issues") else {
                panic!("{read:?}");
            };
            assert_eq!(text_at(issue, "/about"), about);
            assert_eq!(text_at(issue, "/code"), code);
            assert_eq!(&*read.metadata.name, "prod");
        }
    }

    #[test]
    fn a_healthy_cluster_has_no_issue_and_anything_else_is_an_error() {
        let quiet = r#"{"cluster":{"name":"prod","health":{"issues":[]}}}"#;
        let read = provider_health("file", quiet).expect("a document");
        assert!(read.status_list("/issues").is_empty());
        for text in ["{}", "kind: Pod", "[", "a: {"] {
            let error = provider_health("health.json", text).expect_err(text);
            assert!(error.to_string().contains("health.json"), "{error}");
        }
    }
}
