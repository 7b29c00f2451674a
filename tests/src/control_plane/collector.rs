//! A real OpenTelemetry collector beside the control plane: it writes out what it was sent.

use std::fs;
use std::net::TcpListener;

use anyhow::Result;
use serde_json::json;
use tokio::net::TcpStream;

use super::{ControlPlane, PAUSE, READY};
use crate::patience::{Seen, until};

const NAME: &str = "collector";

/// Where the collector is, by protocol.
#[derive(Debug)]
pub struct Collector {
    /// OTLP over HTTP: `http://127.0.0.1:PORT`.
    pub http: String,
    /// OTLP over gRPC.
    pub grpc: String,
}

impl ControlPlane {
    /// Starts a collector; returns once it listens.
    pub async fn start_collector(&mut self) -> Result<Collector> {
        let held = [
            TcpListener::bind("127.0.0.1:0")?,
            TcpListener::bind("127.0.0.1:0")?,
        ];
        let [http, grpc] = [held[0].local_addr()?, held[1].local_addr()?];
        drop(held);
        let pipeline = json!({ "receivers": ["otlp"], "exporters": ["debug"] });
        let config = json!({
            "receivers": { "otlp": { "protocols": {
                "http": { "endpoint": http.to_string() },
                "grpc": { "endpoint": grpc.to_string() },
            } } },
            "exporters": { "debug": { "verbosity": "detailed", "use_internal_logger": false } },
            "service": {
                "telemetry": { "metrics": { "level": "none" } },
                "pipelines": { "traces": pipeline, "metrics": pipeline, "logs": pipeline },
            },
        });
        let path = self.folder().join("collector.json");
        fs::write(&path, config.to_string())?;
        let program = self.built.join(NAME).display().to_string();
        self.run(
            NAME,
            &[program, "--config".to_owned(), path.display().to_string()],
        )?;
        until("the collector to listen", READY, PAUSE, async || {
            self.check()?;
            for address in [http, grpc] {
                if let Err(error) = TcpStream::connect(address).await {
                    return Ok(Seen::NotYet(error.to_string()));
                }
            }
            Ok(Seen::Yes(()))
        })
        .await?;
        Ok(Collector {
            http: format!("http://{http}"),
            grpc: format!("http://{grpc}"),
        })
    }

    /// What the collector has written out so far.
    pub fn collected(&self) -> Result<String> {
        Ok(fs::read_to_string(self.folder().join("collector.log"))?)
    }
}
