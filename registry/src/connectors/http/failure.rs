//! Why there is no answer, from what the driver says.

use std::time::Instant;

use reqwest::{RequestBuilder, StatusCode};

use crate::{BoxError, connectors::shared::failure::Reason};

/// The status of the answer, whose body was read for as long as it is short: its connection can be used again then.
///
/// # Errors
///
/// That of the driver without the URL, which may have a secret in it.
pub(super) async fn answer(request: RequestBuilder) -> Result<StatusCode, (Reason, BoxError)> {
    let begun = Instant::now();
    status_of(request).await.map_err(|error| {
        let error = error.without_url();
        (reason(&error, begun), error.into())
    })
}

async fn status_of(request: RequestBuilder) -> reqwest::Result<StatusCode> {
    let mut answer = request.send().await?;
    let mut left = LONGEST_BODY;
    while let Some(chunk) = answer.chunk().await?
        && chunk.len() <= left
    {
        left -= chunk.len();
    }
    Ok(answer.status())
}

/// What an error of the driver means.
fn reason(error: &reqwest::Error, begun: Instant) -> Reason {
    match Reason::of(error) {
        Reason::Other | Reason::TimedOut if error.is_timeout() => Reason::Silent(begun.elapsed()),
        Reason::Other if error.is_builder() => Reason::Settings,
        found => found,
    }
}

/// What is read of an answer that nobody looks at.
const LONGEST_BODY: usize = 64 * 1024;
