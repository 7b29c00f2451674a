//! Stands between a client and the API server, and dies when it has passed on so many bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A way to the API server that ends after a number of bytes: then every connection breaks, and no new
/// one is had.
#[derive(Debug)]
pub struct DyingServer {
    /// Where clients find it: `https://127.0.0.1:PORT`.
    pub url: String,
    passed: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl DyingServer {
    /// In front of `server` (`https://127.0.0.1:PORT`), for `bytes` bytes of its answers.
    pub async fn before(server: &str, bytes: usize) -> Result<Self> {
        let server: SocketAddr = server
            .trim_start_matches("https://")
            .parse()
            .with_context(|| format!("the address of {server}"))?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("https://{}", listener.local_addr()?);
        let passed = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&passed);
        let task = tokio::spawn(serve(listener, server, bytes, counter));
        Ok(Self { url, passed, task })
    }

    /// The bytes of answers so far.
    pub fn passed(&self) -> usize {
        self.passed.load(Ordering::SeqCst)
    }
}

impl Drop for DyingServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Ends, and with it the listener and every connection, when the bytes are used up.
async fn serve(listener: TcpListener, server: SocketAddr, bytes: usize, passed: Arc<AtomicUsize>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => {
                    connections.spawn(carry(client, server, bytes, Arc::clone(&passed)));
                }
                Err(_) => return,
            },
            Some(ended) = connections.join_next() => {
                if matches!(ended, Ok(End::BytesUsedUp)) {
                    return;
                }
            }
        }
    }
}

enum End {
    Closed,
    BytesUsedUp,
}

async fn carry(
    client: TcpStream,
    server: SocketAddr,
    bytes: usize,
    passed: Arc<AtomicUsize>,
) -> End {
    let Ok(upstream) = TcpStream::connect(server).await else {
        return End::Closed;
    };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = upstream.into_split();
    let requests = tokio::io::copy(&mut from_client, &mut to_server);
    let answers = async {
        let mut chunk = vec![0; 4096];
        loop {
            match from_server.read(&mut chunk).await {
                Ok(0) | Err(_) => return End::Closed,
                Ok(length) => {
                    if passed.fetch_add(length, Ordering::SeqCst) + length > bytes {
                        return End::BytesUsedUp;
                    }
                    let Some(read) = chunk.get(..length) else {
                        return End::Closed;
                    };
                    if to_client.write_all(read).await.is_err() {
                        return End::Closed;
                    }
                }
            }
        }
    };
    tokio::select! {
        end = answers => end,
        _ = requests => End::Closed,
    }
}
