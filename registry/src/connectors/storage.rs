//! `storage`: objects in memory, in a folder, or in a bucket of S3 or of what speaks like it.
//!
//! ```toml
//! [connections.uploads]
//! type = "storage"
//! url = "s3://uploads/production"
//! region = "eu-central-1"
//! access_key_id = "${env:S3_KEY}"
//! secret_access_key = "${env:S3_SECRET}"
//! ```
//!
//! The client is an `Arc<dyn ObjectStore>` of `object_store`.

mod failure;
mod options;
#[cfg(test)]
mod tests;

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use object_store::ObjectStore;

use self::options::Place;
use super::shared::{
    patience::{self, until_deadline, within},
    route::via,
    tls::Tls,
    web,
};
use crate::{BoxError, ConnectContext, ConnectError, Connection, Secret, Validation, connection_type};
#[cfg(feature = "ssh-tunnel")]
use crate::{ConnectionRef, connectors::Tunnel};

/// A store of objects: memory, a folder, or a bucket of S3 or of a server that speaks like it. The client is
/// `Arc<dyn object_store::ObjectStore>`, the same for each, so that the configuration alone says which it is.
///
/// What says something of a bucket is without effect with another `url`, so that a profile can put a folder or memory in
/// the place of a bucket by the `url` alone.
///
/// Where a bucket is is said here alone. Who asks comes from the environment only when none of `access_key_id`,
/// `secret_access_key` and `session_token` is given, and not with `anonymous`: then from `AWS_ACCESS_KEY_ID`,
/// `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; else from what `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN` name (with
/// `AWS_ROLE_SESSION_NAME` and `AWS_ENDPOINT_URL_STS`), or `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`, or
/// `AWS_CONTAINER_CREDENTIALS_FULL_URI` and `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`; else from the role of the machine. No
/// other variable `AWS_…` is read. Through a `tunnel` only keys say who asks: it leads to nobody who has others.
///
/// Each request of a bucket dials when it must: the client is kept while the server is down. `check` reads an
/// object that is not there, which AWS tells from one that is forbidden only to those who may list the bucket.
#[connection_type("storage")]
#[derive(Debug)]
pub struct Storage {
    /// Where the objects are: `memory:`; `file:uploads`, a folder relative to that of the configuration file, or
    /// `file:///var/uploads`; `s3://bucket`, below a prefix with `s3://bucket/prefix`.
    url: String,

    /// Whether a missing folder is made. Default: true.
    #[serde(default = "default_create")]
    create: bool,

    /// The address of a server that speaks like S3, such as `https://s3.example.com` or `http://127.0.0.1:9000`, which is then
    /// not encrypted; without user, query and fragment. Default: that of AWS in the region.
    endpoint: Option<String>,

    /// The region of the bucket. Default: "us-east-1".
    region: Option<String>,

    /// Who asks. Goes with `secret_access_key`.
    access_key_id: Option<String>,

    /// The secret of that key.
    secret_access_key: Option<Secret>,

    /// What temporary keys come with. Goes with `access_key_id`.
    session_token: Option<Secret>,

    /// Whether requests are not signed, as for a public bucket. Default: false.
    #[serde(default)]
    anonymous: bool,

    /// Whether the bucket's name is a part of the host's, and not of the path. Default: false.
    #[serde(default)]
    virtual_hosted_style: bool,

    /// How long a request may take, its body included. Default: "30s".
    #[serde(default = "default_request_timeout")]
    request_timeout: Duration,

    /// How long dialling may take. Default: "5s".
    #[serde(default = "default_connect_timeout")]
    connect_timeout: Duration,

    /// How often the driver sends a request again by itself once it is in use, after an error that may pass. Default: 0.
    #[serde(default)]
    max_retries: usize,

    /// Of an `endpoint` with `https://`: `ca`, the path of a PEM file with the authority to trust instead of the system's. With `http://` there
    /// is no such table, or its `mode` is `disable`: then the rest of it is without effect.
    tls: Option<Tls>,

    /// The connection of type `ssh-tunnel` through which a bucket is reached. The host of `endpoint` is as the SSH server knows
    /// it. Goes with keys, given here or by the environment, or with `anonymous`. It is connected with every other `url`, too.
    #[cfg(feature = "ssh-tunnel")]
    tunnel: Option<ConnectionRef<Tunnel>>,

    /// The folder, once it is known where it is.
    #[serde(skip)]
    folder: OnceLock<PathBuf>,
}

impl Connection for Storage {
    type Client = Arc<dyn ObjectStore>;

    const SELF_HEALING: bool = true;

    async fn connect(&self, cx: &ConnectContext) -> Result<Self::Client, BoxError> {
        let store = match Place::parse(&self.url).map_err(ConnectError::permanent)? {
            Place::Bucket { bucket, prefix } => return self.connect_bucket(bucket, prefix, cx).await,
            Place::Memory => options::memory(),
            Place::Folder(path) => {
                let path = cx.config_dir().join(path);
                let store = options::folder(&path, self.create).await?;
                // One instance is always asked for the same folder.
                let _ = self.folder.set(path);
                store
            }
        };
        until_deadline(cx, &self.place(), self.round_trip(&store)).await?;
        Ok(store)
    }

    async fn check(&self, client: &Self::Client) -> Result<(), BoxError> {
        within(patience::CHECK, &self.place(), self.round_trip(client)).await
    }

    fn validate(&self, validation: &mut Validation) {
        match Place::parse(&self.url) {
            Err(why) => validation.invalid(&["url"], why),
            Ok(Place::Bucket { .. }) => self.validate_bucket(validation),
            Ok(_) => {}
        }
    }

    fn endpoint(&self) -> Option<String> {
        match Place::parse(&self.url) {
            Ok(Place::Bucket { .. }) => Some(via!(self).endpoint(web::endpoint(&self.address()?))),
            _ => None,
        }
    }
}

impl Storage {
    async fn connect_bucket(
        &self,
        bucket: &str,
        prefix: &str,
        cx: &ConnectContext,
    ) -> Result<Arc<dyn ObjectStore>, BoxError> {
        let route = self.route(bucket, cx).await?;
        let store = self.bucket(bucket, prefix, &route, cx.config_dir()).await?;
        let answer = until_deadline(cx, &self.place(), self.round_trip(&store)).await;
        route.explained(answer).await?;
        Ok(store)
    }

    /// What errors call it: `host:port` of a server, or what else it is.
    fn place(&self) -> String {
        self.endpoint().unwrap_or_else(|| match self.folder.get() {
            Some(path) => path.display().to_string(),
            None => "memory".to_owned(),
        })
    }
}

fn default_create() -> bool {
    true
}

fn default_request_timeout() -> Duration {
    Duration::from_secs(30)
}

fn default_connect_timeout() -> Duration {
    Duration::from_secs(5)
}
