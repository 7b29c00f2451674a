//! What a splitter hands over: objects that are not parsed yet, and the lists around them.

use serde::Deserialize;

/// One object, unparsed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item<'a> {
    /// Its text.
    pub(crate) bytes: &'a [u8],
    /// In which language it is written.
    pub(crate) syntax: Syntax,
    /// The line on which it begins, from 1.
    pub(crate) line: u64,
    /// Its own `apiVersion`; empty if it carries none.
    pub(crate) api_version: &'a str,
    /// Its own `kind`; empty if it carries none.
    pub(crate) kind: &'a str,
}

/// The language of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    Json,
    Yaml,
}

/// What a list says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ListHead {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) metadata: ListMeta,
}

/// metav1.ListMeta.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ListMeta {
    #[serde(rename = "continue")]
    pub(crate) continue_: Option<String>,
    pub(crate) resource_version: Option<String>,
}

/// Takes what a splitter finds.
pub(crate) trait ItemSink {
    /// A list begins; what stands behind its items is not known yet. A bare array says nothing about itself.
    fn begin_list(&mut self, head: &ListHead);

    /// An object: an element of the list that was begun, or a document of its own.
    fn item(&mut self, item: Item<'_>);

    /// The list is complete.
    fn end_list(&mut self, head: &ListHead);

    /// One document is broken; those around it are not.
    fn broken(&mut self, broken: Broken<'_>);
}

/// A document that cannot be parsed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Broken<'a> {
    /// Where the error is, from 1.
    pub(crate) line: u64,
    /// What it seems to be; empty if not even that is known.
    pub(crate) kind: &'a str,
    /// What the parser said.
    pub(crate) detail: &'a str,
}
