//! Pods, read.

use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, header};
use kubelens_core::kubernetes::{Kind, Pod};

use crate::api::Chosen;
use crate::api::caching::Asked;
use crate::api::error::ApiError;
use crate::api::models::{
    EventItem, PodDetail, PodItem, events_about, pod_detail, pod_of, pod_words,
};
use crate::api::paging::{Facts, ListQuery, page};
use crate::api::query::Query;
use crate::api::routes::resources::readable;
use crate::door::Place;
use crate::live::Picture;

pub(crate) fn facts(pod: &Pod) -> Facts<'_> {
    Facts {
        name: &pod.metadata.name,
        namespace: &pod.metadata.namespace,
        status: pod_words::status(pod).into(),
        created: pod.metadata.creation_timestamp,
        restarts: pod_words::restarts(pod),
        labels: Some(&pod.metadata.labels),
    }
}

/// Pods, by namespace and name.
#[utoipa::path(get, path = "/api/pods", tag = "inventory", params(ListQuery),
    responses((status = 200, body = Vec<PodItem<'static>>)))]
pub async fn list(
    chosen: Chosen,
    asked: Asked,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiError> {
    let picture = chosen.picture()?;
    readable(&picture, Kind::Pod)?;
    asked.answer(&chosen, &picture, |headers| {
        let all = picture.snapshot.table::<Pod>().iter().map(|pod| &**pod);
        let page = page(&query, &picture, all, |pod| facts(pod))?;
        page.tell(headers);
        let items = page.items.into_iter();
        Ok(items
            .map(|pod| pod_of(pod, &picture.snapshot, picture.as_of))
            .collect::<Vec<_>>())
    })
}

/// The pod in the picture.
pub(crate) fn known<'p>(
    picture: &'p Picture,
    namespace: &str,
    name: &str,
) -> Result<&'p Pod, ApiError> {
    readable(picture, Kind::Pod)?;
    let pod = picture.snapshot.table::<Pod>().get(namespace, name);
    pod.map(|pod| &**pod)
        .ok_or_else(|| ApiError::not_found(format!("no pod {namespace}/{name}")))
}

/// A pod with its containers, as the cluster has it now.
#[utoipa::path(get, path = "/api/pods/{namespace}/{name}", tag = "inventory",
    params(("namespace" = String, Path), ("name" = String, Path)), responses((status = 200, body = PodDetail<'static>)))]
pub async fn detail(
    chosen: Chosen,
    Path((namespace, name)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let picture = chosen.picture()?;
    let door = chosen.door()?;
    let object = door.get(&Place::new(Kind::Pod, &namespace, &name)?).await?;
    let whole: Pod = serde_json::from_value(object.clone()).map_err(|error| {
        ApiError::new(
            crate::api::error::Code::Internal,
            format!("the pod cannot be read: {error}"),
        )
    })?;
    let item = pod_of(&whole, &picture.snapshot, picture.as_of);
    Ok(Json(pod_detail(item, &object)).into_response())
}

/// The events about a pod, newest first.
#[utoipa::path(get, path = "/api/pods/{namespace}/{name}/events", tag = "inventory",
    params(("namespace" = String, Path), ("name" = String, Path)), responses((status = 200, body = Vec<EventItem>)))]
pub async fn events(
    chosen: Chosen,
    asked: Asked,
    Path((namespace, name)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let picture = chosen.picture()?;
    known(&picture, &namespace, &name)?;
    readable(&picture, Kind::Event)?;
    asked.answer(&chosen, &picture, |_| {
        Ok(events_about(
            &picture.snapshot,
            "Pod",
            &namespace,
            &name,
            picture.as_of,
        ))
    })
}

/// A pod for people.
#[utoipa::path(get, path = "/api/pods/{namespace}/{name}/describe", tag = "inventory",
    params(("namespace" = String, Path), ("name" = String, Path)),
    responses((status = 200, body = String, content_type = "text/plain")))]
pub async fn describe(
    chosen: Chosen,
    Path((namespace, name)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let picture = chosen.picture()?;
    let pod = known(&picture, &namespace, &name)?;
    let text = described(&picture, pod);
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

fn described(picture: &Picture, pod: &Pod) -> String {
    use kubelens_core::model::safe_text;
    let item = pod_of(pod, &picture.snapshot, picture.as_of);
    let mut text = format!(
        "Name:       {}\nNamespace:  {}\nNode:       {}\nStatus:     {}\nReason:     {}\nRestarts:   {}\nAge:        {}\nReady:      {}\n",
        item.name,
        item.namespace,
        item.node_name.unwrap_or("<none>"),
        item.status,
        item.reason.as_deref().unwrap_or("<none>"),
        item.restarts,
        item.age,
        item.ready.as_deref().unwrap_or("<none>"),
    );
    let top = kubelens_core::snapshot::Cluster::new(&picture.snapshot).top_of(pod);
    if top.kind != "Pod" {
        text.push_str(&format!("Owner:      {top}\n"));
    }
    text.push_str("\nConditions:\n");
    for condition in &pod.status.conditions {
        text.push_str(&format!(
            "  {:<28} {} {}\n",
            condition.type_,
            condition.status,
            safe_text(&condition.message)
        ));
    }
    text.push_str("\nContainers:\n");
    for container in pod.containers() {
        let amounts = |resources: &kubelens_core::kubernetes::Resources| {
            let all: Vec<String> = resources
                .iter()
                .map(|(name, amount)| format!("{name}={}", amount.human(name)))
                .collect();
            if all.is_empty() {
                "<none>".to_owned()
            } else {
                all.join(", ")
            }
        };
        let resources = &container.spec.resources;
        text.push_str(&format!(
            "  {}:\n    Image:     {}\n    Requests:  {}\n    Limits:    {}\n    Ready:     {}\n    Restarts:  {}\n",
            container.title(),
            container.spec.image,
            amounts(&resources.requests),
            amounts(&resources.limits),
            container.is_ready(),
            container.restarts(),
        ));
        if let Some(waiting) = container.waiting() {
            text.push_str(&format!(
                "    Waiting:   {} {}\n",
                waiting.reason,
                safe_text(&waiting.message)
            ));
        }
        if let Some(end) = container.last_end() {
            text.push_str(&format!(
                "    Last end:  exit code {} {}\n",
                end.exit_code, end.reason
            ));
        }
        for mount in &container.spec.volume_mounts {
            text.push_str(&format!(
                "    Mount:     {} from {}\n",
                mount.mount_path, mount.name
            ));
        }
    }
    text.push_str("\nTolerations:\n");
    for toleration in &pod.spec.tolerations {
        text.push_str(&format!(
            "  {} {} {}\n",
            toleration.key, toleration.operator, toleration.effect
        ));
    }
    text.push_str("\nEvents:\n");
    let events = events_about(
        &picture.snapshot,
        "Pod",
        item.namespace,
        item.name,
        picture.as_of,
    );
    for event in &events {
        text.push_str(&format!(
            "  {:<8} {:<20} {:<8} {}\n",
            event.type_, event.reason, event.age, event.message
        ));
    }
    if events.is_empty() {
        text.push_str("  <none>\n");
    }
    text
}
