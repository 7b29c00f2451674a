use std::path::{Path, PathBuf};

/// What the file is called.
const NAME: &str = "kubelens.yaml";

/// The nearest file from the working directory up, else the user's own (XDG base directories).
pub(super) fn nearest() -> Option<PathBuf> {
    let here = std::env::current_dir().ok();
    let above = here.iter().flat_map(|folder| folder.ancestors());
    above
        .map(|folder| folder.join(NAME))
        .chain(own())
        .find(|path| path.is_file())
}

/// Where a user's own file is; `XDG_CONFIG_HOME` counts only as an absolute path.
fn own() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let folder = variable("XDG_CONFIG_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| Some(variable("HOME")?.join(".config")))?;
    Some(folder.join("kubelens").join(NAME))
}

/// The path as messages show it: from the working directory on where it lies below that.
pub(super) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let short = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    short
        .unwrap_or_else(|| path.to_owned())
        .display()
        .to_string()
}
