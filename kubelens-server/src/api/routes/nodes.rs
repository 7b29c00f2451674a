//! Nodes, read.

use axum::extract::Path;
use axum::response::Response;
use kubelens_core::kubernetes::{Kind, Node, Pod};

use crate::actions::{DrainPreview, preview};
use crate::api::Chosen;
use crate::api::caching::Asked;
use crate::api::error::ApiError;
use crate::api::models::{
    EventItem, NodeDetail, NodeItem, PodItem, events_about, node_detail, node_of, node_status,
    pod_of,
};
use crate::api::paging::{Facts, ListQuery, page};
use crate::api::query::Query;
use crate::api::routes::resources::readable;
use crate::live::Picture;

/// Nodes, by name.
#[utoipa::path(get, path = "/api/nodes", tag = "inventory", params(ListQuery),
    responses((status = 200, body = Vec<NodeItem>)))]
pub async fn list(
    chosen: Chosen,
    asked: Asked,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiError> {
    let picture = chosen.picture()?;
    readable(&picture, Kind::Node)?;
    asked.answer(&chosen, &picture, |headers| {
        let all = picture.snapshot.table::<Node>().iter().map(|node| &**node);
        let page = page(&query, &picture, all, |node| Facts {
            name: &node.metadata.name,
            namespace: "",
            status: node_status(node).into(),
            created: node.metadata.creation_timestamp,
            restarts: 0,
            labels: Some(&node.metadata.labels),
        })?;
        page.tell(headers);
        Ok(page
            .items
            .into_iter()
            .map(|node| node_of(node, &picture, picture.as_of))
            .collect::<Vec<_>>())
    })
}

/// The node in the picture.
fn known<'p>(picture: &'p Picture, name: &str) -> Result<&'p Node, ApiError> {
    readable(picture, Kind::Node)?;
    let node = picture.snapshot.table::<Node>().get("", name);
    node.map(|node| &**node)
        .ok_or_else(|| ApiError::not_found(format!("no node {name:?}")))
}

/// A node with everything that is known of it.
#[utoipa::path(get, path = "/api/nodes/{name}", tag = "inventory", params(("name" = String, Path)),
    responses((status = 200, body = NodeDetail)))]
pub async fn detail(
    chosen: Chosen,
    asked: Asked,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    let picture = chosen.picture()?;
    let node = known(&picture, &name)?;
    asked.answer(&chosen, &picture, |_| {
        Ok(node_detail(node, &picture, picture.as_of))
    })
}

/// The pods on a node.
#[utoipa::path(get, path = "/api/nodes/{name}/pods", tag = "inventory", params(("name" = String, Path)),
    responses((status = 200, body = Vec<PodItem<'static>>)))]
pub async fn pods(
    chosen: Chosen,
    asked: Asked,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    let picture = chosen.picture()?;
    known(&picture, &name)?;
    readable(&picture, Kind::Pod)?;
    asked.answer(&chosen, &picture, |_| {
        let there = picture
            .snapshot
            .table::<Pod>()
            .iter()
            .filter(|pod| pod.node_name == *name);
        Ok(there
            .map(|pod| pod_of(pod, &picture.snapshot, picture.as_of))
            .collect::<Vec<_>>())
    })
}

/// The events about a node, newest first.
#[utoipa::path(get, path = "/api/nodes/{name}/events", tag = "inventory", params(("name" = String, Path)),
    responses((status = 200, body = Vec<EventItem>)))]
pub async fn events(
    chosen: Chosen,
    asked: Asked,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    let picture = chosen.picture()?;
    known(&picture, &name)?;
    readable(&picture, Kind::Event)?;
    asked.answer(&chosen, &picture, |_| {
        // The kubelet writes them into `default`, other components without a namespace.
        let mut all = events_about(&picture.snapshot, "Node", "default", &name, picture.as_of);
        all.extend(events_about(
            &picture.snapshot,
            "Node",
            "",
            &name,
            picture.as_of,
        ));
        Ok(all)
    })
}

/// What a drain of the node would do.
#[utoipa::path(get, path = "/api/nodes/{name}/drain/preview", tag = "actions", params(("name" = String, Path)),
    responses((status = 200, body = DrainPreview)))]
pub async fn drain_preview(
    chosen: Chosen,
    asked: Asked,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    let picture = chosen.picture()?;
    known(&picture, &name)?;
    readable(&picture, Kind::Pod)?;
    readable(&picture, Kind::PodDisruptionBudget)?;
    asked.answer(&chosen, &picture, |_| {
        preview(&picture.snapshot, &name, false)
    })
}
