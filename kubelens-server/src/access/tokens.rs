use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::identity::{Identity, Provider};
use crate::settings::{Secret, StaticToken};

/// SHA-256 of a token: what is kept of it.
pub(super) type Fingerprint = [u8; 32];

pub(super) fn fingerprint(token: &str) -> Fingerprint {
    Sha256::digest(token.as_bytes()).into()
}

/// The tokens of the settings, hashed. A look takes as long whether a token is known or not, and
/// whichever it is.
pub(super) struct TokenBook {
    entries: Vec<(Fingerprint, Identity)>,
    scrape: Option<Fingerprint>,
}

impl std::fmt::Debug for TokenBook {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "TokenBook({} tokens)", self.entries.len())
    }
}

impl TokenBook {
    pub(super) fn new(tokens: &[StaticToken], scrape: Option<&Secret>) -> TokenBook {
        let entry = |it: &StaticToken| {
            let identity = Identity {
                name: it.user.clone(),
                role: it.role,
                provider: Provider::Token,
                subject: it.user.clone(),
                groups: Vec::new(),
            };
            (fingerprint(it.token.expose_secret()), identity)
        };
        TokenBook {
            entries: tokens.iter().map(entry).collect(),
            scrape: scrape.map(|it| fingerprint(it.expose_secret())),
        }
    }

    /// Whose token it is.
    pub(super) fn find(&self, token: &str) -> Option<&Identity> {
        self.by_fingerprint(&fingerprint(token))
    }

    /// Whose token has this hash.
    pub(super) fn by_fingerprint(&self, wanted: &Fingerprint) -> Option<&Identity> {
        let mut position = u64::MAX;
        for (number, (known, _)) in (0_u64..).zip(&self.entries) {
            position.conditional_assign(&number, known.ct_eq(wanted));
        }
        let position = usize::try_from(position).ok()?;
        self.entries.get(position).map(|(_, identity)| identity)
    }

    /// Whether it is the scrape token.
    pub(super) fn is_scrape(&self, token: &str) -> bool {
        let found = fingerprint(token);
        let same = self.scrape.map_or(Choice::from(0), |it| it.ct_eq(&found));
        bool::from(same)
    }
}
