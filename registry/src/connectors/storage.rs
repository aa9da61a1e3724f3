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
    tls::Tls,
};
use crate::{BoxError, ConnectContext, ConnectError, Connection, Secret, Validation, connection_type};

/// A store of objects: memory, a folder, or a bucket of S3 or of a server that speaks like it. The client is
/// `Arc<dyn object_store::ObjectStore>`, the same for each, so that the configuration alone says which it is.
///
/// Keys that are not given come from the variables `AWS_…` and, on a machine of AWS, from its role.
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
    /// not encrypted. Default: that of AWS.
    endpoint: Option<String>,

    /// The region of the bucket. Default: "us-east-1".
    region: Option<String>,

    /// Who asks. Goes with `secret_access_key`.
    access_key_id: Option<String>,

    /// The secret of that key.
    secret_access_key: Option<Secret>,

    /// What temporary keys come with.
    session_token: Option<Secret>,

    /// Whether requests are not signed, as for a public bucket. Default: false.
    #[serde(default)]
    anonymous: bool,

    /// Whether the bucket's name is a part of the host's, and not of the path. Default: false.
    #[serde(default)]
    virtual_hosted_style: bool,

    /// How long a request may take, its body included. Default: "30s".
    #[serde(default = "default_timeout")]
    timeout: Duration,

    /// How long dialling may take. Default: "5s".
    #[serde(default = "default_connect_timeout")]
    connect_timeout: Duration,

    /// How often the driver sends a request again by itself once it is in use, after an error that may pass. Default: 0.
    #[serde(default)]
    max_retries: usize,

    /// Of an `endpoint` with `https://`: `ca`, the path of a PEM file with the authority to trust instead of the system's.
    tls: Option<Tls>,

    /// The folder, once it is known where it is.
    #[serde(skip)]
    folder: OnceLock<PathBuf>,
}

impl Connection for Storage {
    type Client = Arc<dyn ObjectStore>;

    const SELF_HEALING: bool = true;

    async fn connect(&self, cx: &ConnectContext) -> Result<Self::Client, BoxError> {
        let store = match Place::parse(&self.url).map_err(ConnectError::permanent)? {
            Place::Memory => options::memory(),
            Place::Folder(path) => {
                let path = cx.config_dir().join(path);
                let store = options::folder(&path, self.create).await?;
                // One instance is always asked for the same folder.
                let _ = self.folder.set(path);
                store
            }
            Place::Bucket { bucket, prefix } => self.bucket(bucket, prefix, cx.config_dir()).await?,
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
            Ok(_) => self.validate_without_bucket(validation),
        }
    }

    fn endpoint(&self) -> Option<String> {
        match Place::parse(&self.url) {
            Ok(Place::Bucket { .. }) => options::host_and_port(self.address().as_ref()),
            _ => None,
        }
    }
}

impl Storage {
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

fn default_timeout() -> Duration {
    Duration::from_secs(30)
}

fn default_connect_timeout() -> Duration {
    Duration::from_secs(5)
}
