//! `snapshot`: save what a diagnosis reads, or look into it.

use std::hash::{BuildHasher, RandomState};

use kubelens_core::source::archive::Pseudonyms;

use super::print;
use crate::{
    cli::{ConnectionFlags, SnapshotArgs, SnapshotVerb},
    exit::ExitStatus,
    failure::Failure,
    packs::Packs,
    picture,
    render::{self, Listing},
    settings::{OutputSettings, PictureSettings},
};

pub(super) async fn run(
    args: SnapshotArgs,
    connection: &ConnectionFlags,
    output: &OutputSettings,
) -> Result<ExitStatus, Failure> {
    match args.verb {
        SnapshotVerb::Save {
            file,
            force,
            anonymize,
            anonymize_key,
            rules,
            picture,
        } => {
            let settings = PictureSettings::new(connection, &picture)?;
            if file.exists() && !force {
                return Err(Failure::new(format!("{} is there already", file.display()))
                    .way_out("--force overwrites it"));
            }
            let whole = Packs::read(&rules)?.kinds();
            let snapshot = picture::read_with(&settings, &whole, output).await?;
            if anonymize_key.as_deref() == Some("") {
                return Err(Failure::new(
                    "--anonymize-key is empty: anybody could guess the names",
                )
                .way_out("a word that only you know, or leave it out"));
            }
            let names = anonymize.then(|| Pseudonyms::new(anonymize_key.unwrap_or_else(any_key)));
            let saved = picture::save(&snapshot, &file, names)?;
            output
                .streams
                .message(&format!("saved {saved} objects to {}\n", file.display()));
        }
        SnapshotVerb::Show { file } => {
            let snapshot = picture::read(&PictureSettings::recorded(file), output).await?;
            let counts = picture::counts(&snapshot);
            let list = || {
                Listing {
                kind: "SnapshotContents",
                items: counts
                    .iter()
                    .map(|count| serde_json::json!({"kind": count.kind, "objects": count.objects, "state": count.state}))
                    .collect(),
                headers: &["OBJECTS", "KIND", "STATE"],
                rows: counts
                    .iter()
                    .map(|count| vec![count.objects.to_string(), count.kind.clone(), count.state.to_owned()])
                    .collect(),
                names: counts.iter().map(|count| count.kind.to_lowercase()).collect(),
            }
            };
            print(output, |output| {
                render::listing(list(), &output.format, output.table_width)
            })?;
        }
    }
    Ok(ExitStatus::Answered)
}

/// A key that nobody knows: the names cannot be told from the words, not even by who saved them.
fn any_key() -> String {
    // Hash states are seeded by the system's source of randomness.
    (0..4_u8)
        .map(|number| format!("{:016x}", RandomState::new().hash_one(number)))
        .collect()
}
