//! `--explain-requests`: what would be asked of the API server.

use std::collections::BTreeSet;

use kubelens_core::{kubernetes::GroupKind, source::LiveSource};

use super::print;
use crate::{
    cli::ConnectionFlags,
    exit::ExitStatus,
    failure::Failure,
    picture,
    render::{self, Listing},
    settings::{Origin, OutputSettings, PictureSettings, connect_options},
};

/// Asks for the server's version and kinds, and prints what a run would ask beyond.
pub(super) async fn run(
    settings: &PictureSettings,
    connection: &ConnectionFlags,
    whole: &BTreeSet<GroupKind>,
    output: &OutputSettings,
) -> Result<ExitStatus, Failure> {
    if !matches!(settings.origin, Origin::Live(_)) {
        return Err(Failure::new(
            "--explain-requests is about a live cluster: a recording is asked nothing",
        )
        .way_out("leave out --from and --demo"));
    }
    output.progress.step("connecting");
    let source = LiveSource::connect(&connect_options(connection))
        .await
        .map_err(picture::told)?;
    let own = vec![source.default_namespace().to_owned()];
    let request = picture::request(settings, own, whole);
    let plan = source.plan(&request).await.map_err(picture::told)?;
    output.progress.stop();
    let list = || Listing {
        kind: "RequestList",
        items: plan
            .iter()
            .map(|one| {
                serde_json::json!({
                    "method": one.method, "path": one.path, "kind": one.kind, "note": one.note,
                })
            })
            .collect(),
        headers: &["METHOD", "KIND", "PATH", "NOTE"],
        rows: plan
            .iter()
            .map(|one| {
                vec![
                    one.method.to_owned(),
                    one.kind.clone(),
                    one.path.clone(),
                    one.note.clone(),
                ]
            })
            .collect(),
        names: plan.iter().map(|one| one.path.clone()).collect(),
    };
    print(output, |output| {
        render::listing(list(), &output.format, output.table_width)
    })?;
    let logs = if settings.logs {
        "; then the last lines of logs of containers that fail, one request each"
    } else {
        ""
    };
    output.streams.message(&format!(
        "{} requests{logs}. Lists go on in pages where the server asks for it, and go by namespace where the whole cluster may not be listed.\n",
        plan.len()
    ));
    Ok(ExitStatus::Answered)
}
