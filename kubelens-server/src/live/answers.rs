//! Answers that were made from one picture: many ask for the same, and each is made and written once.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::HeaderMap;
use lru::LruCache;

/// Answers kept of one picture.
const MOST: NonZeroUsize = match NonZeroUsize::new(64) {
    Some(most) => most,
    None => NonZeroUsize::MIN,
};
/// Bytes kept of one picture.
const MOST_BYTES: usize = 16 << 20;

/// By their ETags, and how many bytes they are.
type Kept = (LruCache<String, (HeaderMap, Bytes)>, usize);

/// The answers of one picture; they go with it.
pub struct Answers {
    kept: Mutex<Kept>,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            kept: Mutex::new((LruCache::new(MOST), 0)),
        }
    }
}

impl std::fmt::Debug for Answers {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Answers").finish_non_exhaustive()
    }
}

impl Answers {
    /// The headers and the body that were made for this ETag.
    pub fn get(&self, etag: &str) -> Option<(HeaderMap, Bytes)> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.0.get(etag).cloned()
    }

    /// Keeps them; the ones asked for least lately go.
    pub fn put(&self, etag: &str, headers: HeaderMap, body: Bytes) {
        if body.len() > MOST_BYTES / 2 {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (answers, bytes) = &mut *kept;
        *bytes += body.len();
        if let Some((_, (_, gone))) = answers.push(etag.to_owned(), (headers, body)) {
            *bytes -= gone.len();
        }
        while *bytes > MOST_BYTES {
            let Some((_, (_, gone))) = answers.pop_lru() else {
                return;
            };
            *bytes -= gone.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_kept_within_their_bounds() {
        let answers = Answers::default();
        let body = Bytes::from(vec![b'x'; 3 << 20]);
        for number in 0..8 {
            answers.put(&number.to_string(), HeaderMap::new(), body.clone());
        }
        assert!(answers.get("0").is_none());
        assert!(answers.get("7").is_some());
        answers.put("7", HeaderMap::new(), Bytes::from_static(b"new"));
        assert_eq!(answers.get("7").unwrap().1, "new");
        let kept = answers.kept.lock().unwrap();
        let sum: usize = kept.0.iter().map(|(_, (_, body))| body.len()).sum();
        assert_eq!(kept.1, sum);
        assert!(sum <= MOST_BYTES);
    }
}
