use serde::{Deserialize, Serialize};

use super::{Keys, Map, ObjectMeta};

/// core/v1 ConfigMap: the names of its keys and how large the values are together, never the values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", from = "ConfigMapOnWire")]
pub struct ConfigMap {
    pub metadata: ObjectMeta,
    pub data: Keys,
    pub binary_data: Keys,
    pub immutable: Option<bool>,
    /// Bytes of all values, as the API counts them against its limit. A recording without values says it in a
    /// field of our own.
    #[serde(rename = "kubelens.dev/dataBytes", skip_serializing_if = "is_zero")]
    pub data_bytes: u64,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ConfigMapOnWire {
    metadata: ObjectMeta,
    data: Map<Size>,
    binary_data: Map<Size>,
    immutable: Option<bool>,
    #[serde(rename = "kubelens.dev/dataBytes")]
    recorded: u64,
}

impl From<ConfigMapOnWire> for ConfigMap {
    fn from(wire: ConfigMapOnWire) -> Self {
        // Four characters of base64 stand for three bytes.
        let bytes = total(&wire.data) + total(&wire.binary_data) / 4 * 3;
        Self {
            metadata: wire.metadata,
            data: Keys::of(wire.data.keys()),
            binary_data: Keys::of(wire.binary_data.keys()),
            immutable: wire.immutable,
            data_bytes: bytes.max(wire.recorded),
        }
    }
}

fn total(sizes: &Map<Size>) -> u64 {
    sizes.iter().map(|(_, size)| size.0).sum()
}

// serde hands over a reference to the field.
#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature is serde's"
)]
const fn is_zero(bytes: &u64) -> bool {
    *bytes == 0
}

/// How long a string is, of which nothing is kept.
#[derive(Default)]
struct Size(u64);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }
}

struct SizeVisitor;

impl<'de> serde::de::Visitor<'de> for SizeVisitor {
    type Value = Size;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, text: &str) -> Result<Size, E> {
        Ok(Size(text.len() as u64))
    }

    fn visit_unit<E>(self) -> Result<Size, E> {
        Ok(Size(0))
    }

    fn visit_none<E>(self) -> Result<Size, E> {
        Ok(Size(0))
    }

    // Hand-written files hold values that no API server would take; their size does not matter.
    fn visit_bool<E>(self, _: bool) -> Result<Size, E> {
        Ok(Size(0))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Size, E> {
        Ok(Size(0))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Size, E> {
        Ok(Size(0))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Size, E> {
        Ok(Size(0))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Size, A::Error> {
        while items.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        Ok(Size(0))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut fields: A) -> Result<Size, A::Error> {
        while fields
            .next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?
            .is_some()
        {}
        Ok(Size(0))
    }
}

#[cfg(test)]
mod tests {
    use super::ConfigMap;

    #[test]
    fn sizes_are_kept_and_values_are_not() {
        let json =
            r#"{"data":{"a":"12345","b":7,"c":null,"d":[{"x":1}]},"binaryData":{"e":"AAAAAAAA"}}"#;
        let map: ConfigMap = serde_json::from_str(json).expect("a ConfigMap");
        assert_eq!(map.data_bytes, 11);
        let recorded = serde_json::to_string(&map).expect("JSON");
        assert!(!recorded.contains("12345"), "{recorded}");
        let again: ConfigMap = serde_json::from_str(&recorded).expect("a ConfigMap");
        assert_eq!(again, map);
    }
}
