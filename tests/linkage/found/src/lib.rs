//! An application whose manifest lists two plug-ins and whose code names one of them.

// The lint that finds a plug-in that is not linked. It is expected here, so it is an error if it stays silent.
#![deny(unfulfilled_lint_expectations)]
#![expect(unused_crate_dependencies, reason = "linkage-plugin-b is in the manifest and nowhere else")]

use connection_registry as _;
use linkage_plugin_a as _;

#[cfg(test)]
mod tests {
    use connection_registry::{ConnectionFactory, ErrorKind};

    #[test]
    fn a_crate_that_is_named_is_linked_with_its_types() {
        let factory = ConnectionFactory::linked().expect("no name is used twice");
        let alpha = factory.find("alpha").expect("`use linkage_plugin_a as _` links it");
        assert_eq!(alpha.crate_name(), "linkage-plugin-a");
        assert_eq!(alpha.rust_name(), "linkage_plugin_a::Alpha");
    }

    #[test]
    fn a_crate_that_is_only_in_the_manifest_is_not_linked_and_the_error_says_how() {
        let factory = ConnectionFactory::linked().expect("no name is used twice");
        assert!(!factory.is_registered("beta"));

        let error = factory.create("beta", toml::Table::new(), ".").expect_err("it is not linked");
        assert_eq!(error.kind(), ErrorKind::UnknownType);
        let text = error.to_string();
        assert!(text.contains("unknown connection type `beta`"), "{text}");
        assert!(text.contains("linked types: alpha"), "{text}");
        assert!(text.contains("is its crate linked? add `use the_crate as _;`"), "{text}");
    }
}
