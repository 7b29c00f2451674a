//! Namespaces that the user names.

use kubelens_core::{
    kubernetes::{Kind, Namespace},
    model::some_of,
    snapshot::Snapshot,
};

use crate::{failure::Failure, nearest::did_you_mean};

/// Refuses a namespace that is not there: "nothing is broken" would be no answer to a typo. Where
/// namespaces cannot be listed, one is taken to be there.
pub(crate) fn namespaces_exist(names: &[String], snapshot: &Snapshot) -> Result<(), Failure> {
    if snapshot.gaps().everywhere(Kind::Namespace).is_some() {
        return Ok(());
    }
    let table = snapshot.table::<Namespace>();
    match names.iter().find(|name| table.get("", name).is_none()) {
        None => Ok(()),
        Some(unknown) => {
            let known = || {
                table
                    .iter()
                    .map(|namespace| namespace.metadata.name.as_str())
            };
            let way_out = did_you_mean(unknown, known())
                .unwrap_or_else(|| format!("there are {}", some_of(known(), 5)));
            Err(Failure::new(format!("there is no namespace {unknown}")).way_out(way_out))
        }
    }
}
