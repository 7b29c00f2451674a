//! The Kubernetes objects as KubeLens reads them: only the fields that something uses, straight
//! from the API's JSON, strings shared.
#![allow(
    missing_docs,
    reason = "the fields are the API's own and documented in its reference"
)]

/// Declares structs as the API spells them: camelCase, every field may be missing.
macro_rules! slim {
    ($(
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($(#[$field_meta:meta])* $field_vis:vis $field:ident : $type:ty,)*
        }
    )*) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
            #[serde(default, rename_all = "camelCase")]
            $vis struct $name {
                $($(#[$field_meta])* $field_vis $field: $type,)*
            }
        )*
    };
}

mod access;
mod certificate;
mod config_map;
mod containers;
mod control_plane;
mod custom;
mod event;
mod group_kind;
mod int_or_string;
mod key_pair;
mod kinds;
mod list;
mod map;
mod meta;
mod metrics;
mod network;
mod node;
mod object;
mod observed;
mod pod;
mod pod_state;
mod policy;
mod probe;
mod references;
mod requests;
mod scheduling;
mod secret;
mod spec_sharing;
mod storage;
mod text;
mod workload;
pub(crate) mod yaml;

pub use access::*;
pub use certificate::{Certificate, CertificateChain};
pub use config_map::ConfigMap;
pub use containers::{ContainerRole, ContainerView};
pub use control_plane::*;
pub use custom::{CustomObject, list_at, text_at};
pub use event::*;
pub use group_kind::{GroupKind, group_of};
pub use int_or_string::IntOrString;
pub use kinds::{AnyObject, Batch, Kind, KindSet, Tables};
pub use list::List;
pub use map::{Keys, Labels, Map};
pub use meta::*;
pub use metrics::*;
pub use network::*;
pub use node::*;
pub use object::{Object, Table};
pub use observed::{OBSERVED, PROVIDER_HEALTH, SERVER_HEALTH};
pub use pod::*;
pub use policy::*;
pub use references::{ConfigReference, Referenced};
pub use secret::Secret;
pub use storage::*;
pub use text::{Interning, Text};
pub use workload::*;
pub use yaml::read_documents;
