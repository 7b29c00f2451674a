//! TLS of our own: certificates from files, read again when they change; client certificates when
//! authorities for them are named.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::settings::TlsFiles;

/// A handshake that takes longer is dropped.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes at a time; more connections wait in the system's queue.
const HANDSHAKES: usize = 512;
/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(30);
/// A pause after the system refused a connection (too many open files).
const REFUSED: Duration = Duration::from_millis(100);

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("{setting} {path}: {problem}")]
pub struct TlsError {
    setting: &'static str,
    path: String,
    problem: String,
}

/// The certificate in use.
pub struct Tls {
    files: TlsFiles,
    current: RwLock<(Arc<ServerConfig>, [u8; 32])>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Tls")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files; a certificate that does not fit its key is an error.
    pub fn load(files: TlsFiles) -> Result<Tls, TlsError> {
        let current = RwLock::new((Arc::new(configure(&files)?), fingerprint(&files)));
        Ok(Tls { files, current })
    }

    /// Reads the files again when they changed; says whether they did. What cannot be used leaves
    /// the old certificate in place.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let found = fingerprint(&self.files);
        if self
            .current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .1
            == found
        {
            return Ok(false);
        }
        let fresh = Arc::new(configure(&self.files)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = (fresh, found);
        Ok(true)
    }

    /// Shakes hands with a client, within ten seconds.
    pub async fn accept(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        let config = self
            .current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .0
            .clone();
        let handshake = TlsAcceptor::from(config).accept(stream);
        match tokio::time::timeout(HANDSHAKE, handshake).await {
            Ok(shaken) => shaken,
            Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
        }
    }
}

fn configure(files: &TlsFiles) -> Result<ServerConfig, TlsError> {
    let failed = |setting, path: &Path, problem: String| TlsError {
        setting,
        path: path.display().to_string(),
        problem,
    };
    let read = |setting, path: &Path| -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect)
            .map_err(|error| failed(setting, path, error.to_string()))?;
        if certificates.is_empty() {
            return Err(failed(setting, path, "has no certificate".to_owned()));
        }
        Ok(certificates)
    };
    let chain = read("TLS_CERT_FILE", &files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| failed("TLS_KEY_FILE", &files.key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| failed("TLS_CERT_FILE", &files.certificate, error.to_string()))?;
    let builder = match &files.client_authorities {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let setting = "TLS_CLIENT_CA_FILE";
            let mut roots = RootCertStore::empty();
            for authority in read(setting, path)? {
                roots
                    .add(authority)
                    .map_err(|error| failed(setting, path, error.to_string()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(|error| failed(setting, path, error.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(|error| failed("TLS_CERT_FILE", &files.certificate, error.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn fingerprint(files: &TlsFiles) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let paths = [
        Some(&files.certificate),
        Some(&files.key),
        files.client_authorities.as_ref(),
    ];
    for path in paths.into_iter().flatten() {
        hasher.update(std::fs::read(path).unwrap_or_default());
        hasher.update([0]);
    }
    hasher.finalize().into()
}

/// The other end of a connection, with or without TLS: `into_make_service_with_connect_info::<Peer>()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// Whether the connection is encrypted by this server.
    pub over_tls: bool,
}

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Peer {
        Peer {
            address: *stream.remote_addr(),
            over_tls: false,
        }
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Peer {
        Peer {
            address: *stream.remote_addr(),
            over_tls: true,
        }
    }
}

/// A listener for `axum::serve`: handshakes go on beside each other, and a slow one holds up
/// nobody.
#[derive(Debug)]
pub struct TlsListener {
    address: SocketAddr,
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl TlsListener {
    /// Serves TLS on `listener`; looks at the files every half minute until it is dropped.
    pub fn new(listener: TcpListener, tls: Arc<Tls>) -> std::io::Result<TlsListener> {
        let address = listener.local_addr()?;
        let (send, ready) = mpsc::channel(64);
        let watched = tls.clone();
        let open = send.clone();
        tokio::spawn(async move {
            while !open.is_closed() {
                tokio::time::sleep(LOOK).await;
                let tls = watched.clone();
                match tokio::task::spawn_blocking(move || tls.reload()).await {
                    Ok(Ok(true)) => tracing::info!("a new certificate is served"),
                    Ok(Err(error)) => tracing::error!("{error}; the old certificate stays"),
                    _ => {}
                }
            }
        });
        tokio::spawn(async move {
            let places = Arc::new(Semaphore::new(HANDSHAKES));
            loop {
                let Ok(place) = places.clone().acquire_owned().await else {
                    return;
                };
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    () = send.closed() => return,
                };
                let Ok((stream, peer)) = accepted else {
                    tokio::time::sleep(REFUSED).await;
                    continue;
                };
                let (tls, send) = (tls.clone(), send.clone());
                tokio::spawn(async move {
                    // A failed handshake is the client's affair.
                    if let Ok(stream) = tls.accept(stream).await {
                        let _ = send.send((stream, peer)).await;
                    }
                    drop(place);
                });
            }
        });
        Ok(TlsListener { address, ready })
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(ready) => ready,
            // The accepting task ended with the runtime: there is nothing more to come.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.address)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use axum::Router;
    use axum::extract::ConnectInfo;
    use axum::routing::get;
    use rcgen::{CertificateParams, Issuer, KeyPair};

    use super::*;

    struct Authority {
        key: KeyPair,
        params: CertificateParams,
        pem: String,
    }

    fn authority() -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { key, params, pem }
    }

    /// A certificate and its key, in PEM.
    fn certificate(by: &Authority, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let issuer = Issuer::from_params(&by.params, &by.key);
        let pem = params.signed_by(&key, &issuer).unwrap().pem();
        (pem, key.serialize_pem())
    }

    fn write(directory: &Path, (certificate, key): &(String, String)) -> TlsFiles {
        std::fs::write(directory.join("cert.pem"), certificate).unwrap();
        std::fs::write(directory.join("key.pem"), key).unwrap();
        TlsFiles {
            certificate: directory.join("cert.pem"),
            key: directory.join("key.pem"),
            client_authorities: None,
        }
    }

    async fn serve(tls: Arc<Tls>) -> SocketAddr {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let listener = TlsListener::new(tcp, tls).unwrap();
        let address = listener.local_addr().unwrap();
        let handler = async |ConnectInfo(peer): ConnectInfo<Peer>| format!("{}", peer.over_tls);
        let app = Router::new().route("/", get(handler));
        let app = app.into_make_service_with_connect_info::<Peer>();
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    }

    async fn ask(
        address: SocketAddr,
        trust: &str,
        identity: Option<&(String, String)>,
    ) -> Option<String> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let root = reqwest::Certificate::from_pem(trust.as_bytes()).unwrap();
        let mut client = reqwest::Client::builder()
            .tls_certs_only([root])
            .no_proxy()
            .resolve("kubelens.test", address);
        if let Some((certificate, key)) = identity {
            let pem = format!("{certificate}{key}");
            client = client.identity(reqwest::Identity::from_pem(pem.as_bytes()).unwrap());
        }
        let url = format!("https://kubelens.test:{}/", address.port());
        let answer = client.build().unwrap().get(url).send().await.ok()?;
        answer.text().await.ok()
    }

    #[tokio::test]
    async fn a_new_certificate_is_served_and_a_broken_one_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let (one, two) = (authority(), authority());
        let files = write(directory.path(), &certificate(&one, "kubelens.test"));
        let tls = Arc::new(Tls::load(files).unwrap());
        let address = serve(tls.clone()).await;
        assert_eq!(ask(address, &one.pem, None).await.as_deref(), Some("true"));
        assert!(!tls.reload().unwrap());

        write(directory.path(), &certificate(&two, "kubelens.test"));
        assert!(tls.reload().unwrap());
        assert_eq!(ask(address, &two.pem, None).await.as_deref(), Some("true"));
        assert_eq!(ask(address, &one.pem, None).await, None);

        std::fs::write(directory.path().join("cert.pem"), "broken").unwrap();
        assert!(tls.reload().is_err());
        assert_eq!(ask(address, &two.pem, None).await.as_deref(), Some("true"));
    }

    #[tokio::test]
    async fn with_client_authorities_strangers_stay_outside() {
        let directory = tempfile::tempdir().unwrap();
        let (server, clients) = (authority(), authority());
        let authorities: PathBuf = directory.path().join("clients.pem");
        std::fs::write(&authorities, &clients.pem).unwrap();
        let files = TlsFiles {
            client_authorities: Some(authorities),
            ..write(directory.path(), &certificate(&server, "kubelens.test"))
        };
        let address = serve(Arc::new(Tls::load(files).unwrap())).await;
        assert_eq!(ask(address, &server.pem, None).await, None);
        let stranger = certificate(&server, "stranger");
        assert_eq!(ask(address, &server.pem, Some(&stranger)).await, None);
        let friend = certificate(&clients, "friend");
        assert_eq!(
            ask(address, &server.pem, Some(&friend)).await.as_deref(),
            Some("true")
        );
    }

    #[tokio::test]
    async fn a_client_that_says_nothing_holds_up_nobody() {
        let directory = tempfile::tempdir().unwrap();
        let one = authority();
        let files = write(directory.path(), &certificate(&one, "kubelens.test"));
        let address = serve(Arc::new(Tls::load(files).unwrap())).await;
        let mut silent = Vec::new();
        for _ in 0..20 {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        assert_eq!(ask(address, &one.pem, None).await.as_deref(), Some("true"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let files = TlsFiles {
            certificate: "/nowhere/cert.pem".into(),
            key: "/nowhere/key.pem".into(),
            client_authorities: None,
        };
        let text = Tls::load(files).unwrap_err().to_string();
        assert!(
            text.starts_with("TLS_CERT_FILE /nowhere/cert.pem: "),
            "{text}"
        );
    }
}
