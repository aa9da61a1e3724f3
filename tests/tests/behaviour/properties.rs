//! What holds for every input.

use connection_registry::{ConnectionManager, ErrorKind};
use connection_registry_tests::ProbeClient;
use proptest::prelude::*;

fn load(toml: &str, variables: &[(&str, &str)]) -> Result<ConnectionManager, connection_registry::Error> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    ConnectionManager::builder().toml(toml).environment(variables).build()
}

proptest! {
    #[test]
    fn any_text_gives_a_manager_or_diagnostics_and_never_a_panic(text in "\\PC*|[\\[\\]{}=.'\"a-c0-9\\n#$:-]*") {
        if let Err(error) = load(&text, &[]) {
            prop_assert_eq!(error.kind(), ErrorKind::Configuration);
            prop_assert!(!error.diagnostics().is_empty());
            for diagnostic in error.diagnostics() {
                prop_assert!(diagnostic.line() >= 1 && diagnostic.column() >= 1);
            }
            let _ = (error.render(), error.to_json());
        }
    }

    #[test]
    fn any_bytes_in_a_file_give_a_manager_or_diagnostics_and_never_a_panic(bytes in any::<Vec<u8>>()) {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("connections.toml");
        std::fs::write(&path, bytes)?;
        if let Err(error) = ConnectionManager::from_file(&path) {
            prop_assert!(!error.diagnostics().is_empty());
            let _ = error.render();
        }
    }

    #[test]
    fn the_value_of_a_variable_is_data_and_changes_no_structure(value in "\\PC+|[\\[\\]{}=.'\"a-c\\n$:-]+") {
        let toml = "[connections.a]\ntype = 'probe'\nrecord = '${env:VALUE}'\nurl = 'x${env:VALUE}y'\n";
        let connections = load(toml, &[("VALUE", &value)])?;
        prop_assert_eq!(connections.names(), ["a"]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(connections.get::<ProbeClient>("a"))?;
        prop_assert!(connection_registry_tests::Record::of(&value).attempts() > 0, "the value arrives as it is");
    }

    #[test]
    fn the_value_of_an_override_is_data_too(value in "\\PC*") {
        let connections = load("connections.a = { type = 'probe', record = 'x' }", &[("CONNECTIONS__A__URL", &value)])?;
        prop_assert_eq!(connections.names(), ["a"]);
    }
}
