use jiff::Timestamp;
use kubelens_core::kubernetes::Kind;
use serde_json::{Value, json};

use super::scale::version;
use crate::api::error::ApiError;
use crate::api::models::ActionResult;
use crate::api::text::instant;
use crate::door::{Door, Patch, Place};

/// Makes a workload's pods anew, as `kubectl rollout restart` does; of a Job makes another one.
pub async fn restart(
    door: &Door,
    place: &Place,
    is_rehearsal: bool,
) -> Result<ActionResult, ApiError> {
    let mut result = match place.typed() {
        Some(Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet) => {
            let annotation =
                json!({"kubectl.kubernetes.io/restartedAt": instant(Timestamp::now())});
            let change = json!({"spec": {"template": {"metadata": {"annotations": annotation}}}});
            let object = door
                .patch(place, Patch::Strategic, &change, is_rehearsal)
                .await?;
            let mut result = ActionResult::done(format!("Restarted {place}"));
            result.resource_version = version(&object);
            result
        }
        Some(Kind::Job) => {
            let job = door.get(place).await?;
            let name = format!("{}-rerun-{}", place.name, Timestamp::now().as_second());
            let place = Place {
                name: name.clone(),
                ..place.clone()
            };
            door.create(&place, &rerun(&job, &place), is_rehearsal)
                .await?;
            ActionResult::done(format!("Created Job {name}"))
        }
        _ => {
            return Err(ApiError::bad_request(format!(
                "a {} cannot be restarted",
                place.resource.kind
            )));
        }
    };
    result.dry_run = is_rehearsal.then_some(true);
    Ok(result)
}

/// Labels and the selector that the Job controller sets: another Job gets its own.
const CONTROLLERS: [&str; 4] = [
    "controller-uid",
    "job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
];

/// A Job like another, under a new name.
fn rerun(job: &Value, place: &Place) -> Value {
    let without_controllers = |labels: Option<&Value>| -> Value {
        let mut labels = labels
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        labels.retain(|name, _| !CONTROLLERS.contains(&name.as_str()));
        Value::Object(labels)
    };
    let mut spec = job.get("spec").cloned().unwrap_or_default();
    let labels = without_controllers(spec.pointer("/template/metadata/labels"));
    if let Some(fields) = spec.as_object_mut() {
        fields.remove("selector");
        fields.remove("manualSelector");
        fields.remove("suspend");
    }
    if let Some(meta) = spec
        .pointer_mut("/template/metadata")
        .and_then(Value::as_object_mut)
    {
        meta.insert("labels".to_owned(), labels);
    }
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {
            "name": place.name, "namespace": place.namespace,
            "labels": without_controllers(job.pointer("/metadata/labels")),
        },
        "spec": spec,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rerun_is_free_of_its_controllers_marks() {
        let job = json!({"metadata": {"labels": {"app": "x", "job-name": "old"}}, "spec": {
            "selector": {"matchLabels": {"controller-uid": "1"}}, "template": {"metadata": {"labels":
            {"controller-uid": "1", "app": "x"}}, "spec": {}}}});
        let place = Place {
            resource: Kind::Job.into(),
            namespace: "shop".into(),
            name: "old-rerun-1".into(),
        };
        let again = rerun(&job, &place);
        let text = again.to_string();
        assert!(
            !text.contains("controller-uid") && !text.contains("job-name"),
            "{text}"
        );
        assert_eq!(again["spec"]["template"]["metadata"]["labels"]["app"], "x");
    }
}
