//! Connections: accepted up to a bound, ended where a client keeps them waiting, drained when the server stops.
//!
//! ```text
//! listener ──accept──> Paced (ends what stands still) ──hyper──> router ──answer──> Held (busy until it is sent)
//! ```

mod held;
mod pace;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

pub use held::Held;
pub use pace::{Pace, Waits};

use crate::access::tls::Peer;
use pace::Paced;

/// Connections at a time; more wait in the system's queue.
const MOST: usize = 16_384;

/// Longest head of a request, in bytes.
const LONGEST_HEAD: usize = 64 * 1024;

/// Serves until `stop` is done; then accepts nothing more, and gives what runs so long to end.
pub async fn serve<L: Listener<Addr = SocketAddr>>(
    mut listener: L,
    over_tls: bool,
    router: Router,
    stop: impl Future<Output = ()>,
    grace: Duration,
    waits: Waits,
) {
    let places = Arc::new(Semaphore::new(MOST));
    let stopping = watch::Sender::new(false);
    let mut running = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        while running.try_join_next().is_some() {}
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, (io, address)) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut stop => break,
        };
        let peer = Peer { address, over_tls };
        let router = router.clone();
        let stopping = stopping.subscribe();
        running.spawn(async move {
            connection(io, peer, router, stopping, waits).await;
            drop(place);
        });
    }
    drop(listener);
    stopping.send_replace(true);
    let all_ended = async { while running.join_next().await.is_some() {} };
    if tokio::time::timeout(grace, all_ended).await.is_err() {
        let count = running.len();
        tracing::warn!(
            "{count} connections that did not end in {} s were cut off",
            grace.as_secs()
        );
    }
}

async fn connection<Io>(
    io: Io,
    peer: Peer,
    router: Router,
    mut stopping: watch::Receiver<bool>,
    waits: Waits,
) where
    Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let pace = Arc::new(Pace::default());
    let paced = Paced::new(io, Arc::clone(&pace), waits);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let (router, pace) = (router.clone(), Arc::clone(&pace));
        let busy = pace.begin();
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            request.extensions_mut().insert(Arc::clone(&pace));
            let response = match router.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                // Who took it over looks after it.
                pace.be_patient();
            }
            Ok::<_, Infallible>(response.map(|body| Body::new(Held::new(body, busy))))
        }
    });
    let mut builder = http1::Builder::new();
    // The pace has its own, which tells a slow head from an idle connection.
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(LONGEST_HEAD);
    let served = builder
        .serve_connection(TokioIo::new(paced), service)
        .with_upgrades();
    let mut served = pin!(served);
    let stopped = async {
        let _ = stopping.wait_for(|is_over| *is_over).await;
    };
    // A connection that broke is the client's affair.
    tokio::select! {
        _ = served.as_mut() => {}
        () = stopped => {
            served.as_mut().graceful_shutdown();
            let _ = served.await;
        }
    }
}

#[cfg(test)]
mod tests;
