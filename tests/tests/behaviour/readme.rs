//! What the front page of the repository shows is what happens.

use connection_registry::{BoxError, ConnectContext, Connection, ConnectionManager, Secret, connection_type};

const README: &str = include_str!("../../../README.md");

/// As on the page.
#[connection_type("tickets")]
#[allow(dead_code)]
struct Tickets {
    base_url: String,
    token: Secret,
    #[serde(default)]
    page_size: u32,
}

impl Connection for Tickets {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

#[test]
fn the_mistake_of_the_front_page_is_reported_as_it_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("connections.toml");
    std::fs::write(&path, block("## A mistake", "```toml\n")).unwrap();
    let error = ConnectionManager::from_file(&path).unwrap_err();
    let folder = format!("{}/", folder.path().display());
    assert_eq!(error.render().replace(&folder, ""), block("<!-- rendered by tests: mistake -->", "```text\n"));
}

/// The text of the first fenced block of a kind after a mark.
fn block(mark: &str, fence: &str) -> String {
    let (_, after) = README.split_once(mark).unwrap();
    let (_, block) = after.split_once(fence).unwrap();
    block.split_once("\n```").unwrap().0.to_owned()
}
