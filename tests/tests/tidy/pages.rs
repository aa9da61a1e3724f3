//! What the pages say of the code, compared with the code.

use std::{collections::BTreeSet, fs, path::Path};

/// A file of the repository.
fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The first cell of every row of the table below a header that starts with `header`, without backquotes.
fn first_cells(page: &str, header: &str) -> BTreeSet<String> {
    let rows =
        page.lines().skip_while(|line| !line.starts_with(header)).skip(2).take_while(|line| line.starts_with('|'));
    rows.filter_map(|row| row.split('|').nth(1)).map(|cell| cell.trim().replace('`', "")).collect()
}

/// The `CR…` codes in a text.
fn codes(text: &str) -> BTreeSet<String> {
    let is_code =
        |word: &&str| word.len() == 5 && word.starts_with("CR") && word[2..].bytes().all(|b| b.is_ascii_digit());
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(is_code).map(str::to_owned).collect()
}

/// The targets of the links of a page that are files of the repository.
fn linked_files(page: &str) -> Vec<&str> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    targets.filter(|target| !target.contains("://") && !target.contains("::") && !target.starts_with('#')).collect()
}

#[test]
fn the_guide_explains_every_code() {
    let explained = first_cells(&read("registry/src/guide/errors.md"), "| code |");
    let code = read("registry/src/diagnostic/code.rs");
    let without_tests = code.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    assert_eq!(explained, codes(without_tests));
}

#[test]
fn the_front_page_lists_every_feature() {
    let manifest = read("registry/Cargo.toml");
    let (_, features) = manifest.split_once("[features]\n").expect("the library has features");
    let declared = features.lines().take_while(|line| !line.starts_with('[')).filter(|line| !line.starts_with('#'));
    let declared = declared.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name.to_owned());
    // One that begins with `_` is the library's own.
    let declared: BTreeSet<_> = declared.filter(|name| name != "default" && !name.starts_with('_')).collect();
    assert_eq!(first_cells(&read("README.md"), "| feature |"), declared);
}

#[test]
fn every_built_in_type_has_the_same_files_and_is_tried_against_its_server() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let types = fs::read_dir(root.join("../registry/src/connectors")).expect("the sources are readable");
    let types: Vec<_> = types.map(|entry| entry.expect("the sources are readable").path()).collect();
    let types =
        types.iter().filter(|path| path.extension().is_some_and(|end| end == "rs") && !path.ends_with("mod.rs"));
    for path in types {
        for file in ["failure.rs", "options.rs", "tests.rs"] {
            let file = path.with_extension("").join(file);
            assert!(file.exists(), "{} is missing", file.display());
        }
        let name = path.file_stem().expect("a file has a name").to_string_lossy();
        // The two are one server.
        let module = if name == "nats_jetstream" { "nats" } else { &name };
        let services = read("tests/tests/services/main.rs");
        assert!(services.contains(&format!("mod {module};")), "{name} has no file in tests/tests/services");
    }
}

#[test]
fn the_links_of_the_pages_lead_somewhere() {
    for page in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        for target in linked_files(&read(page)) {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(target);
            assert!(path.exists(), "{page} links to {target}");
        }
    }
}

#[test]
fn the_code_map_lists_every_room() {
    let page = read("ARCHITECTURE.md");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../registry/src");
    for entry in fs::read_dir(source).expect("the sources are readable") {
        let entry = entry.expect("the sources are readable");
        let end = if entry.path().is_dir() { "/" } else { "" };
        let listed = format!("| `src/{}{end}` |", entry.file_name().to_string_lossy());
        assert!(page.contains(&listed), "ARCHITECTURE.md has no row {listed}");
    }
}

#[test]
fn the_code_map_says_of_every_file_of_the_configuration_which_pass_it_belongs_to() {
    let page = read("ARCHITECTURE.md");
    let (_, map) = page.split_once("#### The files of `config/`").expect("there is such a section");
    let map: String = map.lines().take_while(|line| !line.starts_with("### ")).collect();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../registry/src/config");
    for entry in fs::read_dir(source).expect("the sources are readable") {
        let entry = entry.expect("the sources are readable").path();
        let name = entry.file_stem().expect("an entry has a name").to_string_lossy().into_owned();
        let end = if entry.is_dir() { "/" } else { "" };
        let is_listed = map.contains(&format!("`{name}{end}`"));
        assert!(is_listed || ["mod", "tests"].contains(&&*name), "ARCHITECTURE.md does not list config/{name}{end}");
    }
}

#[test]
fn tables_codes_and_links_are_found() {
    let page = "# T\n\n| code | x |\n|---|---|\n| `CR001` | [a](b.md) |\n| `CR002` | [c](https://d) |\n\n| `CR003` |\n";
    assert_eq!(first_cells(page, "| code |"), BTreeSet::from(["CR001", "CR002"].map(String::from)));
    assert_eq!(codes(r#"Self::A => "CR001", CR0012 CRATE"#), BTreeSet::from(["CR001".to_owned()]));
    assert_eq!(linked_files(page), ["b.md"]);
}
