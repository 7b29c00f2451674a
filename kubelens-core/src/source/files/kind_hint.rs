//! What a file's name says about the kind in it, for files whose objects do not say it themselves.

use crate::kubernetes::Kind;

/// The kind of `pods.json`, `storage-classes.json`, `pods/default.json`.
pub(super) fn kind_of_path(path: &str) -> Option<Kind> {
    let mut parts = path.rsplit('/');
    let file = parts.next()?;
    let stem = file.split('.').next()?;
    kind_of_word(stem).or_else(|| parts.next().and_then(kind_of_word))
}

/// The kind that a word means, in the plural or the singular, with or without hyphens.
pub(super) fn kind_of_word(word: &str) -> Option<Kind> {
    let word = word.replace('-', "").to_ascii_lowercase();
    match word.as_str() {
        "pvcs" => return Some(Kind::PersistentVolumeClaim),
        "pvs" => return Some(Kind::PersistentVolume),
        "hpas" => return Some(Kind::HorizontalPodAutoscaler),
        _ => {}
    }
    Kind::ALL
        .iter()
        .copied()
        .find(|kind| kind.plural() == word || kind.as_str().eq_ignore_ascii_case(&word))
}
