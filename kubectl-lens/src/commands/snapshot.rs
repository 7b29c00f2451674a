//! `snapshot`: save what a diagnosis reads, or look into it.

use super::print;
use crate::{
    cli::{ConnectionFlags, SnapshotArgs, SnapshotVerb},
    exit::ExitStatus,
    failure::Failure,
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
            picture,
        } => {
            let settings = PictureSettings::new(connection, &picture)?;
            if file.exists() && !force {
                return Err(Failure::new(format!("{} is there already", file.display()))
                    .way_out("--force overwrites it"));
            }
            let snapshot = picture::read(&settings, output).await?;
            let saved = picture::save(&snapshot, &file)?;
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
