//! [`Conn`]: the guard that applications hold.

use std::{fmt, ops::Deref, sync::Arc};

use crate::lease::Lease;

/// A guard of a connected client: use it as a `&T`.
///
/// It costs as much as an `Arc`: eight bytes, cheap to clone, free to move between tasks and to hold across
/// `await`. It keeps its client alive, also after the connection was disconnected or replaced; ask the manager
/// again for the current one.
pub struct Conn<T>(Arc<Lease<T>>);

impl<T> Conn<T> {
    pub(crate) fn new(lease: Arc<Lease<T>>) -> Self {
        Self(lease)
    }

    /// Whether the connection has been disconnected or replaced since this guard was given out.
    pub fn is_retired(&self) -> bool {
        self.0.mark().is_retired()
    }
}

impl<T> Deref for Conn<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.client()
    }
}

impl<T> AsRef<T> for Conn<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T> Clone for Conn<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

// By hand: a client's own `Debug` may print its credentials.
impl<T> fmt::Debug for Conn<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Conn<{}>", std::any::type_name::<T>())
    }
}
