//! Tombi, which many editors ask: what it marks, completes and explains.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use connection_registry_tests::service::tool;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with the schema.
pub(super) struct Desk {
    tombi: PathBuf,
    folder: TempDir,
}

impl Desk {
    /// `None` where Tombi is not installed.
    pub(super) fn new() -> Option<Self> {
        let tombi = tool("tombi", "PyPI package tombi")?;
        let folder = tempfile::tempdir().expect("a folder can be made");
        fs::write(folder.path().join("connections.schema.json"), format!("{:#}", super::schema()))
            .expect("a file can be written");
        Some(Self { tombi, folder })
    }

    /// What is marked in a file, as `line code message`, in the order of lines. Line 1 is the one that names the schema.
    pub(super) fn lint(&self, text: &str) -> Vec<String> {
        fs::write(self.file(), with_schema(text)).expect("a file can be written");
        let mut command = self.command();
        command.args(["lint", "--offline", "--quiet", "--diagnostics-format", "json", "--diagnostics-file"]);
        let output = command.args([Path::new("/dev/stdout"), &self.file()]).output().expect("the program starts");
        let text = String::from_utf8_lossy(&output.stdout);
        let found: Vec<Value> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {output:?}"));
        assert_eq!(output.status.success(), found.iter().all(|finding| finding["level"] != "error"), "{output:?}");
        let mut found: Vec<_> =
            found.iter().map(|finding| (finding["range"]["start"]["line"].as_u64(), line(finding))).collect();
        found.sort();
        found.into_iter().map(|(_, line)| line).collect()
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("connections.toml")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.tombi);
        command.current_dir(&self.folder).env("XDG_CACHE_HOME", self.folder.path()).env("NO_COLOR", "1");
        command
    }
}

fn with_schema(text: &str) -> String {
    format!("#:schema ./connections.schema.json\n\n{text}")
}

fn line(finding: &Value) -> String {
    let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    format!("{} {} {}", finding["range"]["start"]["line"], text("code"), text("message"))
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let Some(desk) = Desk::new() else { return };
    let found = desk.lint(text);
    let is_expected = |(found, expected): (&String, &&str)| found.starts_with(*expected);
    let fits = found.len() == expected.len() && found.iter().zip(expected).all(is_expected);
    assert!(fits, "found {found:#?}, expected {expected:#?}");
}

#[test]
fn nothing_is_marked_in_a_good_file() {
    check(
        r#"include = ["conf.d/*.toml"]

[defaults.lifecycle]
connect_timeout = "5s"
retry = { base = "50ms" }

[defaults.postgres]
max_connections = 8

[connections.primary_db]
type = "postgres"
url = "${env:DATABASE_URL}"
max_connections = "${env:SIZE:-10}"
acquire_timeout = "1h 30m"
idle_timeout = "${env:IDLE}s"
tls = { mode = "verify-ca", ca = "${env:CA}" }
lifecycle.start = "eager"

[connections.reports]
type = "postgres"
extends = "primary_db"
lifecycle = { required = "${env:REQUIRED:-true}", check_fall = 1 }

[connections.legacy]
type = "postgres"
config_file = "legacy.toml"

[connections."tenant/{id}"]
type = "sqlite"
url = "sqlite://${name:id}.db"
lifecycle.max_instances = 5

[connections.of_another_layer]
max_connections = 2

[connections.switched_off]
type = "not-linked-here"
enabled = false
whatever = 1

[connections.sample]
type = "schema-sample"
host = "h"
port = "${env:PORT}"
ratio = 1
hosts = ["a", "${env:B}"]
labels = "${env:LABELS}"
limits = { requests = 5, beyond = "wait-longer" }
"#,
        &[],
    );
}

#[test]
fn each_mistake_is_marked_at_its_line_and_by_itself() {
    check(
        r#"includes = ["conf.d/*.toml"]

[connections.primary_db]
type = "postgres"
url = "postgres://localhost"
max_conections = 8
max_connections = 0
acquire_timeout = "10 parsecs"
tls = { mode = "bogus", cert = "x" }
lifecycle.connect_timeout = 5
lifecycle.start = "never"

[connections.typo]
type = "postgers"

[connections.sample]
type = "schema-sample"
port = 70000
verbose = "yes"
token = 5
limits = { beyond = "fail-at-once" }

[connections." spaced"]
host = 5

[defaults.sqlite]
url = 5
type = "sqlite"

[defaults.sqlit]
"#,
        &[
            "3 key-not-allowed \"includes\" is not allowed",
            "8 key-not-allowed \"max_conections\" is not allowed",
            "9 integer-minimum the value must be ≥ 1, but found 0",
            "10 string-pattern \"10 parsecs\" does not match",
            "11 enum the value must be one of [\"disable\", \"prefer\", \"require\", \"verify-ca\", \"verify-full\"]",
            "11 key-not-allowed \"cert\" is not allowed",
            "11 string-pattern \"bogus\" does not match",
            "12 type-mismatch expected a value of type String, but found Integer",
            "13 enum the value must be one of [\"lazy\", \"eager\"]",
            "13 string-pattern \"never\" does not match",
            "16 enum the value must be one of [",
            "18 table-key-required \"host\" is required",
            "20 integer-maximum the value must be ≤ 65535, but found 70000",
            "21 string-pattern \"yes\" does not match",
            "22 type-mismatch expected a value of type String, but found Integer",
            "23 table-key-required \"requests\" is required",
            "25 string-pattern",
            "29 type-mismatch expected a value of type String, but found Integer",
            "30 key-not-allowed \"type\" is not allowed",
            "32 key-not-allowed \"sqlit\" is not allowed",
        ],
    );
}

#[test]
fn a_required_key_may_be_among_the_defaults_of_the_type() {
    let connection = "[connections.a]\ntype = \"schema-sample\"\n";
    check(connection, &["3 table-key-required \"host\" is required"]);
    check(&format!("[defaults.schema-sample]\nhost = \"h\"\n{connection}"), &[]);
    check(&format!("[defaults.schema-sample]\nport = 1\n{connection}"), &["5 table-key-required \"host\" is required"]);
}

#[test]
fn a_connection_is_completed_and_explained_by_its_type() {
    let Some(desk) = Desk::new() else { return };
    let mut server = Server::start(&desk);
    server.open(&desk, "[connections.a]\ntype = \"schema-sample\"\nport = 1\n\n[connections.b]\ntype = \"\"\n");
    let keys = server.completions(5, 0);
    for key in ["host", "limits", "lifecycle", "extends"] {
        assert!(keys.iter().any(|label| label == key), "{key}: {keys:?}");
    }
    // Not those of others.
    assert!(!keys.iter().any(|label| label == "max_connections"), "{keys:?}");
    let explained = server.hover(4, 1);
    assert!(explained.contains("Between 0 and 65535."), "{explained}");
    let types = server.completions(7, 8);
    assert!(types.iter().any(|label| label == "\"postgres\""), "{types:?}");
}

#[test]
fn a_connection_is_completed_while_it_is_not_right_yet() {
    let Some(desk) = Desk::new() else { return };
    let mut server = Server::start(&desk);
    server.open(&desk, "[connections.a]\ntype = \"schema-sample\"\nlimits.beyond = \"\"\n\n");
    let values = server.completions(4, 17);
    assert!(values.iter().any(|label| label == "\"fail-at-once\""), "{values:?}");
    let keys = server.completions(5, 0);
    assert!(keys.iter().any(|label| label == "greeting"), "{keys:?}");
}

/// The language server, which speaks JSON by its standard streams.
struct Server {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    uri: String,
    requests: u64,
}

impl Server {
    fn start(desk: &Desk) -> Self {
        let mut command = desk.command();
        command.args(["lsp", "--offline"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("the program starts");
        let (input, output) = (
            process.stdin.take().expect("its streams are pipes"),
            BufReader::new(process.stdout.take().expect("its streams are pipes")),
        );
        let uri = format!("file://{}", desk.file().display());
        let mut server = Self { process, input, output, uri, requests: 0 };
        let root = format!("file://{}", desk.folder.path().display());
        server.ask("initialize", &json!({ "processId": null, "rootUri": root, "capabilities": {} }));
        server.send(&json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }));
        server
    }

    fn open(&mut self, desk: &Desk, text: &str) {
        let text = with_schema(text);
        fs::write(desk.file(), &text).expect("a file can be written");
        let document = json!({ "uri": self.uri, "languageId": "toml", "version": 1, "text": text });
        let params = json!({ "textDocument": document });
        self.send(&json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": params }));
        // It has read the file when it says what is wrong with it.
        while self.receive()["method"] != "textDocument/publishDiagnostics" {}
    }

    /// The labels of what may be written at a place, both counted from 0.
    fn completions(&mut self, line: u32, character: u32) -> Vec<String> {
        let answer = self.ask("textDocument/completion", &self.place(line, character));
        let items = answer.as_array().or_else(|| answer["items"].as_array()).cloned().unwrap_or_default();
        items.iter().filter_map(|item| Some(item["label"].as_str()?.to_owned())).collect()
    }

    fn hover(&mut self, line: u32, character: u32) -> String {
        self.ask("textDocument/hover", &self.place(line, character))["contents"]["value"].to_string()
    }

    fn place(&self, line: u32, character: u32) -> Value {
        json!({ "textDocument": { "uri": self.uri }, "position": { "line": line, "character": character } })
    }

    /// The answer to a request.
    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.requests += 1;
        let id = self.requests;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.receive();
            if message.get("method").is_none() && message["id"] == id {
                return message["result"].clone();
            }
        }
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).expect("the server listens");
        self.input.flush().expect("the server listens");
    }

    /// The next message; what the server asks is answered by nothing.
    fn receive(&mut self) -> Value {
        let message = self.read();
        if let (Some(_), Some(id)) = (message.get("method"), message.get("id")) {
            self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": null }));
        }
        message
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut header = String::new();
            assert_ne!(self.output.read_line(&mut header).expect("the server answers"), 0, "the server has ended");
            match header.trim().split_once(": ") {
                Some(("Content-Length", value)) => length = value.parse().expect("a length is a number"),
                Some(_) => {}
                None => break,
            }
        }
        let mut content = vec![0; length];
        self.output.read_exact(&mut content).expect("the server answers");
        serde_json::from_slice(&content).expect("it is JSON")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
