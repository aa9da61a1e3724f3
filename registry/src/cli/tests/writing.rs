//! The commands that write files, from their arguments to their exit codes.

use std::{fs, io, path::PathBuf};

use clap::Parser;
use tempfile::TempDir;

use crate::{
    BoxError, ConnectContext, Connection, ConnectionFactory, ConnectionManager, ConnectionType, Secret,
    cli::{arguments::Arguments, exit_code::Code},
    config::Environment,
    connection_type,
};

/// A ticket API.
///
/// It has no more to say.
#[connection_type("writing-tickets")]
#[derive(Debug)]
struct Tickets {
    /// Where the API is.
    ///
    /// Without a path.
    base_url: String,
    /// Whose tickets they are.
    token: Secret,
    /// Default: 10.
    #[serde(default = "ten")]
    page_size: u16,
    /// What tickets are about.
    labels: Option<Vec<String>>,
    pause: Option<std::time::Duration>,
    verbose: Option<bool>,
}

fn ten() -> u16 {
    10
}

impl Connection for Tickets {
    type Client = String;

    async fn connect(&self, _: &ConnectContext) -> Result<String, BoxError> {
        let Self { base_url, token, page_size, labels, pause, verbose } = self;
        Ok(format!("{base_url} {} {page_size} {labels:?} {pause:?} {verbose:?}", token.expose()))
    }
}

/// A folder, and what commands do in it.
struct Folder(TempDir);

/// What a command said, without the folder.
#[derive(Debug)]
struct Said {
    code: Code,
    out: String,
    err: String,
}

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn with(text: &str) -> Self {
        let folder = Self::new();
        folder.write("connections.toml", text);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Runs a command; `@name` among its arguments is a file of the folder.
    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Said {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = self.arguments(arguments).run(Environment::Fixed(std::sync::Arc::default()), &mut out, &mut err);
        let prefix = self.path("").to_string_lossy().into_owned();
        let text = |bytes: &[u8]| {
            anstream::adapter::strip_str(&String::from_utf8_lossy(bytes)).to_string().replace(&prefix, "")
        };
        Said { code, out: text(&out), err: text(&err) }
    }

    #[track_caller]
    fn arguments(&self, arguments: &[&str]) -> Arguments {
        let config = self.path("connections.toml").to_string_lossy().into_owned();
        let given = arguments.iter().map(|argument| match argument.strip_prefix('@') {
            Some(name) => self.path(name).to_string_lossy().into_owned(),
            None => (*argument).to_owned(),
        });
        let all = ["connections".to_owned()].into_iter().chain(given).chain(["--config".to_owned(), config]);
        Arguments::try_parse_from(all).unwrap()
    }

    fn manager(&self) -> ConnectionManager {
        let variables =
            [("SUPPORT_BASE_URL", "https://x"), ("SUPPORT_TOKEN", "t"), ("A_B_BASE_URL", "y"), ("A_B_TOKEN", "u")];
        ConnectionManager::builder().file(self.path("connections.toml")).environment(variables).build().unwrap()
    }
}

impl Said {
    #[track_caller]
    fn check(&self, code: Code, out: &str, err: &str) {
        assert_eq!((self.code, self.out.as_str(), self.err.as_str()), (code, out, err));
    }
}

const ADDED: &str = "\
# A ticket API.
[connections.support]
type = \"writing-tickets\"

# Where the API is.
#
# Without a path.
base_url = \"${env:SUPPORT_BASE_URL}\"

# Whose tickets they are.
token = \"${env:SUPPORT_TOKEN}\"

# Default: 10.
# page_size = 10

# What tickets are about.
# labels = []

# pause = \"10s\"

# verbose = false
";

#[tokio::test]
async fn add_writes_what_the_type_says_of_its_fields_and_the_result_works() {
    let folder = Folder::with("");
    folder.run(&["add", "writing-tickets", "support"]).check(Code::Fine, "added `support` to connections.toml\n", "");
    assert_eq!(folder.read("connections.toml"), ADDED);
    assert_eq!(*folder.manager().get::<String>("support").await.unwrap(), "https://x t 10 None None None");
}

#[tokio::test]
async fn add_sets_values_where_the_sample_has_them() {
    let folder = Folder::with("");
    let set = |setting: &'static str| ["--set", setting];
    let arguments: Vec<_> = ["add", "writing-tickets", "a b"]
        .into_iter()
        .chain(set("page_size=5"))
        .chain(set("labels=['x', 'y']"))
        .chain(set("base_url=1234"))
        .chain(set("pause=2s"))
        .chain(set("lifecycle.start=eager"))
        .collect();
    folder.run(&arguments).check(Code::Fine, "added `a b` to connections.toml\n", "");
    let text = folder.read("connections.toml");
    for part in [
        "[connections.\"a b\"]\ntype = \"writing-tickets\"\nlifecycle.start = \"eager\"\n",
        "\nbase_url = \"1234\"\n",
        "\ntoken = \"${env:A_B_TOKEN}\"\n",
        "\npage_size = 5\n",
        "\nlabels = ['x', 'y']\n",
        "\npause = \"2s\"\n",
    ] {
        assert!(text.contains(part), "{part}\n---\n{text}");
    }
    let client = (*folder.manager().get::<String>("a b").await.unwrap()).clone();
    assert_eq!(client, "1234 u 5 Some([\"x\", \"y\"]) Some(2s) None");
}

#[test]
fn add_keeps_every_byte_that_is_there_and_its_line_breaks() {
    let before = "# mine\r\n[connections.a]   # b\r\ntype = 'writing-tickets'\r\nbase_url=\"x\"\r\ntoken = '${env:T}'";
    let folder = Folder::with(before);
    folder.run(&["add", "writing-tickets", "support"]).check(Code::Fine, "added `support` to connections.toml\n", "");
    assert_eq!(folder.read("connections.toml"), format!("{before}\r\n\r\n{}", ADDED.replace('\n', "\r\n")));
}

#[test]
fn add_refuses_what_would_not_load_and_writes_nothing() {
    let before = "connections.a = { type = 'writing-tickets', base_url = 'x', token = '${env:T}' }\n";
    let folder = Folder::with(before);
    let file = "connections.toml";
    for (arguments, expected) in [
        (
            &["add", "writing-tickets", "a"][..],
            "error: there is a connection `a` already, at connections.toml:1:13\n  help: choose another name\n",
        ),
        (
            &["add", "writing-tickets", " a"],
            "error: ` a` cannot be the name of a connection: it begins or ends with white space\n",
        ),
        (
            &["add", "writing-tickets", "b", "--set", "page_sise=hunter2"],
            "error: the type `writing-tickets` has no field `page_sise`\n  help: did you mean `page_size`?\n",
        ),
        (
            &["add", "writing-tickets", "b", "--set", "hunter2"],
            "error: `--set` without a key\n  help: write `--set key=value`, as in `--set port=5432`\n",
        ),
    ] {
        folder.run(arguments).check(Code::Problems, "", expected);
        assert_eq!(folder.read(file), before);
    }
    let said = folder.run(&["add", "writing-tikets", "b"]);
    assert!(said.err.contains("did you mean `writing-tickets`?"), "{}", said.err);
    let said = folder.run(&["add", "writing-tickets", "b", "--set", "page_size=hunter2"]);
    assert_eq!(said.code, Code::Problems);
    assert!(said.err.contains("`b` cannot be added; nothing was written"), "{}", said.err);
    assert!(said.err.contains("connections.toml:16:13"), "{}", said.err);
    assert!(!said.err.contains("hunter2"), "{}", said.err);
    let said = folder.run(&["add", "writing-tickets", "A"]);
    assert!(said.err.contains("differ in upper and lower case alone"), "{}", said.err);
    assert_eq!(folder.read(file), before);
    let said = Folder::new().run(&["add", "writing-tickets", "b"]);
    let expected =
        "error: `connections.toml` cannot be read: it does not exist\n  help: `connections init` makes one\n";
    said.check(Code::Problems, "", expected);
}

#[test]
fn add_goes_by_new_problems_and_leaves_old_ones_to_their_owner() {
    let before = "[connections.old]\ntype = \"gone\"\n";
    let folder = Folder::with(before);
    folder.run(&["add", "writing-tickets", "support"]).check(Code::Fine, "added `support` to connections.toml\n", "");
    assert!(folder.read("connections.toml").starts_with(before));
}

#[test]
fn add_warns_of_a_secret_without_repeating_it() {
    let folder = Folder::with("");
    let said = folder.run(&["add", "writing-tickets", "b", "--set", "token=hunter2"]);
    let warning = "warning: `token` is a secret, in clear text here and in the history of your shell; write \
                   `--set 'token=${env:NAME}'`\n";
    said.check(Code::Fine, "added `b` to connections.toml\n", warning);
    assert!(folder.read("connections.toml").contains("\ntoken = \"hunter2\"\n"));
    let quiet = folder.run(&["add", "writing-tickets", "c", "--set", "token=${env:T}"]);
    assert_eq!(quiet.err, "");
    let arguments = folder.arguments(&["add", "writing-tickets", "d", "--set", "token=hunter2"]);
    assert!(!format!("{arguments:?}").contains("hunter2"));
}

#[test]
fn init_writes_a_configuration_that_loads_and_its_schema() {
    let folder = Folder::new();
    folder.run(&["init"]).check(Code::Fine, "wrote connections.toml\nwrote connections.schema.json\n", "");
    let text = folder.read("connections.toml");
    assert!(text.starts_with("#:schema ./connections.schema.json\n"), "{text}");
    assert!(text.contains("\n# [connections.my_"), "{text}");
    assert_eq!(folder.manager().names().len(), 0);
    let schema: serde_json::Value = serde_json::from_str(&folder.read("connections.schema.json")).unwrap();
    assert!(schema["definitions"]["type.writing-tickets"].is_object());
}

#[test]
fn every_built_in_type_can_be_added_as_it_is() {
    let factory = ConnectionFactory::linked().unwrap();
    let is_ours = |entry: &&ConnectionType| {
        ["::connectors::", "::testing::", "::writing"].iter().any(|room| entry.rust_name().contains(room))
    };
    for entry in factory.types().iter().filter(is_ours) {
        let folder = Folder::with("");
        let said = folder.run(&["add", entry.name(), "main"]);
        assert_eq!((said.code, said.err.as_str()), (Code::Fine, ""), "{}", entry.name());
        assert!(folder.manager().has("main"), "{}", entry.name());
    }
}

#[test]
fn the_sample_of_init_is_toml_behind_its_comment_signs() {
    let folder = Folder::new();
    folder.run(&["init"]);
    let text = folder.read("connections.toml");
    let sample = text.split("\n\n").skip(1).flat_map(str::lines).filter_map(|line| line.strip_prefix("# "));
    // The first line of each is the docs of its type.
    let sample: Vec<_> = sample.filter(|line| line.starts_with(['[', '#']) || line.contains(" = ")).collect();
    folder.write("connections.toml", &sample.join("\n"));
    let names = folder.manager().names();
    assert_eq!(names.len(), 3, "{sample:?}");
}

#[test]
fn files_are_not_written_over_unless_one_says_so() {
    let folder = Folder::with("# mine\n");
    let expected = "error: failed to write `connections.toml`: it is there already\n  help: --force writes over it\n";
    folder.run(&["init"]).check(Code::Failed, "", expected);
    folder.write("app.yaml", "connections: []\n");
    folder.run(&["import", "@app.yaml", "--output", "@connections.toml"]).check(Code::Failed, "", expected);
    assert_eq!(folder.read("connections.toml"), "# mine\n");
    assert!(!folder.path("connections.schema.json").exists());
    assert_eq!(folder.run(&["init", "--force"]).code, Code::Fine);
    assert!(folder.read("connections.toml").starts_with("#:schema"));
}

const APPLICATION: &str =
    "connections:\n  - id: support\n    type: writing-tickets\n    base_url: https://x\n    token: hunter2\n";

#[tokio::test]
async fn import_writes_a_file_that_works_and_warns_without_secrets() {
    let folder = Folder::new();
    folder.write("app.yaml", APPLICATION);
    let said = folder.run(&["import", "@app.yaml", "--output", "@connections.toml"]);
    let warning = "app.yaml:5:12: warning: `connections.support.token` has a secret in clear text; put it into a variable \
                   and write `${env:SUPPORT_TOKEN}`, or use --secrets-to-env\n";
    said.check(Code::Fine, "wrote connections.toml: 1 connection\n", warning);
    assert_eq!(*folder.manager().get::<String>("support").await.unwrap(), "https://x hunter2 10 None None None");
    #[cfg(unix)]
    assert_eq!(mode(&folder.path("connections.toml")), 0o600);
}

#[test]
fn import_writes_placeholders_and_lists_their_variables() {
    let folder = Folder::new();
    folder.write("app.yaml", APPLICATION);
    let said = folder.run(&["import", "@app.yaml", "--output", "@connections.toml", "--secrets-to-env"]);
    let out = "wrote connections.toml: 1 connection\nset these variables:\n  \
               SUPPORT_TOKEN: connections.support.token (app.yaml:5:12)\n";
    said.check(Code::Fine, out, "");
    assert!(folder.read("connections.toml").contains("token = \"${env:SUPPORT_TOKEN}\"\n"));
}

#[test]
fn import_writes_to_the_standard_output_when_asked_to() {
    let folder = Folder::new();
    folder.write("app.yaml", "connections:\n  - {id: a, type: writing-tickets, base_url: x, token: '${oc.env:T}'}\n");
    let out = "# Imported from app.yaml. Its comments are not carried over.\n\n[connections.a]\n\
               type = \"writing-tickets\"\nbase_url = \"x\"\ntoken = \"${env:T}\"\n";
    folder.run(&["import", "@app.yaml", "--output", "-"]).check(Code::Fine, out, "");
}

#[test]
fn import_says_what_is_left_to_do_and_ends_with_one() {
    let folder = Folder::new();
    folder.write("app.yaml", "connections:\n  - {id: a, type: writing-tickets, base_url: x, pass: hunter2}\n");
    let said = folder.run(&["import", "@app.yaml", "--output", "@connections.toml"]);
    assert_eq!(said.code, Code::Problems);
    assert!(
        said.err.contains("warning: before it can be used: the configuration `connections.toml` is invalid"),
        "{}",
        said.err
    );
    assert!(said.err.contains("unknown key `pass`") && said.err.contains("missing key `token`"), "{}", said.err);
    assert!(!said.err.contains("hunter2"), "{}", said.err);
    folder.write("app.yaml", "connections:\n  - {id: a, type: 'hunter2\n");
    let said = folder.run(&["import", "@app.yaml", "--output", "@new.toml"]);
    said.check(Code::Problems, "", "app.yaml:2:19: error: not valid YAML: a quote is never closed\n");
    assert!(!folder.path("new.toml").exists());
}

/// A stream whose reader has gone.
struct ClosedPipe;

impl io::Write for ClosedPipe {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_quiet() {
    let folder = Folder::with("");
    folder.write("app.yaml", APPLICATION);
    for arguments in
        [&["import", "@app.yaml", "--output", "-"][..], &["add", "writing-tickets", "a"], &["init", "--force"]]
    {
        let mut err = Vec::new();
        let environment = Environment::Fixed(std::sync::Arc::default());
        let code = folder.arguments(arguments).run(environment, &mut ClosedPipe, &mut err);
        assert_eq!((code, String::from_utf8_lossy(&err).as_ref()), (Code::ClosedPipe, ""));
    }
}

#[test]
fn a_folder_that_does_not_exist_is_said() {
    let folder = Folder::new();
    folder.write("app.yaml", APPLICATION);
    let said = folder.run(&["import", "@app.yaml", "--output", "@gone/connections.toml"]);
    said.check(Code::Failed, "", "error: failed to write `gone/connections.toml`: its folder does not exist\n");
}

#[cfg(unix)]
#[test]
fn a_folder_without_the_right_to_write_leaves_the_file_as_it_is() {
    let folder = Folder::with("# mine\n");
    let set =
        |mode: u32| fs::set_permissions(folder.0.path(), std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    set(0o500);
    let may_all_the_same = fs::write(folder.path("probe"), "").is_ok();
    let said = folder.run(&["add", "writing-tickets", "a"]);
    set(0o700);
    // Root may write everywhere.
    if !may_all_the_same {
        said.check(Code::Failed, "", "error: failed to write `connections.toml`: permission denied\n");
        assert_eq!(folder.read("connections.toml"), "# mine\n");
    }
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_stays_one_and_permissions_stay_as_they_are() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    folder.write("real.toml", "");
    fs::set_permissions(folder.path("real.toml"), PermissionsExt::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real.toml", folder.path("connections.toml")).unwrap();
    assert_eq!(folder.run(&["add", "writing-tickets", "support"]).code, Code::Fine);
    assert!(fs::symlink_metadata(folder.path("connections.toml")).unwrap().is_symlink());
    assert_eq!(folder.read("real.toml"), ADDED);
    assert_eq!(mode(&folder.path("real.toml")), 0o640);
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 2, "nothing is left over");
}

#[cfg(unix)]
fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
