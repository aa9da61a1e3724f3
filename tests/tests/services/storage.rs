//! `storage` in memory, in a folder, and against SeaweedFS, which speaks S3.

use std::{sync::Arc, time::Duration};

use connection_registry::{
    BoxError, Conn, ConnectionManager, Error,
    connectors::Storage,
    testing::conformance::{Fault, LogCapture, Suite},
};
use connection_registry_tests::{
    manager,
    proof::assert_proven,
    service::{S3, Service, Sshd},
};
use object_store::{ObjectStore, ObjectStoreExt as _, aws::AmazonS3Builder, path::Path, signer::Signer as _};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::tunnels::works;

type Store = Arc<dyn ObjectStore>;

const KEY: &str = "test-key";
const SECRET: &str = "c4nary/S3cret+k3y";

/// A server with one bucket, `files`.
async fn with_bucket() -> Option<Service> {
    let server = Service::launch(S3 { key: Some((KEY.to_owned(), SECRET.to_owned())) }).await?;
    let bucket = AmazonS3Builder::new()
        .with_endpoint(format!("http://{}", server.address()))
        .with_allow_http(true)
        .with_bucket_name("files")
        .with_access_key_id(KEY)
        .with_secret_access_key(SECRET)
        .build()
        .expect("the settings are good");
    let url = bucket.signed_url(reqwest::Method::PUT, &Path::from(""), Duration::from_secs(60)).await;
    let url = url.expect("it can be signed");
    let target = format!("{}?{}", url.path(), url.query().expect("it is signed"));
    let answer = put(&server, &target).await.expect("it is answered");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    Some(server)
}

/// A request that is signed by its address.
async fn put(server: &Service, target: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(server.address()).await?;
    let host = server.address();
    let request = format!("PUT {target} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

fn fields(host: &str, port: u16, bucket: &str, secret: &str) -> String {
    format!(
        "url = 's3://{bucket}'\nendpoint = 'http://{host}:{port}'\naccess_key_id = '{KEY}'\nsecret_access_key = '{secret}'\n"
    )
}

fn files(fields: &str) -> ConnectionManager {
    manager(&format!("[connections.files]\ntype = 'storage'\nlifecycle.connect_timeout = '10s'\n{fields}"))
}

/// Writes an object, reads it, finds it in the listing, and deletes it.
async fn there_and_back(store: Conn<Store>) -> Result<(), BoxError> {
    let place = Path::from(format!("test/{}", fastrand::u64(..)));
    store.put(&place, "hello".into()).await?;
    let read = store.get(&place).await?.bytes().await?;
    let listed = store.list_with_delimiter(Some(&Path::from("test"))).await?;
    store.delete(&place).await?;
    let is_listed = listed.objects.iter().any(|object| object.location == place);
    if &*read == b"hello" && is_listed { Ok(()) } else { Err("what was written is not what is read".into()) }
}

async fn permanent(fields: &str) -> Error {
    let error = files(fields).get::<Store>("files").await.expect_err("it cannot connect");
    assert!(!error.is_retryable(), "{error:?}");
    assert!(!format!("{error:?}").contains("c4nary"), "{error:?}");
    error
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms() {
    let Some(server) = with_bucket().await else { return };
    LogCapture::install().unwrap();
    let port = server.port();
    let good = fields("127.0.0.1", port, "files", SECRET);
    let report = Suite::<Storage>::new(good.clone())
        .with_use(there_and_back)
        .with_peers(|host, port| fields(host, port, "files", SECRET))
        .with_change(good.replace("s3://files", "s3://files/below"))
        .with_broken("wrong key", fields("127.0.0.1", port, "files", "wr0ng-c4nary-secret"), Fault::Permanent)
        .with_broken("no such bucket", fields("127.0.0.1", port, "nowhere", SECRET), Fault::Permanent)
        .with_server(Arc::new(server))
        .canary(SECRET)
        .canary("wr0ng-c4nary-secret")
        // The server takes its time after a start.
        .timeout(Duration::from_secs(30))
        .run()
        .await;
    assert_proven("storage", &report);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_and_folders_conform() {
    let folder = tempfile::tempdir().unwrap();
    for (fields, change) in
        [("url = 'memory:'", "url = 'memory:'\nrequest_timeout = '31s'"), ("url = 'file:data'", "url = 'file:other'")]
    {
        let report =
            Suite::<Storage>::new(fields).with_use(there_and_back).with_change(change).config_dir(folder.path());
        report.run().await.assert_clean();
    }
    assert!(folder.path().join("data").is_dir());
}

#[tokio::test]
async fn one_program_works_with_each_kind_of_store() {
    let Some(server) = with_bucket().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let in_folder = format!("url = 'file://{}'", folder.path().join("made").display());
    let in_bucket = fields("127.0.0.1", server.port(), "files/below", SECRET);
    let in_memory = in_bucket.replace("s3://files/below", "memory:");
    let switched_off = format!("{in_bucket}tls = {{ mode = 'disable', ca = 'gone.pem' }}");
    for fields in [&in_memory, &in_folder, &in_bucket, &switched_off] {
        let store = files(fields).get::<Store>("files").await.unwrap();
        there_and_back(store).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_from_what_is_not_allowed() {
    let Some(server) = with_bucket().await else { return };
    let at = format!("127.0.0.1:{}", server.port());
    let error = permanent(&fields("127.0.0.1", server.port(), "nowhere", SECRET)).await;
    assert!(error.to_string().contains(&format!("`{at}` does not have what was asked for")), "{error}");
    let error = permanent(&fields("127.0.0.1", server.port(), "files", "another-c4nary")).await;
    assert!(error.to_string().contains(&format!("`{at}` does not accept the credentials")), "{error}");
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_told_and_its_loss_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gone");
    let at = format!("url = 'file://{}'", path.display());
    let error = permanent(&format!("{at}\ncreate = false")).await;
    assert!(error.to_string().contains("gone"), "{error}");
    let manager = files(&at);
    manager.get::<Store>("files").await.unwrap();
    manager.check("files").await.unwrap();
    std::fs::remove_dir(&path).unwrap();
    assert!(manager.check("files").await.is_err());
}

#[tokio::test]
async fn a_prefix_keeps_a_connection_below_it() {
    let Some(server) = with_bucket().await else { return };
    let below = files(&fields("127.0.0.1", server.port(), "files/below", SECRET)).get::<Store>("files").await.unwrap();
    let whole = files(&fields("127.0.0.1", server.port(), "files", SECRET)).get::<Store>("files").await.unwrap();
    below.put(&Path::from("a"), "hello".into()).await.unwrap();
    assert_eq!(&*whole.get(&Path::from("below/a")).await.unwrap().bytes().await.unwrap(), b"hello");
}

#[tokio::test]
async fn a_bucket_is_reached_through_a_tunnel() {
    let Some(sshd) = Service::launch(Sshd::default()).await else { return };
    let Some(server) = with_bucket().await else { return };
    let fields = |host: &str, port: u16| fields(host, port, "files", SECRET);
    works("storage", &sshd, server.port(), &fields, there_and_back).await;
}
