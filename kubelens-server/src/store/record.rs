//! How a value lies on the disk: a checksum over shelf, key and payload, then the payload. A
//! value that moved to another key is as damaged as one with flipped bits.

use super::{LONGEST_VALUE, Shelf, StoreError};

const CHECKSUM: usize = 4;

fn checksum(shelf: Shelf, key: &[u8], payload: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(shelf.name().as_bytes());
    hasher.update(&u64::try_from(key.len()).unwrap_or(u64::MAX).to_be_bytes());
    hasher.update(key);
    hasher.update(payload);
    hasher.finalize().to_be_bytes()
}

/// The payload with its checksum in front.
pub(super) fn seal(shelf: Shelf, key: &[u8], payload: &[u8]) -> Result<Vec<u8>, StoreError> {
    if payload.len() > LONGEST_VALUE {
        let bytes = payload.len();
        return Err(StoreError::TooLong { shelf, bytes });
    }
    let mut framed = Vec::with_capacity(CHECKSUM + payload.len());
    framed.extend_from_slice(&checksum(shelf, key, payload));
    framed.extend_from_slice(payload);
    Ok(framed)
}

/// The payload, when its checksum is right.
pub(super) fn open(shelf: Shelf, key: &[u8], framed: &[u8]) -> Result<Vec<u8>, StoreError> {
    match framed.split_first_chunk::<CHECKSUM>() {
        Some((sum, payload)) if *sum == checksum(shelf, key, payload) => Ok(payload.to_vec()),
        _ => Err(StoreError::Damaged {
            shelf,
            key: key.escape_ascii().to_string(),
        }),
    }
}
