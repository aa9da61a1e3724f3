//! An edit of a file that `#[derive(Connections)]` has read compiles the program anew; and no value of the files is in
//! what the compiler writes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

#[test]
fn an_edit_of_any_file_is_seen_by_the_next_build_and_no_build_keeps_a_value() {
    let program = Program::new();
    program.builds();
    assert!(!program.builds().contains("Compiling"), "nothing has changed");
    for (file, name) in [("connections.toml", "primary_db"), ("conf.d/more.toml", "queue"), (PROFILE, "search")] {
        let text = fs::read_to_string(program.0.join(file)).expect("the file was written");
        write(&program.0, file, &text.replace(name, "renamed"));
        let said = program.fails();
        assert!(said.contains(&format!("no connection is called `{name}`")), "{file}: {said}");
        write(&program.0, file, &text);
        assert!(program.builds().contains("Compiling program"), "{file} was put right");
    }
    fs::remove_file(program.0.join(PROFILE)).expect("the file was written");
    let said = program.fails();
    assert!(said.contains("no connection is called `search`"), "without its profile: {said}");
    let artefacts = program.artefacts();
    assert!(artefacts.iter().any(|path| path.extension().is_some_and(|end| end == "rlib")), "{artefacts:?}");
    for path in artefacts {
        let bytes = fs::read(&path).expect("an artefact is readable");
        let found = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
        assert!(!found, "{} has a value of the files in it", path.display());
    }
}

/// A package of its own. Its dependencies stay built from one run of the tests to the next.
struct Program(PathBuf);

impl Program {
    fn new() -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rebuild");
        let program = Self(root.join("program"));
        // What an earlier run has left must not pass for what this one builds.
        let _ = fs::remove_dir_all(&program.0);
        for artefact in program.artefacts() {
            fs::remove_file(artefact).expect("an artefact can be removed");
        }
        let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../registry");
        let manifest = MANIFEST.replace("LIBRARY", &library.to_string_lossy().replace('\\', "/"));
        for (name, text) in FILES.iter().copied().chain([("Cargo.toml", &*manifest)]) {
            write(&program.0, name, text);
        }
        fs::copy(library.join("../Cargo.lock"), program.0.join("Cargo.lock")).expect("there is a lock file");
        program
    }

    fn target(&self) -> PathBuf {
        self.0.with_file_name("target")
    }

    #[track_caller]
    fn builds(&self) -> String {
        let (succeeds, said) = self.build();
        assert!(succeeds, "{said}");
        said
    }

    #[track_caller]
    fn fails(&self) -> String {
        let (succeeds, said) = self.build();
        assert!(!succeeds, "the edit was not seen: {said}");
        assert!(!said.contains(CANARY), "a value of the files is in: {said}");
        said
    }

    fn build(&self) -> (bool, String) {
        let output = Command::new(env!("CARGO"))
            .args(["build", "--offline", "--color", "never"])
            .env("CARGO_TARGET_DIR", self.target())
            .current_dir(&self.0)
            .output()
            .expect("cargo runs");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// All that the compiler wrote for the package.
    fn artefacts(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.target()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.expect("the target folder is readable").path();
                let is_ours =
                    path.strip_prefix(self.target()).is_ok_and(|path| path.to_string_lossy().contains("program"));
                if path.is_dir() {
                    folders.push(path);
                } else if is_ours {
                    found.push(path);
                }
            }
        }
        found
    }
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("the path has a folder")).expect("a folder can be made");
    fs::write(path, text).expect("a file can be written");
}

const CANARY: &str = "c4nary-that-is-long-enough";

const PROFILE: &str = "connections.live.toml";

const FILES: [(&str, &str); 5] = [
    ("src/main.rs", "fn main() {\n    assert_eq!(program::Backends::NAMES.len(), 3);\n}\n"),
    (
        "src/lib.rs",
        "use connection_registry::{Conn, Connections};\n\n\
         #[derive(Connections)]\n#[connections(file = \"connections.toml\")]\npub struct Backends {\n    \
         pub primary_db: Conn<u8>,\n    pub queue: Conn<u8>,\n    pub search: Conn<u8>,\n}\n",
    ),
    (
        "connections.toml",
        "include = ['conf.d/*.toml']\n[connections.primary_db]\ntype = 'store'\npassword = 'c4nary-that-is-long-enough'\n",
    ),
    ("conf.d/more.toml", "[connections.queue]\ntype = 'store'\npassword = 'c4nary-that-is-long-enough'\n"),
    (PROFILE, "[connections.search]\ntype = 'store'\npassword = 'c4nary-that-is-long-enough'\n"),
];

const MANIFEST: &str = r#"
[package]
name = "program"
version = "0.1.0"
edition = "2024"

[dependencies]
connection-registry = { path = "LIBRARY" }

[workspace]
"#;
