//! Lists one kind, to its last page.

use std::time::Duration;

use http::StatusCode;

use super::api::{Api, Failure, next_chunk};
use super::decoder::{ListDecoder, PageEnd};
use super::target::Target;
use crate::source::Progress;

/// Objects a page, where the server is asked for pages.
const PAGE: u32 = 500;

/// How many bytes the decoder gets at once: waking it for every few thousand costs more than decoding them.
const AT_ONCE: usize = 128 * 1024;

/// Why a list is not complete.
#[derive(Debug)]
pub(super) struct ListFailure {
    pub(super) failure: Failure,
    /// How many objects came before.
    pub(super) objects: usize,
}

/// A list that is complete.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Listed {
    /// How many objects it holds.
    pub(super) objects: usize,
    /// The version of the cluster that it shows: a watch goes on from there.
    pub(super) version: Option<String>,
}

/// How to ask for lists.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking {
    /// Whether the server streams whole lists from its cache; older ones are asked for pages.
    pub(super) is_whole: bool,
    /// Whether every write that was answered before must show.
    pub(super) is_consistent: bool,
    /// How long the server may be silent.
    pub(super) patience: Duration,
}

/// Reads a list into its decoder.
///
/// An expired continue token, a broken connection and a server that cannot answer in one piece start the list
/// again, once each.
pub(super) async fn list(
    api: &Api,
    target: &Target,
    namespace: Option<&str>,
    decoder: &ListDecoder,
    mut asking: Asking,
    progress: &dyn Progress,
) -> Result<Listed, ListFailure> {
    let mut restarts = Restarts::default();
    loop {
        let failed = match pages(api, target, namespace, decoder, asking, progress).await {
            Ok(listed) => return Ok(listed),
            Err(failed) => failed,
        };
        let may_restart = match &failed.failure {
            Failure::Status(StatusCode::GONE, _) => !std::mem::replace(&mut restarts.expired, true),
            Failure::Status(StatusCode::GATEWAY_TIMEOUT | StatusCode::PAYLOAD_TOO_LARGE, _)
                if asking.is_whole =>
            {
                asking.is_whole = false;
                true
            }
            Failure::Cut(_) => !std::mem::replace(&mut restarts.cut, true),
            _ => false,
        };
        if !may_restart {
            return Err(failed);
        }
    }
}

/// How the first page of a list is asked for.
pub(super) fn first_query(is_whole: bool) -> String {
    if is_whole {
        "?resourceVersion=0".to_owned()
    } else {
        format!("?limit={PAGE}")
    }
}

#[derive(Default)]
struct Restarts {
    expired: bool,
    cut: bool,
}

async fn pages(
    api: &Api,
    target: &Target,
    namespace: Option<&str>,
    decoder: &ListDecoder,
    asking: Asking,
    progress: &dyn Progress,
) -> Result<Listed, ListFailure> {
    decoder.begin().await;
    let mut token: Option<String> = None;
    let mut objects = 0;
    loop {
        let query = match &token {
            Some(token) => format!("?limit={PAGE}&continue={}", escaped(token)),
            // Such a server answers this from its cache, once that has caught up.
            None if asking.is_whole && asking.is_consistent => String::new(),
            None => first_query(asking.is_whole),
        };
        let path = target.path(namespace) + &query;
        let end = page(api, &path, target, decoder, asking.patience, progress).await;
        match end {
            Ok(end) => {
                objects = end.objects;
                progress.counted(&target.name, objects);
                if let Some(most) = target.most_objects()
                    && (objects > most || (objects == most && end.next.is_some()))
                {
                    return Err(too_many(most));
                }
                match (end.error, end.next) {
                    (Some(error), _) => {
                        return Err(ListFailure {
                            failure: Failure::Cut(error),
                            objects,
                        });
                    }
                    (None, Some(next)) => token = Some(next),
                    (None, None) => {
                        return Ok(Listed {
                            objects,
                            version: end.version,
                        });
                    }
                }
            }
            Err((failure, so_far)) => {
                return Err(ListFailure {
                    failure,
                    objects: objects.max(so_far),
                });
            }
        }
    }
}

async fn page(
    api: &Api,
    path: &str,
    target: &Target,
    decoder: &ListDecoder,
    patience: Duration,
    progress: &dyn Progress,
) -> Result<PageEnd, (Failure, usize)> {
    let answer = api.get(path, target.accept(), patience).await;
    let response = answer.map_err(|failure| (failure, decoder.objects()))?;
    let mut body = response.into_body();
    let mut gathered = Vec::new();
    let mut size = 0;
    loop {
        match next_chunk(&mut body, patience).await {
            Ok(Some(chunk)) => {
                size += chunk.len();
                gathered.push(chunk);
                if size >= AT_ONCE {
                    decoder.chunks(std::mem::take(&mut gathered)).await;
                    progress.counted(&target.name, decoder.objects());
                    size = 0;
                    if let Some(most) = target.most_objects()
                        && decoder.objects() > most
                    {
                        // What is still on its way is left: the connection is dropped.
                        decoder.end().await;
                        return Err((Failure::TooMany, most));
                    }
                }
            }
            Ok(None) => {
                decoder.chunks(gathered).await;
                return Ok(decoder.end().await);
            }
            Err(failure) => {
                decoder.chunks(gathered).await;
                let end = decoder.end().await;
                return Err((failure, end.objects));
            }
        }
    }
}

const fn too_many(objects: usize) -> ListFailure {
    ListFailure {
        failure: Failure::TooMany,
        objects,
    }
}

/// Percent-encodes a query value.
pub(super) fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}
