//! Who is signed in, and whether somebody can.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use kubelens_tests::server::{SOON, Server};

pub(crate) const TOKENS: [(&str, &str); 2] = [
    ("AUTH_ENABLED", "true"),
    (
        "AUTH_TOKENS",
        "ann:viewer:token-of-ann-000000,eve:admin:token-of-eve-000000",
    ),
];
pub(crate) const EVE: (&str, &str) = ("Authorization", "Bearer token-of-eve-000000");

/// Signs in, which writes a session: the status, and the cookie.
pub(crate) fn sign_in(server: &Server) -> Result<(u16, String)> {
    let body = r#"{"token":"token-of-eve-000000"}"#;
    let answer = server.ask("POST", "/api/auth/login", &[], body)?;
    let cookie = answer.header("set-cookie").unwrap_or_default();
    let cookie = cookie.split(';').next().unwrap_or_default();
    Ok((answer.status, cookie.to_owned()))
}

pub(crate) fn is_signed_in(server: &Server, cookie: &str) -> Result<bool> {
    let answer = server.ask("GET", "/api/auth/session", &[("Cookie", cookie)], "")?;
    Ok(answer.json()["authenticated"] == true)
}

/// Waits until somebody can sign in and the server is ready.
pub(crate) fn written_again(server: &Server) -> Result<(Duration, String)> {
    let started = Instant::now();
    loop {
        let (status, cookie) = sign_in(server)?;
        let ready = server.get("/api/readyz")?;
        if status == 200 && ready.0 == 200 && ready.1.contains(r#""status":"ok""#) {
            return Ok((started.elapsed(), cookie));
        }
        ensure!(started.elapsed() < SOON, "{status} {ready:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
