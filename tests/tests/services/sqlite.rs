//! `sqlite` in files and in memory.

use connection_registry::{
    connectors::Sqlite,
    testing::conformance::{Fault, LogCapture, Suite},
};
use connection_registry_tests::proof::assert_proven;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_conforms_in_a_file_and_in_memory() {
    for url in ["sqlite://data/app.db", "sqlite::memory:"] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("garbage.db"), "no database, but long enough for a header".repeat(9))
            .unwrap();
        LogCapture::install().unwrap();
        let report = Suite::<Sqlite>::new(format!("url = '{url}'"))
            .with_use(|pool| async move {
                sqlx::query("select 1").execute(&*pool).await?;
                Ok(())
            })
            .with_change(format!("url = '{url}'\nmax_connections = 3"))
            .config_dir(folder.path())
            .with_broken("no such file", "url = 'sqlite://none.db'\ncreate = false", Fault::Permanent)
            .with_broken("not a database", "url = 'sqlite://garbage.db'", Fault::Permanent)
            .run()
            .await;
        assert_proven("sqlite", &report);
    }
}
