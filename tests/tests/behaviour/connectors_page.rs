//! The page of the built-in connection types says what the types themselves say.
//!
//! To write it anew, with all types linked:
//!
//! ```sh
//! UPDATE_PAGES=1 cargo test -p connection-registry-tests --all-features --test behaviour connectors_page
//! ```

use std::{fmt::Write as _, fs, path::Path};

use connection_registry::{ConnectionFactory, ConnectionType, Field};
use connection_registry_tests::proof::{PROOFS, Proof};

#[test]
fn the_page_of_the_connectors_is_what_the_types_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../registry/src/guide/connectors.md");
    let page = fs::read_to_string(&path).unwrap();
    let (head, old) = page.split_once(MARK).expect("the page has a mark below which it is written by this test");
    let types = built_in();
    if std::env::var_os("UPDATE_PAGES").is_some() {
        assert_eq!(types.len(), PROOFS.len(), "not all types are linked: use --all-features");
        fs::write(&path, format!("{head}{MARK}{}", generated(&types))).unwrap();
        return;
    }
    assert!(old.starts_with(&table()), "the table differs: write the page anew, as the head of this test says");
    for connection_type in &types {
        assert!(old.contains(&section(connection_type)), "`{}` differs: write the page anew", connection_type.name());
    }
}

#[test]
fn every_built_in_type_has_a_proof() {
    let proven: Vec<_> = PROOFS.iter().map(|proof| proof.type_name).collect();
    assert!(proven.is_sorted(), "{proven:?}");
    for connection_type in built_in() {
        assert!(proven.contains(&connection_type.name()), "{}", connection_type.name());
    }
}

#[test]
fn every_field_of_a_built_in_type_is_described() {
    for connection_type in built_in() {
        assert!(connection_type.docs().trim().len() > 20, "{connection_type:?}");
        for field in connection_type.fields() {
            assert!(field.docs.trim().ends_with('.'), "{}.{}: {:?}", connection_type.name(), field.name, field.docs);
        }
    }
}

/// The types of the library that connect to something, sorted by name.
fn built_in() -> Vec<ConnectionType> {
    let factory = ConnectionFactory::linked().unwrap();
    let is_built_in = |found: &&ConnectionType| {
        found.crate_name() == "connection-registry" && found.rust_name().contains("::connectors::")
    };
    factory.types().iter().filter(is_built_in).copied().collect()
}

fn generated(types: &[ConnectionType]) -> String {
    types.iter().fold(table(), |page, connection_type| page + &section(connection_type))
}

fn table() -> String {
    let mut table =
        "\n\n| `type` | feature | drivers | encryption | proven against |\n|---|---|---|---|---|\n".to_owned();
    for Proof { type_name, feature, drivers, encryption, server, .. } in PROOFS {
        let link = format!("[`{type_name}`](#{type_name})");
        let _ = writeln!(table, "| {link} | `{feature}` | {drivers} | {encryption} | {server} |");
    }
    table
}

fn section(connection_type: &ConnectionType) -> String {
    let proof = Proof::of(connection_type.name());
    let mut section = format!("\n# {}\n\n{}\n\n", connection_type.name(), paragraphs(connection_type.docs()));
    let _ = writeln!(section, "Client: `{}`.\n", client(connection_type));
    section += "| key | value | meaning |\n|---|---|---|\n";
    for field in connection_type.fields() {
        let meaning = field.docs.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
        let _ = writeln!(section, "| `{}` | {} | {meaning} |", field.name, value(field));
    }
    let _ = writeln!(section, "\nProven against {}: the conformance suite{}.", proof.server, but(proof));
    if !proof.beyond.is_empty() {
        let _ = writeln!(section, "Beyond it: {}.", proof.beyond);
    }
    section
}

/// The trials that are skipped, with their reasons.
fn but(proof: &Proof) -> String {
    if proof.skipped.is_empty() {
        return ", every trial".to_owned();
    }
    let skipped: Vec<_> = proof.skipped.iter().map(|(name, why)| format!("“{name}” ({why})")).collect();
    format!(", every trial but {}", skipped.join(", "))
}

fn paragraphs(docs: &str) -> String {
    docs.lines().map(str::trim).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// The client as a user writes it: modules of this library are private.
fn client(connection_type: &ConnectionType) -> String {
    let name = connection_type.client_type_name().replace("alloc::sync::", "");
    match name.rsplit_once("connection_registry::connectors::") {
        Some((_, path)) => format!("connectors::{}", path.rsplit("::").next().unwrap_or(path)),
        None => name,
    }
}

/// What is written behind the key, in words.
fn value(field: &Field) -> String {
    let name = field.type_name.replace(' ', "");
    let (name, may_lack) = match name.strip_prefix("Option<").and_then(|rest| rest.strip_suffix('>')) {
        Some(inner) => (inner.to_owned(), true),
        None => (name, field.docs.contains("Default:")),
    };
    let words = if name.starts_with("ConnectionRef<") {
        "name of a connection"
    } else if name.starts_with("Vec<") {
        "list"
    } else {
        match name.as_str() {
            "Secret" => "text, secret",
            "String" | "Url" => "text",
            "PathBuf" => "path",
            "bool" => "boolean",
            "Duration" => "duration",
            _ if name.starts_with("NonZero") || name.starts_with(['u', 'i']) => "integer",
            _ if name.starts_with("BTreeMap") || name == "Tls" => "table",
            _ => "one of several",
        }
    };
    if may_lack { words.to_owned() } else { format!("{words}, required") }
}

const MARK: &str = "<!-- below: written by tests from the types themselves -->";
