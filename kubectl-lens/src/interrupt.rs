//! Ctrl-C.

use std::future::Future;

/// Runs `work` to its end, or until the user presses Ctrl-C; then there is no result, and what was
/// moving on the terminal is gone from it.
pub(crate) fn until_interrupted<T>(work: impl Future<Output = T>) -> Option<T> {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!("cannot start: {error}");
            return None;
        }
    };
    let result = runtime.block_on(async {
        tokio::select! {
            biased;
            // Where the signal cannot be watched, the work simply runs on.
            Ok(()) = tokio::signal::ctrl_c() => None,
            result = work => Some(result),
        }
    });
    // Requests and analyses that still run have nobody left to answer to.
    runtime.shutdown_background();
    result
}
