use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use super::Text;

/// A map of the API, sorted by key; null reads as empty.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Map<V>(Box<[(Text, V)]>);

/// Labels, node selectors and annotations.
pub type Labels = Map<Text>;

impl<V> Map<V> {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&V> {
        let at = self
            .0
            .binary_search_by(|(known, _)| known.as_str().cmp(key))
            .ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    /// Whether the key is there.
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// All pairs, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&Text, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// All keys, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &Text> {
        self.0.iter().map(|(key, _)| key)
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl Map<Text> {
    /// The value of a key as characters.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.get(key).map(Text::as_str)
    }

    /// Whether every pair of the other map is in this one: labels meet a selector that is a map. An empty one is met
    /// by all.
    pub fn holds(&self, selector: &Self) -> bool {
        selector
            .iter()
            .all(|(key, value)| self.get(key) == Some(value))
    }
}

impl<V> Default for Map<V> {
    fn default() -> Self {
        Self(Box::default())
    }
}

impl<V> FromIterator<(Text, V)> for Map<V> {
    /// Of equal keys the first one stays.
    fn from_iter<I: IntoIterator<Item = (Text, V)>>(pairs: I) -> Self {
        let mut all: Vec<_> = pairs.into_iter().collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all.dedup_by(|(later, _), (earlier, _)| later == earlier);
        Self(all.into_boxed_slice())
    }
}

impl<V: fmt::Debug> fmt::Debug for Map<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<V: Serialize> Serialize for Map<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self.iter() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Map<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(PairsVisitor(PhantomData))
    }
}

struct PairsVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for PairsVisitor<V> {
    type Value = Map<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_none<E>(self) -> Result<Map<V>, E> {
        Ok(Map::default())
    }

    fn visit_unit<E>(self) -> Result<Map<V>, E> {
        Ok(Map::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Map<V>, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Map<V>, A::Error> {
        let mut all = Vec::new();
        while let Some(pair) = pairs.next_entry::<Text, V>()? {
            all.push(pair);
        }
        Ok(all.into_iter().collect())
    }
}

impl fmt::Display for Labels {
    /// As `kubectl -l` takes it: `app=web,tier=front`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (key, value)) in self.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{key}={value}")?;
        }
        Ok(())
    }
}

/// The keys of a map whose values are not kept: data of a ConfigMap or a Secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Keys(Map<()>);

impl Keys {
    /// These keys.
    pub(super) fn of<'a>(keys: impl Iterator<Item = &'a Text>) -> Self {
        Self(keys.map(|key| (key.clone(), ())).collect())
    }

    /// Whether the key is there.
    pub fn contains(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// All keys, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &Text> {
        self.0.keys()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Text> for Keys {
    fn from_iter<I: IntoIterator<Item = Text>>(keys: I) -> Self {
        Self(keys.into_iter().map(|key| (key, ())).collect())
    }
}

impl Serialize for Keys {
    /// Every key with an empty string: the values were never kept.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for key in self.iter() {
            map.serialize_entry(key, "")?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = Map::<serde::de::IgnoredAny>::deserialize(deserializer)?;
        Ok(Self::of(pairs.keys()))
    }
}
