//! Stands between a client and the API server, as plain HTTP on loopback, and does to it what clusters do on bad days.

use std::time::Duration;

use anyhow::Result;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// What is wrong with the way to the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Every answer begins so much later.
    Slow(Duration),
    /// Every request is one too many.
    TooMany,
    /// The credentials do not hold any more.
    Unauthorized,
    /// Nothing is passed on.
    Unreachable,
    /// Changes are made, and their answers break off.
    LostAnswers,
}

/// A way to the API server with a switch.
#[derive(Debug)]
pub struct FaultyServer {
    /// Where clients find it: `http://127.0.0.1:PORT`.
    pub url: String,
    fault: watch::Sender<Fault>,
    /// Counted up, it ends every answer that is under way.
    cuts: watch::Sender<u64>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Clone)]
struct Way {
    client: kube::Client,
    fault: watch::Receiver<Fault>,
    cuts: watch::Receiver<u64>,
}

impl FaultyServer {
    /// In front of the API server of this client, whose rights everybody has that comes this way.
    pub async fn before(client: kube::Client) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (fault, cuts) = (watch::Sender::new(Fault::None), watch::Sender::new(0));
        let way = Way {
            client,
            fault: fault.subscribe(),
            cuts: cuts.subscribe(),
        };
        let app = axum::Router::new().fallback(pass).with_state(way);
        let task = tokio::spawn(async move {
            // It ends with the task.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self {
            url,
            fault,
            cuts,
            task,
        })
    }

    /// Begins a fault, or ends it; what is under way goes on.
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// Ends every watch and every other answer that is under way.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for FaultyServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An answer as the API server would word it.
fn refusal(code: StatusCode, reason: &str) -> Response {
    let status = serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure",
        "reason": reason, "message": reason, "code": code.as_u16(),
    });
    (code, axum::Json(status)).into_response()
}

async fn pass(State(way): State<Way>, request: Request) -> Response {
    let fault = *way.fault.borrow();
    match fault {
        Fault::None | Fault::LostAnswers => {}
        Fault::Slow(late) => tokio::time::sleep(late).await,
        Fault::TooMany => {
            let mut answer = refusal(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests");
            let second = header::HeaderValue::from_static("1");
            answer.headers_mut().insert(header::RETRY_AFTER, second);
            return answer;
        }
        Fault::Unauthorized => return refusal(StatusCode::UNAUTHORIZED, "Unauthorized"),
        Fault::Unreachable => return refusal(StatusCode::BAD_GATEWAY, "BadGateway"),
    }
    let mut cuts = way.cuts.clone();
    let is_lost = fault == Fault::LostAnswers && request.method() != Method::GET;
    let (mut head, body) = request.into_parts();
    // The client puts in its own server and rights.
    head.headers.remove(header::HOST);
    head.headers.remove(header::AUTHORIZATION);
    head.headers.remove(header::ACCEPT_ENCODING);
    let Ok(body) = axum::body::to_bytes(body, 4 << 20).await else {
        return refusal(StatusCode::BAD_REQUEST, "BadRequest");
    };
    let request = http::Request::from_parts(head, kube::client::Body::from(body.to_vec()));
    match way.client.send(request).await {
        Ok(answer) => {
            let (head, body) = answer.into_parts();
            if is_lost {
                let cut = async { Err::<&[u8], _>(std::io::Error::other("cut")) };
                return Response::from_parts(head, Body::from_stream(futures::stream::once(cut)));
            }
            let seen = *cuts.borrow();
            let cut = async move {
                let _ = cuts.wait_for(|now| *now != seen).await;
            };
            let parts = Body::new(body).into_data_stream().take_until(Box::pin(cut));
            Response::from_parts(head, Body::from_stream(parts))
        }
        Err(_) => refusal(StatusCode::BAD_GATEWAY, "BadGateway"),
    }
}
