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
