//! Terminals in containers, and single TCP streams to pods, over WebSocket.
//!
//! A terminal speaks `v5.channel.k8s.io`, as `kubectl exec` does: binary frames whose first byte is the channel (0 input,
//! 1 output, 2 errors, 3 how it ended, 4 the size of the window). A text frame is input. A port carries plain bytes.

use axum::Extension;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Path, RawQuery};
use axum::response::Response;
use kubelens_core::kubernetes::Pod;
use url::form_urlencoded::{Serializer, parse};

use super::logs::container;
use super::pods::known;
use crate::access::SessionId;
use crate::actions::Act;
use crate::api::Chosen;
use crate::api::body::is_true;
use crate::api::error::{ApiError, Code};
use crate::api::load::Place as Seat;
use crate::door::Place;
use crate::streams::session_ends;
use crate::streams::tunnel::{Carried, tunnel};
use crate::who::Role;
use kubelens_core::kubernetes::Kind;

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// The protocols of terminals, the best first.
const PROTOCOLS: [&str; 2] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

/// Longest frame of a client, in bytes.
const LONGEST_FRAME: usize = 64 * 1024;

/// Longest command that is written down.
const LONGEST_REASON: usize = 240;

/// What all of them need: that they are offered, and that there is something to speak to.
fn check(act: &Act, upgrade: Upgrade) -> Result<WebSocketUpgrade, ApiError> {
    if !act.state.options.exec_enabled {
        return Err(ApiError::new(
            Code::ExecDisabled,
            "terminals and ports of pods are switched off in this environment (EXEC_ENABLED)",
        ));
    }
    if act.cluster.demo().is_some() {
        return Err(ApiError::new(
            Code::NotImplemented,
            "the simulated cluster runs no containers",
        ));
    }
    upgrade
        .map(|upgrade| {
            upgrade
                .max_message_size(LONGEST_FRAME)
                .max_frame_size(LONGEST_FRAME)
        })
        .map_err(|why| ApiError::told(why.status(), why.body_text()))
}

/// The query of an API server's terminal.
fn asked(container: &str, command: &[String], is_terminal: bool) -> String {
    let mut query = Serializer::new(String::new());
    query.append_pair("container", container);
    query.extend_pairs(command.iter().map(|word| ("command", word)));
    for (key, on) in [
        ("stdin", true),
        ("stdout", true),
        ("stderr", !is_terminal),
        ("tty", is_terminal),
    ] {
        query.append_pair(key, if on { "true" } else { "false" });
    }
    query.finish()
}

/// A terminal, or a command, in a container: over a WebSocket.
#[utoipa::path(get, path = "/api/pods/{namespace}/{name}/exec", tag = "actions",
    params(("namespace" = String, Path), ("name" = String, Path),
        ("container" = Option<String>, Query, description = "The container; without it the default one, else the first"),
        ("command" = Option<Vec<String>>, Query, description = "The command, a word each; sh without it"),
        ("tty" = Option<String>, Query, description = "Whether it is a terminal")),
    responses((status = 101, description = "Frames of v5.channel.k8s.io")))]
pub async fn exec(
    act: Act,
    chosen: Chosen,
    session: Option<Extension<SessionId>>,
    seat: Option<Extension<Seat>>,
    Path((namespace, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    let query = query.unwrap_or_default();
    let (mut wanted, mut command, mut is_terminal) = (None, Vec::new(), false);
    for (key, value) in parse(query.as_bytes()) {
        match key.as_ref() {
            "container" => wanted = Some(value.into_owned()),
            "command" | "command[]" => command.push(value.into_owned()),
            "tty" => is_terminal = is_true(&value),
            _ => {}
        }
    }
    if command.is_empty() {
        command.push("sh".to_owned());
    }
    let target = Place::new(Kind::Pod, &namespace, &name)?;
    let told: String = command.join(" ").chars().take(LONGEST_REASON).collect();
    let act = act.because(&format!("command: {told}"));
    let opened = act.perform("pod.exec", Role::Operator, &target, async |door| {
        let upgrade = check(&act, upgrade)?;
        let picture = chosen.picture()?;
        let pod: &Pod = known(&picture, &namespace, &name)?;
        let container = container(pod, wanted.as_deref())?;
        let asked = asked(&container, &command, is_terminal);
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}/exec?{asked}");
        let connection = door.connect(&path).await?;
        Ok((upgrade.protocols(PROTOCOLS), connection))
    });
    let (upgrade, connection) = opened.await?;
    Ok(carried(
        act,
        target,
        session,
        seat,
        upgrade,
        connection,
        Carried::Channels,
    ))
}

/// One TCP stream to a port of a pod, over a WebSocket.
#[utoipa::path(get, path = "/api/pods/{namespace}/{name}/portforward", tag = "actions",
    params(("namespace" = String, Path), ("name" = String, Path),
        ("port" = u16, Query, description = "The port")),
    responses((status = 101, description = "The bytes of the stream, in binary frames")))]
pub async fn port(
    act: Act,
    session: Option<Extension<SessionId>>,
    seat: Option<Extension<Seat>>,
    Path((namespace, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    let query = query.unwrap_or_default();
    let mut pairs = parse(query.as_bytes());
    let port = pairs
        .find(|(key, _)| key == "port")
        .and_then(|(_, value)| value.parse::<u16>().ok());
    let port = port
        .filter(|port| *port > 0)
        .ok_or_else(|| ApiError::bad_request("port is a number from 1 to 65535"))?;
    let target = Place::new(Kind::Pod, &namespace, &name)?;
    let act = act.because(&format!("port: {port}"));
    let opened = act.perform("pod.exec", Role::Operator, &target, async |door| {
        let upgrade = check(&act, upgrade)?;
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}/portforward?ports={port}");
        Ok((upgrade, door.connect(&path).await?))
    });
    let (upgrade, connection) = opened.await?;
    Ok(carried(
        act,
        target,
        session,
        seat,
        upgrade,
        connection,
        Carried::Bytes,
    ))
}

/// Carries frames until one side ends, the session does, or the server stops; then what was carried is written down.
fn carried(
    act: Act,
    target: Place,
    session: Option<Extension<SessionId>>,
    seat: Option<Extension<Seat>>,
    upgrade: WebSocketUpgrade,
    connection: kube::client::Connection,
    what: Carried,
) -> Response {
    let signed_out = session_ends(act.state.access.clone(), session.map(|session| session.0));
    upgrade.on_upgrade(async move |socket| {
        let begun = std::time::Instant::now();
        let bus = std::sync::Arc::clone(&act.state.bus);
        let over = async move {
            tokio::select! {
                () = signed_out => {}
                () = bus.over() => {}
            }
        };
        let counts = tunnel(socket, connection.into_stream(), what, over).await;
        let seconds = begun.elapsed().as_secs();
        let said = format!(
            "ended after {seconds} s: {} bytes in, {} bytes out",
            counts.inward, counts.outward
        );
        act.note_end("pod.exec", &target, &said, begun.elapsed())
            .await;
        drop(seat);
    })
}
