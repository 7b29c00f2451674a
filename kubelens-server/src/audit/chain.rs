use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::entry::AuditEntry;
use crate::hex::hex;

/// The hash before the first record.
pub(super) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What a record says of its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// It is about to be done.
    Intent,
    /// It was done, or not.
    Outcome,
    /// A request that changed nothing or was denied.
    Request,
}

/// One link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// Counts up by one, without holes.
    pub seq: u64,
    /// What it says of the entry.
    pub phase: Phase,
    /// An outcome's intent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<u64>,
    /// The entry, without hashes of its own.
    pub entry: AuditEntry,
    /// The hash of the record before it, in hex.
    pub prev_hash: String,
    /// SHA-256 over everything above, in hex.
    pub hash: String,
}

/// A place of the chain that is known from elsewhere: a checkpoint, the head, a log line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Anchor {
    /// The record.
    pub seq: u64,
    /// Its hash.
    pub hash: String,
}

impl std::str::FromStr for Anchor {
    type Err = String;

    fn from_str(text: &str) -> Result<Anchor, String> {
        let parts = text
            .split_once(':')
            .and_then(|(seq, hash)| Some((seq.parse().ok()?, hash)));
        match parts {
            Some((seq, hash)) if hash.len() == GENESIS.len() => Ok(Anchor {
                seq,
                hash: hash.to_ascii_lowercase(),
            }),
            _ => {
                Err("an anchor is SEQUENCE:HASH, as the server's log names its checkpoints".into())
            }
        }
    }
}

impl Record {
    /// The next record after `prev_hash`.
    pub(super) fn link(
        seq: u64,
        phase: Phase,
        intent: Option<u64>,
        entry: AuditEntry,
        prev_hash: &str,
    ) -> Record {
        let mut record = Record {
            seq,
            phase,
            intent,
            entry,
            prev_hash: prev_hash.to_owned(),
            hash: String::new(),
        };
        record.hash = record.computed_hash();
        record
    }

    /// The hash that its content has. The content is its JSON with an empty hash.
    pub(super) fn computed_hash(&self) -> String {
        let content = Record {
            hash: String::new(),
            ..self.clone()
        };
        let json = serde_json::to_vec(&content).unwrap_or_default();
        hex(&Sha256::digest(json))
    }

    /// The record on one line.
    pub(super) fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The entry as clients see it.
    pub(super) fn shown(&self) -> AuditEntry {
        AuditEntry {
            hash: Some(self.hash.clone()),
            prev_hash: Some(self.prev_hash.clone()),
            ..self.entry.clone()
        }
    }
}
