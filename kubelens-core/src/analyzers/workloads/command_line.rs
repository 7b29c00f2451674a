//! What a container runs, as one line.

use crate::kubernetes::Container;

/// Command and arguments of a container, separated by spaces; empty where the image decides.
pub(super) fn command_line(container: &Container) -> String {
    format!(
        "{} {}",
        container.command.join(" "),
        container.args.join(" ")
    )
    .trim()
    .to_owned()
}
