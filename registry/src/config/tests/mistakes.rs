//! Everything at once.

use super::support::Fixture;

/// Stands for every secret of the files; must be in no text of any diagnostic.
const CANARY: &str = "hunter2canary";

#[test]
fn every_mistake_of_a_set_of_files_is_reported_at_its_place_and_no_secret_is_shown() {
    let main = format!(
        r#"include = ["conf.d/*.toml", "../outside.toml"]
colour = "{CANARY}"

[defaults.lifecycle]
connect_timeout = 10

[connections.primary]
type = "db"
url = "postgres://app:{CANARY}@h/db"
password = 12345
prot = 5432

[connections.typo]
type = "dbb"
url = "{CANARY}"

[connections.bare]
url = "{CANARY}"

[connections.child]
extends = "primry"

[connections.left]
extends = "right"

[connections.right]
extends = "left"

[connections.shape]
type = "db"
url = "{CANARY} ${{env:"
port = "{CANARY}"
pool = {{ min = "{CANARY}" }}
enabled = "{CANARY}"

[connections.app]
type = "app"
db = "cache"

[connections."bad name "]
type = "cache"
host = "{CANARY}"
"#
    );
    let included = format!("[connections.cache]\ntype = \"cache\"\nhost = [\"{CANARY}\"]\n");
    let fixture = Fixture::of(&[("connections.toml", &main), ("conf.d/cache.toml", &included)])
        .variable("CONNECTIONS__PRIMARY__PORT", CANARY)
        .variable("CONNECTIONS__NOBODY__PORT", CANARY)
        .profile("prod");
    fixture.check(&[
        "[CR016]: there is no profile `prod`",
        "connections.toml:1:29: [CR008]: the path leaves the configuration's folder",
        "connections.toml:2:1: [CR005]: unknown key `colour`",
        "connections.toml:5:19: [CR007]: `connect_timeout` must be a duration such as \"5s\" or \"1h 30m\", found an integer",
        "connections.toml:10:12: [CR007]: `password` must be a string, found an integer",
        "connections.toml:11:1: [CR005]: unknown key `prot`",
        "connections.toml:14:8: [CR004]: unknown connection type `dbb`",
        "connections.toml:17:1: [CR006]: missing key `type`",
        "connections.toml:21:11: [CR013]: there is no connection `primry`",
        "connections.toml:24:11: [CR014]: `extends` leads back to its start: left → right → left",
        "connections.toml:31:22: [CR010]: a `${` is never closed",
        "connections.toml:32:8: [CR007]: `port` must be a whole number from 0 to 65535, found a string",
        "connections.toml:33:16: [CR007]: `min` must be a whole number from 0 to 4294967295, found a string",
        "connections.toml:34:11: [CR007]: `enabled` must be a boolean, found a string",
        "connections.toml:38:6: [CR015]: connection `cache` is a `cache`, whose client is \
         `connection_registry::config::tests::support::CacheClient`",
        "connections.toml:40:14: [CR009]: a connection cannot be called `bad name `: it begins or ends with white space",
        "conf.d/cache.toml:3:8: [CR007]: `host` must be a string, found an array",
        "CONNECTIONS__NOBODY__PORT:1:14: [CR017]: the variable fits no connection",
        "CONNECTIONS__PRIMARY__PORT:1:28: [CR007]: `port` must be a whole number from 0 to 65535",
    ]);
    let problems = fixture.load().map(|_| ()).unwrap_err();
    let texts = format!("{problems:?}\n{}", fixture.lines(&problems).join("\n"));
    assert!(!texts.contains(CANARY), "{texts}");
}
