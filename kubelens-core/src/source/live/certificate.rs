//! When a client certificate expires: the server only says 401.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use kube::config::AuthInfo;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// When the user's client certificate expires; none if there is none or it cannot be read.
pub(super) fn expiry(user: &AuthInfo) -> Option<Timestamp> {
    let certificate = match (&user.client_certificate_data, &user.client_certificate) {
        (Some(data), _) => {
            CertificateDer::from_pem_slice(&STANDARD.decode(data.trim()).ok()?).ok()?
        }
        (None, Some(path)) => CertificateDer::from_pem_file(path).ok()?,
        (None, None) => return None,
    };
    not_after(&certificate)
}

/// X.509: Certificate { tbsCertificate { [0] version, serial, signature, issuer, validity { from, to } … } … }.
fn not_after(certificate: &[u8]) -> Option<Timestamp> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut rest, _) = element(certificate)?;
    let (tag, _, after) = element(rest)?;
    if tag == 0xA0 {
        rest = after;
    }
    for _ in ["serial", "signature", "issuer"] {
        rest = element(rest)?.2;
    }
    let (_, validity, _) = element(rest)?;
    let (_, _, second) = element(validity)?;
    let (tag, time, _) = element(second)?;
    instant(tag, std::str::from_utf8(time).ok()?)
}

/// Tag and content of the first DER element, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], mut rest) = bytes.split_first_chunk::<2>()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let (digits, after) = rest.split_at_checked(usize::from(first & 0x7F))?;
        length = digits.iter().try_fold(0_usize, |sum, digit| {
            Some(sum.checked_mul(256)? + usize::from(*digit))
        })?;
        rest = after;
    }
    let (content, after) = rest.split_at_checked(length)?;
    Some((tag, content, after))
}

/// UTCTime (`YYMMDDHHMMSSZ`, 1950 to 2049) or GeneralizedTime (`YYYYMMDDHHMMSSZ`).
fn instant(tag: u8, text: &str) -> Option<Timestamp> {
    let text = match tag {
        0x17 if text < "50" => format!("20{text}"),
        0x17 => format!("19{text}"),
        _ => text.to_owned(),
    };
    let (date, time) = text.strip_suffix('Z')?.split_at_checked(8)?;
    format!("{date}T{time}Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_certificate_is_read_in_both_of_its_forms() {
        let utc = [&[0x17, 13][..], b"250102030405Z"].concat();
        let general = [&[0x18, 15][..], b"20500102030405Z"].concat();
        for (to, expected) in [
            (utc, "2025-01-02T03:04:05Z"),
            (general, "2050-01-02T03:04:05Z"),
        ] {
            let from = [&[0x17, 13][..], b"240102030405Z"].concat();
            let wrap = |tag: u8, parts: &[&[u8]]| {
                let content = parts.concat();
                [
                    vec![tag, 0x81, u8::try_from(content.len()).unwrap()],
                    content,
                ]
                .concat()
            };
            let validity = wrap(0x30, &[&from, &to]);
            let small = [0x02, 1, 1];
            let body = wrap(
                0x30,
                &[
                    &wrap(0xA0, &[&small]),
                    &small,
                    &wrap(0x30, &[]),
                    &wrap(0x30, &[]),
                    &validity,
                ],
            );
            let certificate = wrap(0x30, &[&body]);
            assert_eq!(not_after(&certificate).unwrap().to_string(), expected);
            assert_eq!(not_after(&certificate[..certificate.len() / 2]), None);
        }
    }
}
