//! Whether a private key and a certificate belong together. Of the key only the public half that it carries is
//! compared, and nothing but the answer is kept.

use rustls_pki_types::pem::{PemObject, SectionKind};
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::asn1::{AnyRef, ObjectIdentifier};
use x509_cert::der::{Decode, Reader, SliceReader, Tag, TagNumber, Tagged};

/// `rsaEncryption`.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// `id-ecPublicKey`.
const CURVE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// The public half of a pair.
#[derive(PartialEq)]
enum Public {
    /// Modulus and exponent.
    Rsa(Vec<u8>, Vec<u8>),
    /// A point on a curve, as the standards write it.
    Point(Vec<u8>),
}

/// Whether the key in one PEM text is that of the first certificate in the other; none where either cannot be read,
/// is encrypted or of another sort, or where the key does not carry its public half.
pub(super) fn belong_together(certificate: &[u8], key: &[u8]) -> Option<bool> {
    let of_certificate = of_certificate(&section(certificate, |kind| {
        matches!(kind, SectionKind::Certificate)
    })?)?;
    let (kind, der) = PemObject::pem_slice_iter(key)
        .filter_map(Result::ok)
        .find(|(kind, _): &(SectionKind, Vec<u8>)| is_key(*kind))?;
    let of_key = match kind {
        SectionKind::RsaPrivateKey => rsa(&der)?,
        SectionKind::EcPrivateKey => curve(&der)?,
        _ => wrapped(&der)?,
    };
    match (&of_certificate, &of_key) {
        // A point may be written short: then nothing is known.
        (Public::Point(one), Public::Point(other)) if one.len() != other.len() => None,
        _ => Some(of_certificate == of_key),
    }
}

const fn is_key(kind: SectionKind) -> bool {
    matches!(
        kind,
        SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey | SectionKind::PrivateKey
    )
}

fn section(pem: &[u8], is_wanted: impl Fn(SectionKind) -> bool) -> Option<Vec<u8>> {
    PemObject::pem_slice_iter(pem)
        .filter_map(Result::ok)
        .find(|(kind, _): &(SectionKind, Vec<u8>)| is_wanted(*kind))
        .map(|(_, der)| der)
}

fn of_certificate(der: &[u8]) -> Option<Public> {
    let whole = CertificateInner::<Raw>::from_der(der).ok()?;
    let key = whole.tbs_certificate().subject_public_key_info();
    let bits = key.subject_public_key.as_bytes()?;
    if key.algorithm.oid == RSA {
        let parts = parts(bits)?;
        return Some(Public::Rsa(number(&parts, 0)?, number(&parts, 1)?));
    }
    (key.algorithm.oid == CURVE).then(|| Public::Point(bits.to_vec()))
}

/// `RSAPrivateKey` of PKCS#1: version, modulus, public exponent, and what stays secret.
fn rsa(der: &[u8]) -> Option<Public> {
    let parts = parts(der)?;
    Some(Public::Rsa(number(&parts, 1)?, number(&parts, 2)?))
}

/// `ECPrivateKey` of SEC 1, whose last field may be the public point.
fn curve(der: &[u8]) -> Option<Public> {
    let parts = parts(der)?;
    let public = Tag::ContextSpecific {
        constructed: true,
        number: TagNumber(1),
    };
    let last = parts.iter().find(|part| part.tag() == public)?;
    let bits = AnyRef::from_der(last.value()).ok()?;
    let (_unused, point) = bits.value().split_first()?;
    (bits.tag() == Tag::BitString).then(|| Public::Point(point.to_vec()))
}

/// `PrivateKeyInfo` of PKCS#8: version, algorithm, and the key of that algorithm.
fn wrapped(der: &[u8]) -> Option<Public> {
    let fields = parts(der)?;
    let named = self::fields(fields.get(1)?.value())?;
    let algorithm = ObjectIdentifier::from_bytes(named.first()?.value()).ok()?;
    let key = fields.get(2).filter(|key| key.tag() == Tag::OctetString)?;
    if algorithm == RSA {
        return rsa(key.value());
    }
    (algorithm == CURVE).then(|| curve(key.value())).flatten()
}

/// The fields of a sequence.
fn parts(der: &[u8]) -> Option<Vec<AnyRef<'_>>> {
    let whole = AnyRef::from_der(der).ok()?;
    (whole.tag() == Tag::Sequence).then(|| fields(whole.value()))?
}

fn fields(content: &[u8]) -> Option<Vec<AnyRef<'_>>> {
    let mut reader = SliceReader::new(content).ok()?;
    let mut all = Vec::new();
    while !reader.is_finished() {
        all.push(AnyRef::decode(&mut reader).ok()?);
    }
    Some(all)
}

fn number(parts: &[AnyRef<'_>], at: usize) -> Option<Vec<u8>> {
    let part = parts.get(at).filter(|part| part.tag() == Tag::Integer)?;
    Some(part.value().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURVE_CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBgjCCASmgAwIBAgIUXdrX82EN9Bw3SL8hDEDiA+PT+7kwCgYIKoZIzj0EAwIw\n\
FzEVMBMGA1UEAwwMc2hvcC5leGFtcGxlMB4XDTI2MTEyODIwNTcxOVoXDTQ2MTEy\n\
MzIwNTcxOVowFzEVMBMGA1UEAwwMc2hvcC5leGFtcGxlMFkwEwYHKoZIzj0CAQYI\n\
KoZIzj0DAQcDQgAEazBzyahj1rrJzFsiwsI26DhYQPSJlo2ci+MBd8iSBIbE5XkB\n\
YuHWug8uW3fJW1yuZxBbVxzToOapH83lJC05dKNTMFEwHQYDVR0OBBYEFAshW5oY\n\
N015tc87VT0OdKA5/SIZMB8GA1UdIwQYMBaAFAshW5oYN015tc87VT0OdKA5/SIZ\n\
MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgDAt4BdprJkpP8UQ1\n\
Egqe2BFzLZsaToLzmJDiq07OsIoCIGAnHJMNTWurzxZS+fXNs6ZClaUb+9gBR7Mf\n\
TL42OMK1\n\
-----END CERTIFICATE-----\n\
";
    const CURVE_KEY: &str = "\
-----BEGIN PRIVATE KEY-----\n\
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg2OZl2xtADN9Adu05\n\
YiuWziVlWRueA/AcI5MMBdYz9YmhRANCAARrMHPJqGPWusnMWyLCwjboOFhA9ImW\n\
jZyL4wF3yJIEhsTleQFi4da6Dy5bd8lbXK5nEFtXHNOg5qkfzeUkLTl0\n\
-----END PRIVATE KEY-----\n\
";
    const CURVE_KEY_SEC1: &str = "\
-----BEGIN EC PRIVATE KEY-----\n\
MHcCAQEEINjmZdsbQAzfQHbtOWIrls4lZVkbngPwHCOTDAXWM/WJoAoGCCqGSM49\n\
AwEHoUQDQgAEazBzyahj1rrJzFsiwsI26DhYQPSJlo2ci+MBd8iSBIbE5XkBYuHW\n\
ug8uW3fJW1yuZxBbVxzToOapH83lJC05dA==\n\
-----END EC PRIVATE KEY-----\n\
";
    const OTHER_CURVE_KEY: &str = "\
-----BEGIN PRIVATE KEY-----\n\
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg2MrLVbP81JhkRSgz\n\
Dm8UviQviCOHau13jyF6UMEmDfmhRANCAAR6G4TR219emdpnKpQdftIR4hlUtvT1\n\
6fGvnyyk/LduDf1lIu9jjDxENQN7rG3sV0up8wbdoJxo4g2gtiyxhfyX\n\
-----END PRIVATE KEY-----\n\
";
    const RSA_CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIICCDCCAXGgAwIBAgIUXja0ip5+w1Fie/eKi0EhWO5U8rIwDQYJKoZIhvcNAQEL\n\
BQAwFjEUMBIGA1UEAwwLcnNhLmV4YW1wbGUwHhcNMjYxMTI4MjA1NzE5WhcNNDYx\n\
MTIzMjA1NzE5WjAWMRQwEgYDVQQDDAtyc2EuZXhhbXBsZTCBnzANBgkqhkiG9w0B\n\
AQEFAAOBjQAwgYkCgYEAs6acK4NFrk7NzAoacFpxLYs2CN0y7TjL+t3EalymQ8Dr\n\
OswIXHcq+b+8v+Nb8MxnHVUyOz8sdDxwxjz+P8zYWGYUkPTC8NcsdibUgPXr/gRS\n\
iue5SXnr27SQzRNEhKJ+Cx0MtcQ6pV3if7ScOWDet9p8UtEjr/oLT1MYfFupyqkC\n\
AwEAAaNTMFEwHQYDVR0OBBYEFFnxrVC71FaHA8BKrC3g/XuV9tlDMB8GA1UdIwQY\n\
MBaAFFnxrVC71FaHA8BKrC3g/XuV9tlDMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZI\n\
hvcNAQELBQADgYEAB5+9Yy+EFcvKxLFofh6V9kM1Vr0Ry+8bjC5pbVTJ6WlSce76\n\
EWPfiweXfX9mXf2DqqLAoZR1z4oamA+CfjzgAczuBTTj/Q77AnAgdbOUYghjWd0Q\n\
2+0MPcg0x/DX7S0OS/G1RXrRBqQQhPS4wpWZAqk/pziL07y1ouP+tyeD5i4=\n\
-----END CERTIFICATE-----\n\
";
    const RSA_KEY: &str = "\
-----BEGIN RSA PRIVATE KEY-----\n\
MIICXAIBAAKBgQCzppwrg0WuTs3MChpwWnEtizYI3TLtOMv63cRqXKZDwOs6zAhc\n\
dyr5v7y/41vwzGcdVTI7Pyx0PHDGPP4/zNhYZhSQ9MLw1yx2JtSA9ev+BFKK57lJ\n\
eevbtJDNE0SEon4LHQy1xDqlXeJ/tJw5YN632nxS0SOv+gtPUxh8W6nKqQIDAQAB\n\
AoGAPgJLM2W7PoAq3ru6Bn/hQuQjQYoAUwtgtPWpH0FdjlNfnkrgs/HaHpyE7QLw\n\
MDyNdv16OiMDGBfooTRaWfE91ykgu9oQ6txGJab3qlPZbzDJjBwv8YM05MsZepo5\n\
OVtg97eHf1pjcMao4Bf6ESTrRjlrInXFjtFi35HHL897cBECQQDhlO+Q61GncNvB\n\
Lq/3PzmvCvcLruPZotP+8oSE6PPUAp1Qe1lPossZIqqMkNtAdqFFNYgPkj4lUCXi\n\
dVhcAKR1AkEAy+AkLpCZAVg9zP1/HHDpSqrT/tnRHMz8Qb3FPOlqqWd8xu34BOLe\n\
35djhmFi3lhSduL0nlO6EUe1CcIHdg425QJAZmXJ/XmkPiKPznhX7h7oG1oZ3FbO\n\
HPu5ya/ikcaA8Asjx+XGG80k7kr7KgWTUQbIm/b5xT+4MA3atJpZuqGcBQJBALR4\n\
M+8YRqi/EO3Nk+B8Pra+4ywcahRBjCcxslAKG0Xb+sMpUbwZi8qG+y2wNVG3A0CE\n\
BJ/GY9X6ENKTdAFX8dUCQD99OLCSqxnFnCEpnip9Hk8COAPpGOqDXqOZjIiLZ/g7\n\
7yYf7gQgWRnBn+V0L4zFRVWBuJH1i0i2uaI4OoC6p9k=\n\
-----END RSA PRIVATE KEY-----\n\
";

    #[test]
    fn a_pair_is_told_from_strangers() {
        let cases = [
            (CURVE_CERTIFICATE, CURVE_KEY, Some(true)),
            (CURVE_CERTIFICATE, CURVE_KEY_SEC1, Some(true)),
            (CURVE_CERTIFICATE, OTHER_CURVE_KEY, Some(false)),
            (CURVE_CERTIFICATE, RSA_KEY, Some(false)),
            (RSA_CERTIFICATE, RSA_KEY, Some(true)),
            (RSA_CERTIFICATE, CURVE_KEY, Some(false)),
            (CURVE_CERTIFICATE, CURVE_CERTIFICATE, None),
            (CURVE_CERTIFICATE, "<redacted>", None),
            ("<redacted>", CURVE_KEY, None),
        ];
        for (number, (certificate, key, expected)) in cases.into_iter().enumerate() {
            let answer = belong_together(certificate.as_bytes(), key.as_bytes());
            assert_eq!(answer, expected, "case {number}");
        }
    }

    #[test]
    fn a_key_without_its_public_half_says_nothing() {
        // Of a SEC 1 key: version and secret alone.
        let short = [0x30, 0x06, 0x02, 0x01, 0x01, 0x04, 0x01, 0x07];
        assert!(curve(&short).is_none());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(bytes in proptest::collection::vec(0_u8..=255, 0..200)) {
            let _ = (rsa(&bytes), curve(&bytes), wrapped(&bytes));
            let _ = belong_together(&bytes, &bytes);
        }
    }
}
