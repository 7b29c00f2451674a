//! A client that speaks plain HTTP to a server that speaks TLS, as the server tells it.

use super::pattern::Pattern;

/// What servers that speak TLS write or answer to a client that does not.
pub(super) static PLAIN_TO_TLS: Pattern = Pattern::new(
    r"(?i)sent an http request to an https server|plain http request (?:was )?sent to https port|speaking plain http to an ssl-enabled|first record does not look like a tls handshake|malformed http response|SSL routines:[^:]*:http request|\bhttp_request\b",
);
