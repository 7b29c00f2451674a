//! Whether a message says that a login was refused, and what is to be done then.

use crate::model::Suggestion;

/// Words of a refused login.
const REFUSED: [&str; 9] = [
    "authentication required",
    "authentication failed",
    "authorization failed",
    "unable to authenticate",
    "invalid credentials",
    "unauthorized",
    "permission denied (publickey",
    "access denied",
    "invalid username",
];

/// What to do about a login that the message says was refused; nothing where it says no such thing.
pub(super) fn correct_login(message: &str, login: &str) -> Option<Suggestion> {
    let message = message.to_ascii_lowercase();
    REFUSED
        .iter()
        .any(|words| message.contains(words))
        .then(|| Suggestion::advice(format!("Correct {login}: it is refused")))
}
