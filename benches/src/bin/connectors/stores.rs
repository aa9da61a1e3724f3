//! What keeps values, entries and objects.

use std::{sync::Arc, time::Duration};

use async_memcached::AsciiProtocol;
use connection_registry::{
    BoxError,
    connectors::{LdapClient, MemcachedPool},
};
use connection_registry_tests::service::{Memcached, Redis, S3, Service, Slapd};
use ldap3::{Ldap, LdapConnAsync, Scope};
use object_store::{
    ClientOptions, ObjectStore, ObjectStoreExt as _, RetryConfig, aws::AmazonS3Builder, memory::InMemory, path::Path,
    signer::Signer as _,
};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};

use crate::{
    measure::{Bench, compare, declared},
    table::{Answered, Measured},
};

/// The bare client dials and says who it is. The query is a `GET`.
pub(crate) async fn redis(bench: &Bench) -> Measured {
    let recipe = Redis { password: Some("secret".to_owned()), ..Redis::default() };
    let Some(server) = Service::launch(recipe).await else { return Ok(None) };
    let url = format!("redis://:secret@{}/0", server.address());
    let connect = async || -> Result<_, BoxError> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(Duration::from_secs(5)))
            .set_response_timeout(Some(Duration::from_secs(30)));
        Ok(ConnectionManager::new_with_config(redis::Client::open(url.as_str())?, config).await?)
    };
    let get = async |client: &ConnectionManager| -> Answered {
        let _: Option<String> = redis::cmd("GET").arg("greeting").query_async(&mut client.clone()).await?;
        Ok(())
    };
    compare(bench, &declared("redis", &format!("url = '{url}'")), connect, &get, async |bare| get(bare).await)
        .await
        .map(Some)
}

/// The bare client is one connection, which dials. The query is a `get`; ours takes a connection out of the pool for it.
pub(crate) async fn memcached(bench: &Bench) -> Measured {
    let Some(server) = Service::launch(Memcached).await else { return Ok(None) };
    let connect = async || -> Result<_, BoxError> {
        Ok(async_memcached::Client::new(format!("tcp://{}", server.address())).await?)
    };
    let toml = declared("memcached", &format!("host = '127.0.0.1'\nport = {}", server.port()));
    let ours = async |pool: &MemcachedPool| -> Answered {
        pool.run(async |connection| connection.get("greeting").await).await?;
        Ok(())
    };
    let bare = async |client: &mut async_memcached::Client| -> Answered {
        client.get("greeting").await?;
        Ok(())
    };
    compare(bench, &toml, connect, ours, bare).await.map(Some)
}

/// The bare client dials when it is asked first, so that its connect has the same question in it. The query reads a key.
#[cfg(feature = "etcd")]
pub(crate) async fn etcd(bench: &Bench) -> Measured {
    use connection_registry_tests::service::Etcd;
    use etcd_client::{Client, ConnectOptions};

    let Some(server) = Service::launch(Etcd::default()).await else { return Ok(None) };
    let endpoint = format!("http://{}", server.address());
    let get = async |client: &Client| -> Answered {
        client.clone().get("greeting", None).await?;
        Ok(())
    };
    let connect = async || -> Result<_, BoxError> {
        let options = ConnectOptions::new()
            .with_connect_timeout(Duration::from_secs(5))
            .with_keep_alive(Duration::from_secs(30), Duration::from_secs(10))
            .with_keep_alive_while_idle(true);
        let client = Client::connect([&endpoint], Some(options)).await?;
        get(&client).await?;
        Ok(client)
    };
    let toml = declared("etcd", &format!("endpoints = ['{endpoint}']"));
    compare(bench, &toml, connect, &get, async |bare| get(bare).await).await.map(Some)
}

/// The bare client dials and binds. The query reads an entry.
pub(crate) async fn ldap(bench: &Bench) -> Measured {
    let recipe = Slapd::default();
    let (root, password, suffix) = (recipe.root.clone(), recipe.password.clone(), recipe.suffix.clone());
    let Some(server) = Service::launch(recipe).await else { return Ok(None) };
    let connect = async || -> Result<_, BoxError> {
        let (connection, mut ldap) = LdapConnAsync::new(&format!("ldap://{}", server.address())).await?;
        ldap3::drive!(connection);
        ldap.simple_bind(&root, &password).await?.success()?;
        Ok(ldap)
    };
    let search = async |ldap: &mut Ldap| -> Answered {
        ldap.with_timeout(Duration::from_secs(10));
        ldap.search(&suffix, Scope::Base, "(objectClass=*)", ["o"]).await?.success()?;
        Ok(())
    };
    let login = format!("bind_dn = '{root}'\npassword = '{password}'");
    let toml = declared("ldap", &format!("host = '127.0.0.1'\nport = {}\n{login}", server.port()));
    compare(bench, &toml, connect, async |ours: &LdapClient| search(&mut ours.ldap().await?).await, &search)
        .await
        .map(Some)
}

type Store = Arc<dyn ObjectStore>;

/// There is nothing to dial. The query writes an object.
pub(crate) async fn memory(bench: &Bench) -> Measured {
    let connect = async || -> Result<_, BoxError> { Ok(Arc::new(InMemory::new()) as Store) };
    compare(bench, &declared("storage", "url = 'memory:'"), connect, write, async |bare| write(bare).await)
        .await
        .map(Some)
}

/// The bare store has dialled nobody, so that its connect has the same question in it, for an object that is not there. The
/// query writes an object.
pub(crate) async fn s3(bench: &Bench) -> Measured {
    let Some(server) = Service::launch(S3 { key: Some((KEY.to_owned(), SECRET.to_owned())) }).await else {
        return Ok(None);
    };
    let endpoint = format!("http://{}", server.address());
    make_bucket(&endpoint).await?;
    let connect = async || -> Result<_, BoxError> {
        let store: Store = Arc::new(bucket(&endpoint).build()?);
        match store.get(&Path::from("nothing")).await {
            Err(object_store::Error::NotFound { .. }) => Ok(store),
            other => other.map(|_| store).map_err(BoxError::from),
        }
    };
    let login = format!("access_key_id = '{KEY}'\nsecret_access_key = '{SECRET}'");
    let toml = declared("storage", &format!("url = 's3://files'\nendpoint = '{endpoint}'\n{login}"));
    compare(bench, &toml, connect, write, async |bare| write(bare).await).await.map(Some)
}

fn bucket(endpoint: &str) -> AmazonS3Builder {
    let client = ClientOptions::new()
        .with_allow_http(true)
        .with_timeout(Duration::from_secs(30))
        .with_connect_timeout(Duration::from_secs(5));
    AmazonS3Builder::from_env()
        .with_endpoint(endpoint)
        .with_bucket_name("files")
        .with_access_key_id(KEY)
        .with_secret_access_key(SECRET)
        .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() })
        .with_client_options(client)
}

async fn make_bucket(endpoint: &str) -> Result<(), BoxError> {
    let store = bucket(endpoint).build()?;
    let url = store.signed_url(reqwest::Method::PUT, &Path::from(""), Duration::from_secs(60)).await?;
    reqwest::Client::new().put(url).send().await?.error_for_status()?;
    Ok(())
}

async fn write(store: &Store) -> Result<(), BoxError> {
    store.put(&Path::from("greeting"), "hello".into()).await?;
    Ok(())
}

const KEY: &str = "test-key";

const SECRET: &str = "secret";
