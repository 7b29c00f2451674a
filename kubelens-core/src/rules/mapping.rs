//! JSON as the evaluator sees it. Its own maps have no order, so what a rule says would differ from run to run; and
//! they are copied for each element of a loop. This one is sorted and shared.

use std::sync::Arc;

use cel::ExecutionError;
use cel::common::traits::{Container, Indexer, Iterable, Iterator, Sizer, Zeroer};
use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelNull, CelString, CelUInt, MAP_TYPE, Type,
};
use cel::common::value::{CowVal, StaticVal, Val};
use serde_json::Value;

/// A JSON object: fields by name.
#[derive(Debug, Clone)]
pub(super) struct Mapping {
    fields: Arc<[(CelString<'static>, Box<dyn Val>)]>,
    /// How many values it holds, at any depth.
    weight: u64,
}

impl Mapping {
    /// How many values it holds, at any depth.
    pub(super) const fn weight(&self) -> u64 {
        self.weight
    }

    fn find(&self, name: &str) -> Option<&(dyn Val + 'static)> {
        let at = self
            .fields
            .binary_search_by(|(known, _)| known.inner().cmp(name))
            .ok()?;
        self.fields.get(at).map(|(_, value)| &**value)
    }

    /// Its fields, by name.
    pub(super) fn fields(&self) -> impl std::iter::Iterator<Item = (&str, &dyn Val)> {
        self.fields
            .iter()
            .map(|(name, value)| (name.inner(), &**value))
    }
}

/// The value, and how many values it holds at any depth.
pub(super) fn value_of(json: Value) -> (Box<dyn Val>, u64) {
    match json {
        Value::Null => (Box::new(CelNull), 1),
        Value::Bool(value) => (Box::new(CelBool::from(value)), 1),
        Value::Number(number) => (number_of(&number), 1),
        Value::String(text) => {
            let weight = 1 + text.len() as u64 / 16;
            (Box::new(CelString::from(Arc::new(text))), weight)
        }
        Value::Array(items) => {
            let mut weight = 1;
            let items: Vec<Box<dyn Val>> = items
                .into_iter()
                .map(|item| {
                    let (item, of_item) = value_of(item);
                    weight += of_item;
                    item
                })
                .collect();
            (Box::new(CelList::from(items)), weight)
        }
        Value::Object(fields) => {
            let mut weight = 1;
            let mut fields: Vec<(CelString<'static>, Box<dyn Val>)> = fields
                .into_iter()
                .map(|(name, value)| {
                    let (value, of_value) = value_of(value);
                    weight += of_value;
                    (CelString::from(Arc::new(name)), value)
                })
                .collect();
            fields.sort_by(|(one, _), (other, _)| one.inner().cmp(other.inner()));
            let fields = fields.into();
            (Box::new(Mapping { fields, weight }), weight)
        }
    }
}

fn number_of(number: &serde_json::Number) -> Box<dyn Val> {
    // Whole numbers are `int`, as expressions write them.
    if let Some(whole) = number.as_i64() {
        Box::new(CelInt::from(whole))
    } else if let Some(large) = number.as_u64() {
        Box::new(CelUInt::from(large))
    } else {
        Box::new(CelDouble::from(number.as_f64().unwrap_or(f64::NAN)))
    }
}

fn no_such_key(key: &dyn Val) -> ExecutionError {
    match key.downcast_ref::<CelString<'_>>() {
        Some(name) => ExecutionError::no_such_key(name.inner()),
        None => ExecutionError::no_such_key("a field that is not named by a string"),
    }
}

impl StaticVal for Mapping {}

impl Val for Mapping {
    fn get_type(&self) -> &Type {
        &MAP_TYPE
    }

    fn cel_type() -> &'static Type {
        &MAP_TYPE
    }

    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn into_indexer<'v>(self: Box<Self>) -> Option<Box<dyn Indexer + 'v>>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_sizer(&self) -> Option<&dyn Sizer> {
        Some(self)
    }

    fn as_zeroer(&self) -> Option<&dyn Zeroer> {
        Some(self)
    }

    fn equals(&self, other: &dyn Val) -> bool {
        other.downcast_ref::<Self>().is_some_and(|other| {
            self.fields.len() == other.fields.len()
                && self.fields.iter().zip(other.fields.iter()).all(
                    |((name, value), (other_name, other))| {
                        name.inner() == other_name.inner() && value.equals(&**other)
                    },
                )
        })
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn std::any::Any> {
        Some(self)
    }
}

impl Container for Mapping {
    fn contains(&self, value: &dyn Val) -> Result<bool, ExecutionError> {
        Ok(value
            .downcast_ref::<CelString<'_>>()
            .is_some_and(|name| self.find(name.inner()).is_some()))
    }
}

impl Indexer for Mapping {
    fn get<'b, 'v>(&'b self, key: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        key.downcast_ref::<CelString<'_>>()
            .and_then(|name| self.find(name.inner()))
            .map(CowVal::Borrowed)
            .ok_or_else(|| no_such_key(key))
    }

    fn steal<'v>(self: Box<Self>, key: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        key.downcast_ref::<CelString<'_>>()
            .and_then(|name| self.find(name.inner()))
            .map(|value| value.clone_as_boxed())
            .ok_or_else(|| no_such_key(key))
    }
}

impl Iterable for Mapping {
    fn iter<'b, 'v>(&'b self) -> Box<dyn Iterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        Box::new(Names(self.fields.iter()))
    }
}

/// The names of fields, sorted.
struct Names<'b>(std::slice::Iter<'b, (CelString<'static>, Box<dyn Val>)>);

impl<'b, 'v> Iterator<'b, 'v> for Names<'b> {
    fn next(&mut self) -> Option<&'b (dyn Val + 'v)> {
        self.0.next().map(|(name, _)| name as &dyn Val)
    }
}

impl Sizer for Mapping {
    fn size(&self) -> CelInt {
        i64::try_from(self.fields.len()).unwrap_or(i64::MAX).into()
    }
}

impl Zeroer for Mapping {
    fn is_zero_value(&self) -> bool {
        self.fields.is_empty()
    }
}
