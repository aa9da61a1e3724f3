//! Why a store cannot be used, by its answers.

use crate::connectors::shared::failure::Reason;

/// What an error of the driver means.
pub(super) fn reason(error: &object_store::Error) -> Reason {
    use object_store::Error as Driver;
    match error {
        Driver::NotFound { .. } => Reason::NotFound,
        Driver::PermissionDenied { .. } | Driver::Unauthenticated { .. } => Reason::Credentials,
        Driver::UnknownConfigurationKey { .. } | Driver::InvalidPath { .. } => Reason::Settings,
        _ => Reason::of(error),
    }
}

/// Whether it is the object alone that is not there: the bucket is.
pub(super) fn is_only_the_object(error: &object_store::Error) -> bool {
    match error {
        // The code of S3 for the other case is in the body of the answer, which the driver has as text alone.
        object_store::Error::NotFound { source, .. } => !source.to_string().contains("NoSuchBucket"),
        _ => false,
    }
}
