//! Asks the API server what it would say to a manifest, without applying it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::LiveSource;
use crate::model::{ObjectRef, ServerAnswer, safe_text};

/// Who the server is told that asks.
const MANAGER: &str = "kubectl-lens";

impl LiveSource {
    /// Sends each object as a server-side apply with `dryRun=All`: admission and defaulting run, nothing is stored.
    ///
    /// Objects that name no namespace are tried in `namespace`. Conflicts of field ownership are not asked about.
    pub async fn dry_run(
        &self,
        objects: &[Value],
        namespace: &str,
        patience: Duration,
    ) -> Vec<ServerAnswer> {
        let mut served: BTreeMap<String, Result<Vec<Resource>, String>> = BTreeMap::new();
        let mut answers = Vec::new();
        for object in objects {
            let Ok(head) = serde_json::from_value::<Head>(object.clone()) else {
                continue;
            };
            if !served.contains_key(&head.api_version) {
                let resources = self.resources(&head.api_version, patience).await;
                served.insert(head.api_version.clone(), resources);
            }
            let resource = match served.get(&head.api_version) {
                Some(Ok(resources)) => resources
                    .iter()
                    .find(|resource| resource.kind == head.kind && !resource.name.contains('/'))
                    .ok_or_else(|| {
                        format!("the server serves no {} of {}", head.kind, head.api_version)
                    }),
                Some(Err(message)) => Err(message.clone()),
                None => Err(String::new()),
            };
            answers.push(match resource {
                Ok(resource) => {
                    self.try_out(object, &head, resource, namespace, patience)
                        .await
                }
                Err(message) => answer(head.reference(""), Err(message), Vec::new()),
            });
        }
        answers
    }

    /// What the server serves of a group and version.
    async fn resources(
        &self,
        api_version: &str,
        patience: Duration,
    ) -> Result<Vec<Resource>, String> {
        let path = root(api_version);
        match self
            .api
            .get_bytes(&path, "application/json", patience)
            .await
        {
            Ok(answer) => serde_json::from_slice::<ResourceList>(&answer.bytes)
                .map(|list| list.resources)
                .map_err(|error| error.to_string()),
            Err(failure) if failure.status().is_some_and(|status| status == 404) => {
                Err(format!("the server does not serve {api_version}"))
            }
            Err(failure) => Err(failure.to_string()),
        }
    }

    async fn try_out(
        &self,
        object: &Value,
        head: &Head,
        resource: &Resource,
        namespace: &str,
        patience: Duration,
    ) -> ServerAnswer {
        let namespace = match (resource.namespaced, head.metadata.namespace.as_str()) {
            (false, _) => "",
            (true, "") => namespace,
            (true, own) => own,
        };
        let reference = head.reference(namespace);
        if head.metadata.name.is_empty() {
            let message = "it has no name; only named objects can be tried".to_owned();
            return answer(reference, Err(message), Vec::new());
        }
        let scope = match namespace {
            "" => String::new(),
            name => format!("/namespaces/{}", escaped(name)),
        };
        let path = format!(
            "{}{scope}/{}/{}?dryRun=All&fieldManager={MANAGER}&force=true",
            root(&head.api_version),
            resource.name,
            escaped(&head.metadata.name)
        );
        match self
            .api
            .try_apply(&path, object.to_string(), patience)
            .await
        {
            Ok(warnings) => answer(reference, Ok(()), warnings),
            Err(failure) => answer(reference, Err(failure.to_string()), Vec::new()),
        }
    }
}

fn answer(object: ObjectRef, said: Result<(), String>, warnings: Vec<String>) -> ServerAnswer {
    let message = said.err().map(|message| safe_text(&message));
    let warnings: Vec<String> = warnings.iter().map(|text| safe_text(text)).collect();
    ServerAnswer {
        object,
        accepted: message.is_none(),
        untrusted: message.is_some() || !warnings.is_empty(),
        message,
        warnings,
    }
}

fn root(api_version: &str) -> String {
    match api_version.split_once('/') {
        Some((group, version)) => format!("/apis/{}/{}", escaped(group), escaped(version)),
        None => format!("/api/{}", escaped(api_version)),
    }
}

/// A part of a path in which nothing but plain characters stand for themselves.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Head {
    api_version: String,
    kind: String,
    metadata: Name,
}

impl Head {
    fn reference(&self, namespace: &str) -> ObjectRef {
        ObjectRef::namespaced(
            &self.api_version,
            &self.kind,
            namespace,
            &self.metadata.name,
        )
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Name {
    name: String,
    namespace: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ResourceList {
    resources: Vec<Resource>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Resource {
    name: String,
    kind: String,
    namespaced: bool,
}
