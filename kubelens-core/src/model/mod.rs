//! The plain words that everyone speaks: what an analyzer says, what a report holds.
//!
//! Nothing in here knows Kubernetes' object types, a source, a clock or a store.

mod age;
mod answer;
mod cause;
mod command;
mod coverage;
mod evidence;
mod field_error;
mod finding;
mod fingerprint;
mod nearest;
mod note;
mod object_ref;
mod placed;
mod quantity;
mod redaction;
mod report;
mod sentence;
mod severity;
mod suggestion;

pub use age::{age, instant};
pub use answer::ServerAnswer;
pub use cause::{Cause, ChainLink, ClusterCause, Group, RuledOut};
pub use coverage::{Coverage, CoverageState, KindCoverage};
pub use evidence::{Evidence, EvidenceKind};
pub use field_error::FieldError;
pub use finding::{Finding, SuppressedBy};
pub use fingerprint::fingerprint;
pub use nearest::{did_you_mean, nearest};
pub use note::{Note, NoteKind};
pub use object_ref::{KUBELENS_API_VERSION, ObjectRef};
pub use placed::Placed;
pub use quantity::{ParseQuantityError, Quantity};
pub(crate) use redaction::{REDACTED, printable, without_private_keys, without_secrets};
pub use redaction::{is_secret_name, safe_text};
pub use report::{ClusterInfo, ClusterReport, Omitted, Report, Scope, Summary};
pub use sentence::{capitalized, counted, gist, has_word, shortened, some_of};
pub use severity::Severity;
pub use suggestion::{Risk, Suggestion};
