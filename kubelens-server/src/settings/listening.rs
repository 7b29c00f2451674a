use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::reader::Reader;

/// Where the server listens.
#[derive(Debug, Clone)]
pub struct Listening {
    /// Address and port.
    pub address: SocketAddr,
    /// The browser's files; where they are not there, the embedded ones.
    pub dist_dir: PathBuf,
    /// Own TLS; nothing = plain HTTP behind a proxy.
    pub tls: Option<TlsFiles>,
}

/// PEM files, read again when they change.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The chain, leaf first.
    pub certificate: PathBuf,
    /// The leaf's private key.
    pub key: PathBuf,
    /// Authorities of client certificates; given = every client needs one.
    pub client_authorities: Option<PathBuf>,
}

/// What this program is.
#[derive(Debug, Clone)]
pub struct Build {
    /// Its version.
    pub version: String,
    /// Its commit.
    pub commit: String,
    /// When it was built; empty when nobody said.
    pub built_at: String,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Listening {
    let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let ip = match reader.optional("BIND_ADDRESS").map(str::parse) {
        None => any,
        Some(Ok(ip)) => ip,
        Some(Err(_)) => {
            reader.problem("BIND_ADDRESS", "is not an IP address");
            any
        }
    };
    let port = reader.number("PORT", 3_000, 0..=u16::MAX);
    let path = |name| reader.optional(name).map(PathBuf::from);
    let authorities = path("TLS_CLIENT_CA_FILE");
    let (certificate, key) = (path("TLS_CERT_FILE"), path("TLS_KEY_FILE"));
    let dist_dir = reader.text("DIST_DIR", "dist").into();
    let tls = match (certificate, key) {
        (Some(certificate), Some(key)) => Some(TlsFiles {
            certificate,
            key,
            client_authorities: authorities,
        }),
        (None, None) => {
            if authorities.is_some() {
                reader.problem("TLS_CLIENT_CA_FILE", "needs TLS_CERT_FILE and TLS_KEY_FILE");
            }
            None
        }
        (certificate, _) => {
            let missing = if certificate.is_some() {
                "TLS_KEY_FILE"
            } else {
                "TLS_CERT_FILE"
            };
            reader.problem(
                missing,
                "certificate and key belong together; one is missing",
            );
            None
        }
    };
    Listening {
        address: SocketAddr::new(ip, port),
        dist_dir,
        tls,
    }
}

pub(super) fn read_build(reader: &mut Reader<'_>) -> Build {
    Build {
        version: reader.text("APP_VERSION", env!("CARGO_PKG_VERSION")),
        commit: reader.text("APP_COMMIT", "local"),
        built_at: reader.text("APP_BUILT_AT", ""),
    }
}
