//! Work that waits for files, or takes long.

use tokio::task::{JoinError, spawn_blocking};

use crate::BoxError;

/// Runs `work` on a thread that may wait.
///
/// # Errors
///
/// When `work` panicked, whose words may hold a secret and are left out, or the runtime ends.
pub(in crate::connectors) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, BoxError> {
    spawn_blocking(work).await.map_err(|error| not_done(&error).into())
}

/// Why it was not done.
fn not_done(error: &JoinError) -> &'static str {
    if error.is_panic() { "work on a thread of its own panicked" } else { "the runtime has ended" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_panic_says_is_left_out() {
        assert_eq!(run(|| 7).await.expect("it is done"), 7);
        let error = run(|| -> () { panic!("c4nary") }).await.expect_err("it panics");
        assert_eq!(error.to_string(), "work on a thread of its own panicked");
        assert!(!format!("{error:?}").contains("c4nary"));
    }
}
