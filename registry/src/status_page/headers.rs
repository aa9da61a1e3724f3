//! What a browser may do with an answer: next to nothing.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::Response,
};

/// Adds to an answer what keeps it out of caches, frames and other sites.
pub(super) async fn protect(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    // For browsers that do not know `frame-ancestors`.
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The style and the script of the page are known by their hashes: nothing else runs, whatever is in a name or a cause.
const POLICY: &str = concat!(
    "default-src 'none'; ",
    "script-src 'sha256-ZhR2K6l7/P4scs5ipVfKh7SxDRgERNMTd87tw1wt3oA='; ",
    "style-src 'sha256-9r9D28Nh1vw54SX5ttoZWif9Cm9AAzKTWT+nT109WMA='; ",
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, Engine};
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::status_page::page::{SCRIPT, STYLE};

    /// A browser hashes what stands between the tags, line ends as LF.
    fn source(directive: &str, text: &str) -> String {
        let hash = Sha256::digest(text.replace("\r\n", "\n"));
        format!("{directive} 'sha256-{}'; ", BASE64_STANDARD.encode(hash))
    }

    #[test]
    fn the_policy_has_the_hashes_of_style_and_script() {
        for source in [source("script-src", SCRIPT), source("style-src", STYLE)] {
            assert!(POLICY.contains(&source), "in the policy there should be: {source}");
        }
    }
}
