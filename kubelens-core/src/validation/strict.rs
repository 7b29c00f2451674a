//! Decodes an object into the API's own type and notes on the way what that type has no place for.

use std::cell::RefCell;
use std::fmt;

use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

use super::field_error::{Errors, Path};
use crate::model::did_you_mean;

/// The object as the API's type, where it can be read as one. Fields that are `null` count as not written, as they do
/// for the API.
pub(super) fn decode<'a, T: Deserialize<'a>>(value: &'a Value, errors: &mut Errors) -> Option<T> {
    let found = RefCell::new(Errors::default());
    std::mem::swap(&mut *found.borrow_mut(), errors);
    let read = T::deserialize(Field {
        value,
        path: Path::default(),
        found: &found,
        known: &[],
    });
    *errors = found.into_inner();
    match read {
        Ok(object) => Some(object),
        Err(Stop { path, words }) => {
            errors.unreadable(&path.unwrap_or_default(), &words);
            None
        }
    }
}

/// Where decoding ends, and why.
#[derive(Debug)]
struct Stop {
    path: Option<Path>,
    words: String,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for Stop {}

impl serde::de::Error for Stop {
    fn custom<T: fmt::Display>(words: T) -> Self {
        Self {
            path: None,
            words: words.to_string(),
        }
    }
}

/// A value at its place.
struct Field<'a, 'f> {
    value: &'a Value,
    path: Path,
    found: &'f RefCell<Errors>,
    /// The fields that the type has; empty where any key will do.
    known: &'static [&'static str],
}

impl<'a, 'f> Field<'a, 'f> {
    fn below(&self, value: &'a Value, path: Path) -> Self {
        Self {
            value,
            path,
            found: self.found,
            known: &[],
        }
    }

    /// Reads one value below this one; an error remembers the innermost place.
    fn seed<T: DeserializeSeed<'a>>(
        &self,
        seed: T,
        value: &'a Value,
        path: Path,
    ) -> Result<T::Value, Stop> {
        let field: Field<'a, 'f> = self.below(value, path.clone());
        seed.deserialize(field).map_err(|stop| Stop {
            path: stop.path.or(Some(path)),
            ..stop
        })
    }
}

impl<'de> Deserializer<'de> for Field<'de, '_> {
    type Error = Stop;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(yes) => visitor.visit_bool(*yes),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Number(number) => number.deserialize_any(visitor).map_err(Stop::custom),
            Value::Array(items) => visitor.visit_seq(Elements {
                rest: items.iter().enumerate(),
                around: self,
            }),
            Value::Object(fields) => visitor.visit_map(Fields::new(fields, self)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.known = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map enum identifier ignored_any
    }
}

struct Elements<'a, 'f> {
    rest: std::iter::Enumerate<std::slice::Iter<'a, Value>>,
    around: Field<'a, 'f>,
}

impl<'a> SeqAccess<'a> for Elements<'a, '_> {
    type Error = Stop;

    fn next_element_seed<T: DeserializeSeed<'a>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Stop> {
        let Some((index, value)) = self.rest.next() else {
            return Ok(None);
        };
        let path = self.around.path.at(index);
        self.around.seed(seed, value, path).map(Some)
    }
}

struct Fields<'a, 'f> {
    rest: serde_json::map::Iter<'a>,
    now: Option<(&'a str, &'a Value)>,
    around: Field<'a, 'f>,
}

impl<'a, 'f> Fields<'a, 'f> {
    fn new(fields: &'a Map<String, Value>, around: Field<'a, 'f>) -> Self {
        Self {
            rest: fields.iter(),
            now: None,
            around,
        }
    }
}

impl<'a> MapAccess<'a> for Fields<'a, '_> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Stop> {
        let known = self.around.known;
        for (key, value) in self.rest.by_ref() {
            if value.is_null() {
                continue;
            }
            if known.is_empty() || known.contains(&key.as_str()) {
                self.now = Some((key, value));
                let key: StrDeserializer<'_, Stop> = key.as_str().into_deserializer();
                return seed.deserialize(key).map(Some);
            }
            let hint = did_you_mean(key, known.iter().copied());
            let mut found = self.around.found.borrow_mut();
            found.unknown_field(&self.around.path.field(key), hint.as_deref());
        }
        Ok(None)
    }

    fn next_value_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<T::Value, Stop> {
        let Some((key, value)) = self.now.take() else {
            return Err(Stop::custom("a value without a key"));
        };
        // What a person or a program names freely stands in brackets, as the API server writes it.
        let path = if self.around.known.is_empty() {
            self.around.path.key(key)
        } else {
            self.around.path.field(key)
        };
        self.around.seed(seed, value, path)
    }
}
