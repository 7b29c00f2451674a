use super::{TheirCheck, Tool};

const fn check(name: &'static str, about: &'static str) -> TheirCheck {
    TheirCheck { name, about }
}

/// The five plugins that simple checkers of clusters have in common.
pub(super) const TOOL: Tool = Tool {
    name: "Classic plugins",
    word: "plugin",
    checks: &[
        check(
            "classic:crashloop",
            "restarts, crash loops, ends for want of memory",
        ),
        check("classic:image_pull", "images that cannot be pulled"),
        check("classic:node_health", "nodes not ready or under pressure"),
        check(
            "classic:resource",
            "limits and requests that are not set, usage beyond them",
        ),
        check("classic:scheduling", "pods that find no node"),
    ],
};
