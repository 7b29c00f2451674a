//! When a client certificate expires: the server only says 401.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use kube::config::AuthInfo;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::kubernetes::Certificate;

/// When the user's client certificate expires; none if there is none or it cannot be read.
pub(super) fn expiry(user: &AuthInfo) -> Option<Timestamp> {
    let certificate = match (&user.client_certificate_data, &user.client_certificate) {
        (Some(data), _) => {
            CertificateDer::from_pem_slice(&STANDARD.decode(data.trim()).ok()?).ok()?
        }
        (None, Some(path)) => CertificateDer::from_pem_file(path).ok()?,
        (None, None) => return None,
    };
    Certificate::from_der(&certificate)?.not_after
}
