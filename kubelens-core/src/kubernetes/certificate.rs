//! What X.509 certificates say of themselves: the public facts that a diagnosis needs, never a key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rustls_pki_types::pem::{PemObject, SectionKind};
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::{List, Text};

slim! {
    /// The certificates of one PEM text, in its order: the leaf first, where it is a server's.
    pub struct CertificateChain {
        pub certificates: List<Certificate>,
        /// What the text holds instead, where it holds no certificate: `private key`.
        pub instead: Text,
    }

    /// One certificate.
    pub struct Certificate {
        pub not_before: Option<Timestamp>,
        pub not_after: Option<Timestamp>,
        pub subject: Text,
        pub issuer: Text,
        /// The DNS names and addresses that it is for.
        pub names: List<Text>,
    }
}

/// Most names of one certificate that are kept.
const MOST_NAMES: usize = 20;

impl CertificateChain {
    /// Reads PEM; none where the text is no whole PEM section that is known.
    pub fn from_pem(pem: &[u8]) -> Option<Self> {
        let sections: Vec<(SectionKind, Vec<u8>)> = PemObject::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .ok()?;
        let certificates: List<Certificate> = sections
            .iter()
            .filter(|(kind, _)| *kind == SectionKind::Certificate)
            .filter_map(|(_, der)| Certificate::from_der(der))
            .collect();
        let instead = match sections.first()?.0 {
            _ if !certificates.is_empty() => "",
            SectionKind::Certificate => return None,
            SectionKind::Csr => "certificate signing request",
            SectionKind::PublicKey => "public key",
            SectionKind::Crl => "revocation list",
            _ => "private key",
        };
        Some(Self {
            certificates,
            instead: Text::new(instead),
        })
    }

    /// Reads PEM in base64, as `data` of a Secret and `caBundle` hold it.
    pub fn from_base64(text: &str) -> Option<Self> {
        let whole: String = text.split_ascii_whitespace().collect();
        Self::from_pem(&STANDARD.decode(whole).ok()?)
    }
}

impl Certificate {
    /// Reads one certificate; none where it is damaged.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let whole = CertificateInner::<Raw>::from_der(der).ok()?;
        let facts = whole.tbs_certificate();
        let names = facts
            .get_extension::<SubjectAltName>()
            .ok()
            .flatten()
            .map(|(_, names)| names.0.iter().filter_map(name).take(MOST_NAMES).collect());
        Some(Self {
            not_before: instant(facts.validity().not_before),
            not_after: instant(facts.validity().not_after),
            subject: Text::new(&facts.subject().to_string()),
            issuer: Text::new(&facts.issuer().to_string()),
            names: names.unwrap_or_default(),
        })
    }

    /// Whether it is over at an instant.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.not_after.is_some_and(|end| end < now)
    }

    /// Whether it has not begun at an instant.
    pub fn is_early(&self, now: Timestamp) -> bool {
        self.not_before.is_some_and(|begin| begin > now)
    }

    /// Whom it is for: its first name, else its subject.
    pub fn holder(&self) -> &str {
        self.names.first().map_or(&*self.subject, |name| name)
    }
}

fn instant(time: x509_cert::time::Time) -> Option<Timestamp> {
    let seconds = time.to_unix_duration().as_secs();
    Timestamp::from_second(i64::try_from(seconds).ok()?).ok()
}

fn name(name: &GeneralName) -> Option<Text> {
    match name {
        GeneralName::DnsName(name) => Some(Text::new(name.as_str())),
        GeneralName::UniformResourceIdentifier(name) => Some(Text::new(name.as_str())),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let four = <[u8; 4]>::try_from(bytes).map(std::net::IpAddr::from);
            let address = four.or_else(|_| <[u8; 16]>::try_from(bytes).map(Into::into));
            Some(Text::new(&address.ok()?.to_string()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A self-signed certificate of the year 2024.
    const PEM: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBXTCCAQOgAwIBAgIBATAKBggqhkjOPQQDAjAXMRUwEwYDVQQDDAxzaG9wLmV4\n\
YW1wbGUwHhcNMjQwMTAxMDAwMDAwWhcNMjUwMTAxMDAwMDAwWjAXMRUwEwYDVQQD\n\
DAxzaG9wLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQug/AVQypg\n\
1dhKXnZNJz8WwJZyjSp77Gx1Iw+9NitmfLcv66R1eac6KPHJKeCJy1JlTgz/W3dG\n\
ASas8pCkPyiXo0AwPjAdBgNVHREEFjAUggxzaG9wLmV4YW1wbGWHBAoAAAcwHQYD\n\
VR0OBBYEFAVPb/Ygppa7y78t9gGxn88pzyqFMAoGCCqGSM49BAMCA0gAMEUCIBWT\n\
N/ymZYg/aB/YvboQmlowy43C5SCpsYgKSS2b+R2oAiEA/OqJefe25Z0NeDinsc8L\n\
AgntCqFXd3+pOYyahanIokc=\n\
-----END CERTIFICATE-----\n\
";

    #[test]
    fn a_certificate_tells_its_time_and_its_names() {
        let chain = CertificateChain::from_base64(&STANDARD.encode(PEM)).unwrap_or_default();
        let [one] = &*chain.certificates else {
            panic!("{chain:?}");
        };
        let time = |text: &str| text.parse().ok();
        assert_eq!(one.not_before, time("2024-01-01T00:00:00Z"));
        assert_eq!(one.not_after, time("2025-01-01T00:00:00Z"));
        assert_eq!(one.subject, "CN=shop.example");
        assert_eq!(
            &*one.names,
            [Text::new("shop.example"), Text::new("10.0.0.7")]
        );
        assert_eq!(one.holder(), "shop.example");
        assert!(one.not_after.is_some_and(|end| !one.is_expired(end)));
    }

    #[test]
    fn a_chain_keeps_its_order_and_something_else_is_told() {
        let twice = CertificateChain::from_pem([PEM, PEM].concat().as_bytes());
        assert_eq!(twice.map(|chain| chain.certificates.len()), Some(2));
        let label = |label: &str| format!("-----BEGIN {label}-----\neA==\n-----END {label}-----\n");
        let instead =
            |pem: &str| CertificateChain::from_pem(pem.as_bytes()).map(|chain| chain.instead);
        let key = instead(&label("PRIVATE KEY"));
        assert_eq!(key, Some(Text::new("private key")));
        let request = instead(&label("CERTIFICATE REQUEST"));
        assert_eq!(request, Some(Text::new("certificate signing request")));
        assert_eq!(instead(&label("CERTIFICATE")), None, "damaged");
        assert_eq!(instead("x"), None);
    }

    #[test]
    fn a_damaged_certificate_is_none() {
        let der = STANDARD.decode(
            PEM.lines()
                .filter(|line| !line.starts_with('-'))
                .collect::<String>(),
        );
        let der = der.unwrap_or_default();
        assert!(Certificate::from_der(&der).is_some());
        assert_eq!(
            Certificate::from_der(der.get(..der.len() / 2).unwrap_or_default()),
            None
        );
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(bytes in proptest::collection::vec(0_u8..=255, 0..200)) {
            let _ = Certificate::from_der(&bytes);
            let _ = CertificateChain::from_pem(&bytes);
        }
    }
}
