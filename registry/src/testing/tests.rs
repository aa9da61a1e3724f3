//! The built-in connection types pass the conformance suite.

#![cfg(feature = "sqlite")]

use std::time::Duration;

use super::conformance::{Fault, LogCapture, Suite};
use crate::connectors::Sqlite;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_conforms_in_a_file_and_in_memory() {
    for url in ["sqlite://data/app.db", "sqlite::memory:"] {
        let folder = tempfile::tempdir().expect("there is a place for files");
        std::fs::write(folder.path().join("c4nary.txt"), "no database, but long enough for a header".repeat(9))
            .expect("the folder can be written to");
        LogCapture::install().expect("no other test has a global subscriber");
        let report = Suite::<Sqlite>::new(format!("url = '{url}'"))
            .with_use(|pool| async move {
                sqlx::query("select 1").execute(&*pool).await?;
                Ok(())
            })
            .with_change(format!("url = '{url}'\nmax_connections = 3"))
            .config_dir(folder.path())
            .with_broken("no such file", "url = 'sqlite://none.db'\ncreate = false", Fault::Permanent)
            .with_broken("not a database", "url = 'sqlite://c4nary.txt'", Fault::Permanent)
            .timeout(Duration::from_secs(10))
            .run()
            .await;
        report.assert_clean();
    }
}
