//! The documents that people write for KubeLens: configuration and rule packs. Read strictly, and every problem
//! is told with file, line and column.

mod config;
mod problem;
mod reading;
mod rule_pack;
mod selector;
mod suppression;

pub use config::{Config, OverrideEntry, ProfileName, SeverityName};
pub use problem::Problem;
pub use rule_pack::{
    Examples, FollowEntry, MatchEntry, PackMetadata, RelationName, RuleEntry, RulePackDocument,
    SubjectName, SuggestionEntry,
};
pub use selector::{Operator, Requirement, Selector};
pub use suppression::{SuppressionEntry, expiry};
