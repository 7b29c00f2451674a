use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::key_pair::belong_together;
use super::{CertificateChain, Keys, ObjectMeta, Text};

/// core/v1 Secret: its type, the names of its keys where permitted, and what the certificate in it says
/// of itself; never a value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", from = "Wire")]
pub struct Secret {
    pub metadata: ObjectMeta,
    #[serde(rename = "type")]
    pub type_: Text,
    /// None where only metadata was read.
    pub data: Option<Keys>,
    /// What `tls.crt` holds: the public facts of its certificates. None where its value was not there to
    /// be read, or is no PEM (a recording that hides values).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_chain: Option<CertificateChain>,
    /// Whether `tls.key` is the key of that certificate. None where either was not there to be read, or the key
    /// does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_belongs: Option<bool>,
}

/// The key of a Secret that holds a certificate, the public part of a pair.
const CERTIFICATE: &str = "tls.crt";

/// The one that holds its private key.
const PRIVATE_KEY: &str = "tls.key";

/// A Secret as it comes.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Wire {
    metadata: ObjectMeta,
    #[serde(rename = "type")]
    type_: Text,
    data: Option<Data>,
    string_data: Option<Data>,
    /// Of a recording of ours.
    certificate_chain: Option<CertificateChain>,
    key_belongs: Option<bool>,
}

impl From<Wire> for Secret {
    fn from(wire: Wire) -> Self {
        let written = wire.string_data.unwrap_or_default();
        let data = wire.data.unwrap_or_default();
        let is_known = data.is_there || written.is_there;
        // What is written as text wins, as in the API.
        let pem = |written: Option<String>, data: Option<String>| match (written, data) {
            (Some(pem), _) => Some(pem.into_bytes()),
            (None, Some(text)) => decoded(&text),
            (None, None) => None,
        };
        let certificate = pem(written.certificate, data.certificate);
        let key = pem(written.private_key, data.private_key);
        let chain = certificate.as_deref().and_then(CertificateChain::from_pem);
        let belongs = || belong_together(certificate.as_deref()?, key.as_deref()?);
        let keys = data.keys.into_iter().chain(written.keys);
        Self {
            metadata: wire.metadata,
            type_: wire.type_,
            data: is_known.then(|| keys.collect()),
            certificate_chain: chain.or(wire.certificate_chain),
            key_belongs: belongs().or(wire.key_belongs),
        }
    }
}

fn decoded(base64: &str) -> Option<Vec<u8>> {
    let whole: String = base64.split_ascii_whitespace().collect();
    STANDARD.decode(whole).ok()
}

/// The data of a Secret on its way in: nothing is looked at but a certificate, and whether a key is its key.
#[derive(Default)]
struct Data {
    is_there: bool,
    keys: Vec<Text>,
    certificate: Option<String>,
    private_key: Option<String>,
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DataVisitor;

        impl<'de> Visitor<'de> for DataVisitor {
            type Value = Data;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Data, A::Error> {
                let mut data = Data {
                    is_there: true,
                    ..Data::default()
                };
                while let Some(key) = pairs.next_key::<Text>()? {
                    if key == CERTIFICATE {
                        data.certificate = pairs.next_value::<Option<String>>()?;
                    } else if key == PRIVATE_KEY {
                        data.private_key = pairs.next_value::<Option<String>>()?;
                    } else {
                        pairs.next_value::<IgnoredAny>()?;
                    }
                    data.keys.push(key);
                }
                Ok(data)
            }
        }

        deserializer.deserialize_map(DataVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(json: &str) -> Secret {
        serde_json::from_str(json).expect("a Secret")
    }

    #[test]
    fn keys_are_known_only_where_data_was_read() {
        assert_eq!(secret(r#"{"metadata":{"name":"a"}}"#).data, None);
        assert_eq!(secret(r#"{"data":null}"#).data, None);
        let keys = |json| {
            let data = secret(json).data.expect("data");
            data.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(keys(r#"{"data":{"b":"eA==","a":null}}"#), ["a", "b"]);
        assert_eq!(keys(r#"{"stringData":{"c":"x"}}"#), ["c"]);
        assert_eq!(keys(r#"{"data":{}}"#), Vec::<String>::new());
    }

    #[test]
    fn of_a_pair_only_is_kept_whether_it_is_one() {
        let json =
            r#"{"data":{"tls.crt":"eA==","tls.key":"c2VjcmV0"},"stringData":{"tls.key":"other"}}"#;
        let kept = serde_json::to_string(&secret(json)).expect("JSON");
        assert!(
            !kept.contains("c2VjcmV0") && !kept.contains("other"),
            "{kept}"
        );
        assert_eq!(secret(json).key_belongs, None);
        assert_eq!(secret(r#"{"keyBelongs":false}"#).key_belongs, Some(false));
    }

    #[test]
    fn what_hides_its_value_tells_nothing_of_the_certificate() {
        for value in ["eA==", "PHJlZGFjdGVkPg==", "", "REDACTED"] {
            let json = format!(r#"{{"data":{{"tls.crt":"{value}"}}}}"#);
            assert_eq!(secret(&json).certificate_chain, None, "{value}");
        }
    }
}
