//! Clients that send nothing, too much, or nonsense.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use kubelens_tests::server::{SOON, Server, open_files};

use crate::table::{Row, told};

/// So many connections that send nothing.
const IDLE: usize = 10_000;

#[test]
fn connections_on_bad_days() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::demo(
        &folder.path().join("state"),
        &[("RATE_LIMIT_ENABLED", "false")],
    )?;
    server.until("/api/readyz", |ready| ready["status"] == "ok")?;
    let answers = |patience: Duration| -> Result<Duration> {
        let started = Instant::now();
        let (status, body) = server.get("/api/report")?;
        ensure!(status == 200, "{status} {body}");
        ensure!(started.elapsed() < patience, "{:?}", started.elapsed());
        Ok(started.elapsed())
    };
    let mut rows = Vec::new();

    if let Err(limit) = open_files(IDLE as u64 + 1_000) {
        eprintln!("idle connections are not tested: {limit}");
    } else {
        let mut idle = Vec::with_capacity(IDLE);
        for _ in 0..IDLE {
            idle.push(TcpStream::connect(&server.address)?);
        }
        answers(Duration::from_secs(2))?;
        drop(idle);
        rows.push(Row {
            fault: "10 000 connections that send nothing",
            seen: "others are answered",
            recovered: answers(Duration::from_secs(2))?,
        });
    }

    for number in 0..100_u8 {
        let mut stream = TcpStream::connect(&server.address)?;
        stream.set_read_timeout(Some(SOON))?;
        write!(
            stream,
            "GET /api/stream/ws HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            server.address
        )?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        ensure!(
            &head == b"HTTP/1.1 101",
            "{}",
            String::from_utf8_lossy(&head)
        );
        // Bits that nobody agreed on, no mask, a control frame in parts, a length beyond all.
        let frame: Vec<u8> = match number % 4 {
            0 => vec![0xff, number, 1, 2, 3],
            1 => vec![0x81, 0x05, b'h', b'e', b'l', b'l', b'o'],
            2 => vec![0x09, 0x80, 0, 0, 0, 0],
            _ => vec![
                0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
            ],
        };
        stream.write_all(&frame)?;
        // It ends, and not for lack of patience of this test.
        std::io::copy(&mut stream, &mut std::io::sink())
            .or_else(|error| match error.kind() {
                std::io::ErrorKind::ConnectionReset => Ok(0),
                _ => Err(error),
            })
            .with_context(|| format!("frame {frame:?} is put up with"))?;
    }
    let started = Instant::now();
    loop {
        let metrics = server.get("/api/metrics/prometheus")?.1;
        let line = metrics
            .lines()
            .find(|line| line.starts_with("kubelens_stream_subscribers"));
        let count = line.context("no count of subscribers")?.rsplit(' ').next();
        if count.context("a count")?.parse::<f64>()? < 0.5 {
            break;
        }
        ensure!(started.elapsed() < SOON, "subscribers stay: {line:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    rows.push(Row {
        fault: "Malformed WebSocket frames",
        seen: "that connection ends; no subscriber stays",
        recovered: started.elapsed(),
    });

    let long = "x".repeat(64 << 10);
    for head in [
        format!("X-Long: {}\r\n", long.repeat(32)),
        "X-Many: 1\r\n".repeat(20_000),
        format!("Cookie: {long}\r\n").repeat(20),
    ] {
        let mut stream = TcpStream::connect(&server.address)?;
        stream.set_read_timeout(Some(SOON))?;
        // It may be refused before all of it is sent.
        let _ = write!(stream, "GET /api/report HTTP/1.1\r\nHost: x\r\n{head}\r\n");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        ensure!(
            answer.is_empty()
                || answer.starts_with("HTTP/1.1 431")
                || answer.starts_with("HTTP/1.1 400"),
            "{answer}"
        );
    }
    rows.push(Row {
        fault: "Header bombs (2 MiB in one, 20 000, cookies of 64 KiB)",
        seen: "431, or the connection ends",
        recovered: answers(Duration::from_secs(2))?,
    });
    told(&rows)
}
