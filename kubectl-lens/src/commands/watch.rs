use crate::{
    cli::{ConnectionFlags, WatchArgs},
    exit::ExitStatus,
    failure::Failure,
    settings::OutputSettings,
};
pub(super) async fn run(
    _args: WatchArgs,
    _connection: &ConnectionFlags,
    _output: &OutputSettings,
) -> Result<ExitStatus, Failure> {
    Err(Failure::new("not yet"))
}
