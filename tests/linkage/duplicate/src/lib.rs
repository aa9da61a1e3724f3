//! An application that links two crates whose connection types have one name.

use connection_registry as _;
use linkage_plugin_a as _;
use linkage_plugin_twin as _;

#[cfg(test)]
mod tests {
    use connection_registry::{ConnectionFactory, ErrorKind};

    #[test]
    fn a_name_that_two_crates_use_is_an_error_that_names_both_places() {
        let error = ConnectionFactory::linked().expect_err("`alpha` is there twice");
        assert_eq!(error.kind(), ErrorKind::DuplicateType);
        let text = error.to_string().replace('\\', "/");
        let expected = "connection type `alpha` is registered 2 times:\
            \n  linkage-plugin-a 0.1.0 at tests/linkage/plugin-a/src/lib.rs:6 (linkage_plugin_a::Alpha)\
            \n  linkage-plugin-twin 0.2.0 at tests/linkage/plugin-twin/src/lib.rs:6 (linkage_plugin_twin::OtherAlpha)";
        assert_eq!(text, expected);
    }
}
