use serde::Serialize;

use super::{Sources, VARIABLES};

/// One setting as it holds, for admins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct EffectiveSetting {
    /// Its name in the environment.
    #[schema(value_type = String)]
    pub name: &'static str,
    /// Its value; `********` for a secret that is set; empty = not set and no default.
    pub value: String,
    #[schema(value_type = String)]
    /// default, environment, file, configuration file or flag.
    pub source: &'static str,
}

pub(super) fn list(sources: &Sources) -> Vec<EffectiveSetting> {
    let of = |variable: &super::Variable| {
        let raw = sources.raw(variable.name);
        let value = match raw {
            Some(_) if variable.secret => "********",
            Some(raw) => raw,
            None => variable.default,
        };
        EffectiveSetting {
            name: variable.name,
            value: value.to_owned(),
            source: sources.origin(variable.name).unwrap_or("default"),
        }
    };
    VARIABLES.iter().map(of).collect()
}
