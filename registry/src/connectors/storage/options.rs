//! Which store the fields mean, and what the driver must know of it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use object_store::{
    Certificate, ClientOptions, ObjectStore, ObjectStoreExt as _, RetryConfig, aws::AmazonS3Builder,
    local::LocalFileSystem, memory::InMemory, path::Path as ObjectPath, prefix::PrefixStore,
};
use reqwest::Url;
use tokio::task::spawn_blocking;

use super::{Storage, failure};
use crate::{
    BoxError, ConnectError, Validation,
    connectors::shared::{
        address,
        failure::{Reason, settings},
        tls::{TlsMode, install_ring},
    },
};

/// Where the objects are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place<'a> {
    Memory,
    /// Relative to the folder of the configuration file.
    Folder(PathBuf),
    Bucket {
        bucket: &'a str,
        prefix: &'a str,
    },
}

impl<'a> Place<'a> {
    /// # Errors
    ///
    /// What is wrong, in words that follow the key.
    pub(super) fn parse(url: &'a str) -> Result<Self, &'static str> {
        if matches!(url, "memory:" | "memory://" | "memory:///") {
            return Ok(Self::Memory);
        }
        if let Some(path) = url.strip_prefix("file:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() { Err(URL_FORM) } else { Ok(Self::Folder(PathBuf::from(path))) };
        }
        let rest = url.strip_prefix("s3://").ok_or(URL_FORM)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if bucket.is_empty() || !bucket.chars().all(is_name) || ObjectPath::parse(prefix).is_err() {
            return Err(URL_FORM);
        }
        Ok(Self::Bucket { bucket, prefix })
    }
}

impl Storage {
    /// The address that requests of a bucket go to; none when `endpoint` is not one.
    pub(super) fn address(&self) -> Option<Url> {
        let region = self.region.as_deref().unwrap_or(DEFAULT_REGION);
        let address = self.endpoint.clone().unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        Url::parse(&address).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
    }

    pub(super) async fn bucket(
        &self,
        bucket: &str,
        prefix: &str,
        config_dir: &Path,
    ) -> Result<Arc<dyn ObjectStore>, BoxError> {
        install_ring();
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_virtual_hosted_style_request(self.virtual_hosted_style)
            .with_skip_signature(self.anonymous)
            .with_retry(RetryConfig { max_retries: self.max_retries, ..RetryConfig::default() })
            .with_client_options(self.client_options(config_dir).await?);
        if let Some(region) = &self.region {
            builder = builder.with_region(region);
        }
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
        }
        if let (Some(key), Some(secret)) = (&self.access_key_id, &self.secret_access_key) {
            builder = builder.with_access_key_id(key).with_secret_access_key(secret.expose());
        }
        if let Some(token) = &self.session_token {
            builder = builder.with_token(token.expose());
        }
        let store = builder.build().map_err(settings)?;
        let prefix = ObjectPath::parse(prefix).map_err(settings)?;
        Ok(if prefix.is_root() { Arc::new(store) } else { Arc::new(PrefixStore::new(store, prefix)) })
    }

    async fn client_options(&self, config_dir: &Path) -> Result<ClientOptions, BoxError> {
        let is_plain = self.address().is_some_and(|url| url.scheme() == "http");
        let mut options = ClientOptions::new()
            .with_allow_http(is_plain)
            .with_timeout(self.timeout)
            .with_connect_timeout(self.connect_timeout);
        if let Some(tls) = &self.tls
            && let Some(ca) = tls.read(config_dir).await?.ca
        {
            ca.certificates()?;
            options = options.with_no_system_certificates(true);
            for certificate in Certificate::from_pem_bundle(&ca.text).map_err(settings)? {
                options = options.with_root_certificate(certificate);
            }
        }
        Ok(options)
    }

    /// Reads an object that is not there: a bucket that does not exist, or does not let this one in, says so.
    pub(super) async fn round_trip(&self, store: &Arc<dyn ObjectStore>) -> Result<(), BoxError> {
        if let Some(folder) = self.folder.get() {
            return is_folder(folder.clone()).await;
        }
        match store.get(&ObjectPath::from(NOTHING)).await {
            Ok(_) => Ok(()),
            Err(error) if failure::is_only_the_object(&error) => Ok(()),
            Err(error) => Err(failure::reason(&error).at(&self.place(), Some(error.into()))),
        }
    }

    pub(super) fn validate_bucket(&self, validation: &mut Validation) {
        if self.endpoint.is_some() && self.address().is_none() {
            validation.invalid(&["endpoint"], "must be an address such as `https://s3.example.com`");
        }
        match (&self.access_key_id, &self.secret_access_key) {
            (Some(_), None) => {
                validation.missing("secret_access_key", "`access_key_id` is of use only with its secret");
            }
            (None, Some(_)) => validation.missing("access_key_id", "`secret_access_key` is of use only with its key"),
            (Some(_), Some(_)) if self.anonymous => {
                validation.invalid(&["anonymous", "access_key_id"], "is of no use beside `access_key_id`");
            }
            _ => {}
        }
        self.validate_tls(validation);
    }

    fn validate_tls(&self, validation: &mut Validation) {
        let Some(tls) = &self.tls else { return };
        if tls.mode.is_some_and(|mode| mode != TlsMode::VerifyFull) {
            validation
                .invalid(&["tls.mode"], "must be `verify-full`: `endpoint` says by its scheme what is not encrypted");
        }
        if self.address().is_some_and(|url| url.scheme() == "http") {
            validation.invalid(&["tls", "endpoint"], "is of no use with an `endpoint` that begins with `http://`");
        }
        let unknown = [
            ("tls.certificate", tls.certificate.is_some()),
            ("tls.key", tls.key.is_some()),
            ("tls.server_name", tls.server_name.is_some()),
        ];
        for (key, _) in unknown.iter().filter(|(_, is_given)| *is_given) {
            validation.invalid(&[key], "cannot be set: the driver knows `ca` alone");
        }
    }

    /// What says something of a bucket is a mistake without one.
    pub(super) fn validate_without_bucket(&self, validation: &mut Validation) {
        let of_buckets = [
            ("endpoint", self.endpoint.is_some()),
            ("region", self.region.is_some()),
            ("access_key_id", self.access_key_id.is_some()),
            ("secret_access_key", self.secret_access_key.is_some()),
            ("session_token", self.session_token.is_some()),
            ("anonymous", self.anonymous),
            ("virtual_hosted_style", self.virtual_hosted_style),
            ("tls", self.tls.is_some()),
        ];
        for (key, _) in of_buckets.iter().filter(|(_, is_given)| *is_given) {
            validation.invalid(&[key, "url"], "is for a `url` that begins with `s3://`");
        }
    }
}

pub(super) fn memory() -> Arc<dyn ObjectStore> {
    Arc::new(InMemory::new())
}

/// The store of a folder, which is made when it is missing and may be made.
pub(super) async fn folder(path: &Path, create: bool) -> Result<Arc<dyn ObjectStore>, BoxError> {
    let path = path.to_owned();
    spawn_blocking(move || {
        if create {
            fs::create_dir_all(&path).map_err(|error| cannot_use(&path, error))?;
        }
        is_folder_blocking(&path)?;
        let store = LocalFileSystem::new_with_prefix(&path).map_err(settings)?;
        Ok(Arc::new(store) as Arc<dyn ObjectStore>)
    })
    .await?
}

/// `host:port`.
pub(super) fn host_and_port(url: Option<&Url>) -> Option<String> {
    let url = url?;
    Some(address::endpoint(url.host_str()?, url.port_or_known_default()?))
}

async fn is_folder(path: PathBuf) -> Result<(), BoxError> {
    spawn_blocking(move || is_folder_blocking(&path)).await?
}

fn is_folder_blocking(path: &Path) -> Result<(), BoxError> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(cannot_use(path, io::ErrorKind::NotADirectory.into())),
        Err(error) => Err(cannot_use(path, error)),
    }
}

/// The system's error with the folder's name. Nobody but the owner of the folder can help.
fn cannot_use(path: &Path, error: io::Error) -> BoxError {
    let name = path.display().to_string();
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Reason::NotFound.at(&name, Some(error.into())),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Reason::Settings.at(&name, Some(error.into()))
        }
        _ => ConnectError::transient(Reason::Other.at(&name, Some(error.into()))).into(),
    }
}

/// An object that nobody has.
const NOTHING: &str = "connection-registry-check";

const DEFAULT_REGION: &str = "us-east-1";

const URL_FORM: &str = "must be `memory:`, a folder such as `file:uploads`, or a bucket such as `s3://bucket/prefix`";
