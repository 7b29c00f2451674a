//! A program that cannot read what was encrypted, as a rule because it has another key than the one who wrote it.

use super::log_signature::LogMatch;
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Kind, Object};
use crate::model::Evidence;

/// How libraries say that a key does not fit: Rails, Laravel, Python's cryptography, Java, Node.js, OpenSSL, Go.
static WORDS: Pattern = Pattern::new(
    r"(?i)MessageEncryptor::InvalidMessage|wrong key\?|DecryptException|the (?:MAC|payload) is invalid|fernet\.InvalidToken|BadPaddingException|AEADBadTagException|bad decrypt|unable to authenticate data|message authentication failed|(?:couldn't|could not|cannot|can't|unable to|failed to) decrypt",
);

/// What it means that a line says so.
pub(super) const MEANING: &str = "It cannot decrypt its data or settings: as a rule its key is not the one with which they were encrypted.";

/// What to do about it.
pub(super) const ADVICE: &str = "Give it the key with which its data or settings were encrypted, or encrypt them anew with the key that it has";

/// Whether one of the lines says that a key does not fit.
pub(super) fn is_told<'l>(mut lines: impl Iterator<Item = &'l str>) -> bool {
    lines.any(|line| WORDS.is_in(line))
}

/// The Secrets from which the container takes what it is given by name, the key among them.
pub(super) fn secrets(found: &LogMatch<'_>) -> Vec<Evidence> {
    let pod = found.pod();
    let container = found.unwell.container.name();
    let references = pod.spec.config_references().into_iter();
    references
        .filter(|reference| reference.kind == Kind::Secret && *reference.user == *container)
        .map(|reference| {
            let path = format!("spec.{}", reference.path);
            Evidence::field(pod.reference(), &path, reference.name)
        })
        .take(3)
        .collect()
}
