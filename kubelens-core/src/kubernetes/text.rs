use std::borrow::Borrow;
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};

use arcstr::ArcStr;
use foldhash::fast::RandomState;
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// An immutable string that is shared: equal names, namespaces and images that are read within one
/// [`Interning`] scope are stored once.
///
/// Most strings of most objects are unset: an empty one costs nothing, neither to make nor to drop. The length stands
/// with the characters, so that a text takes one word of an object instead of two.
#[derive(Clone, Default)]
pub struct Text(Option<ArcStr>);

/// Longest string that is looked up for sharing; longer ones are messages and rarely repeat.
const LONGEST_SHARED: usize = 200;

thread_local! {
    static POOL: RefCell<Option<HashSet<Text, RandomState>>> = const { RefCell::new(None) };
}

/// After so many objects, strings that nothing holds any more are forgotten.
const FORGOTTEN_AFTER: usize = 50_000;

/// While it lives, equal strings that this thread reads are stored once.
#[derive(Debug)]
pub struct Interning {
    outermost: bool,
    objects: usize,
}

impl Interning {
    /// Begins a scope; scopes may nest, the outermost one ends the sharing.
    pub fn begin() -> Self {
        let outermost = POOL.with_borrow_mut(|pool| {
            let outermost = pool.is_none();
            pool.get_or_insert_with(HashSet::default);
            outermost
        });
        Self {
            outermost,
            objects: 0,
        }
    }

    /// Counts an object that was read. What goes on for hours says so of each one: now and then, strings that only
    /// the sharing holds are forgotten, as names of what is long gone would fill the memory.
    pub fn count_object(&mut self) {
        self.objects += 1;
        if self.objects.is_multiple_of(FORGOTTEN_AFTER) {
            POOL.with_borrow_mut(|pool| {
                if let Some(known) = pool {
                    known.retain(Text::is_held_elsewhere);
                    known.shrink_to(known.len() * 2);
                }
            });
        }
    }
}

impl Drop for Interning {
    fn drop(&mut self) {
        if self.outermost {
            POOL.with_borrow_mut(|pool| *pool = None);
            super::spec_sharing::forget();
        }
    }
}

impl Text {
    /// The string, shared if a scope is open.
    pub fn new(text: &str) -> Self {
        if text.is_empty() || text.len() > LONGEST_SHARED {
            return Self::alone(text);
        }
        POOL.with_borrow_mut(|pool| match pool {
            None => Self::alone(text),
            Some(known) => {
                if let Some(shared) = known.get(text) {
                    return shared.clone();
                }
                let fresh = Self::alone(text);
                known.insert(fresh.clone());
                fresh
            }
        })
    }

    /// The string, not shared: for what is another for each object, and would only fill the pool.
    fn alone(text: &str) -> Self {
        Self((!text.is_empty()).then(|| ArcStr::from(text)))
    }

    /// Whether there is another holder of the same characters.
    fn is_held_elsewhere(&self) -> bool {
        let holders = self.0.as_ref().and_then(ArcStr::strong_count);
        holders.is_none_or(|holders| holders > 1)
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// The string, or `None` if it is empty: in the API, an empty string means unset.
    pub fn non_empty(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Text {
    /// As the characters, which it is looked up by.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl std::ops::Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Text {
    /// Null reads as empty, as Go's decoder does.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(TextVisitor(Self::new))
    }
}

/// Reads a string that no other object has: an identifier, a version.
pub(super) fn unique<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
    deserializer.deserialize_option(TextVisitor(Text::alone))
}

struct TextVisitor(fn(&str) -> Text);

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_none<E>(self) -> Result<Text, E> {
        Ok(Text::default())
    }

    fn visit_unit<E>(self) -> Result<Text, E> {
        Ok(Text::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Text, D::Error> {
        deserializer.deserialize_str(self)
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok((self.0)(text))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{FORGOTTEN_AFTER, Interning, POOL, Text};

    #[test]
    fn equal_strings_are_stored_once_within_a_scope() {
        let _scope = Interning::begin();
        let (one, other) = (Text::new("web"), Text::new("web"));
        assert!(std::ptr::eq(one.as_str(), other.as_str()));
    }

    #[test]
    fn what_nothing_holds_any_more_is_forgotten_and_the_rest_stays_shared() {
        let mut scope = Interning::begin();
        let held = Text::new("web");
        drop(Text::new("gone"));
        for _ in 0..FORGOTTEN_AFTER {
            scope.count_object();
        }
        let known = POOL.with_borrow(|pool| pool.as_ref().map(HashSet::len));
        assert_eq!(known, Some(1));
        assert!(std::ptr::eq(held.as_str(), Text::new("web").as_str()));
    }

    #[test]
    fn null_reads_as_empty() {
        assert_eq!(
            serde_json::from_str::<Text>("null").ok(),
            Some(Text::default())
        );
    }
}
