//! Ctrl-C.

use std::future::Future;
use std::time::Duration;

use anyhow::Context;

use crate::failure::Failure;

/// Runs `work` to its end, or until the user presses Ctrl-C; then there is no result.
pub(crate) fn until_interrupted<T: Send + 'static>(
    work: impl Future<Output = Result<T, Failure>> + Send + 'static,
) -> Option<Result<T, Failure>> {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // A thread that has decoded its lists is to end before the analysis starts: what memory it has given back
        // can then be used again.
        .thread_keep_alive(Duration::from_millis(1))
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return Some(Err(error).context("cannot start").map_err(Failure::from)),
    };
    // On a thread of its own, since it may be busy for long without ever waiting.
    let work = runtime.spawn(work);
    let result = runtime.block_on(async {
        tokio::select! {
            biased;
            // Where the signal cannot be watched, the work simply runs on.
            Ok(()) = tokio::signal::ctrl_c() => None,
            result = work => Some(result.context("the work broke off").map_err(Failure::from).flatten()),
        }
    });
    // Requests and analyses that still run have nobody left to answer to.
    runtime.shutdown_background();
    result
}
