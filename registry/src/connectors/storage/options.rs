//! Which store the fields mean, and what the driver must know of it.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use object_store::{
    Certificate, ClientOptions, ObjectStore, ObjectStoreExt as _, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    local::LocalFileSystem,
    memory::InMemory,
    path::Path as ObjectPath,
    prefix::PrefixStore,
};
use reqwest::Url;

use super::{Storage, failure};
use crate::{
    BoxError, ConnectContext, Validation,
    connectors::shared::{
        blocking,
        failure::{Reason, settings},
        patience::not_zero,
        route::{Route, via},
        tls::{TlsMode, install_ring},
        url::is_torn,
        web,
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
        let url = Url::parse(&address).ok()?;
        let is_server = matches!(url.scheme(), "http" | "https") && url.has_host();
        let is_bare = url.username().is_empty() && url.password().is_none();
        let is_whole = url.query().is_none() && url.fragment().is_none();
        // A `/` or `\` of a password that is not percent-encoded ends the host.
        let is_torn = is_torn(&address) || url.path().contains('@');
        (is_server && is_bare && is_whole && !is_torn).then_some(url)
    }

    /// The way to the server that the driver asks for `bucket`.
    pub(super) async fn route(&self, bucket: &str, cx: &ConnectContext) -> Result<Route, BoxError> {
        web::route(via!(self), cx, &self.server_of(bucket)?).await
    }

    /// As the driver makes it up, which takes an `endpoint` as it is.
    pub(super) fn server_of(&self, bucket: &str) -> Result<Url, BoxError> {
        let mut address = self.address().ok_or_else(|| settings(ENDPOINT_FORM))?;
        if self.endpoint.is_none() && self.virtual_hosted_style {
            let host = format!("{bucket}.{}", address.host_str().unwrap_or_default());
            address.set_host(Some(&host)).map_err(settings)?;
        }
        Ok(address)
    }

    pub(super) async fn bucket(
        &self,
        bucket: &str,
        prefix: &str,
        route: &Route,
        config_dir: &Path,
    ) -> Result<Arc<dyn ObjectStore>, BoxError> {
        install_ring();
        let builder = self.builder(|name| env::var(name).ok())?;
        let options = self.client_options(route, config_dir).await?;
        let builder = builder.with_bucket_name(bucket).with_client_options(options);
        // It reads the authorities of the system.
        let store = blocking::run(move || builder.build().map_err(settings)).await??;
        let prefix = ObjectPath::parse(prefix).map_err(settings)?;
        Ok(if prefix.is_root() { Arc::new(store) } else { Arc::new(PrefixStore::new(store, prefix)) })
    }

    /// Where the bucket is, and who asks; `variable` is one of the environment.
    pub(super) fn builder(&self, variable: impl Fn(&str) -> Option<String>) -> Result<AmazonS3Builder, BoxError> {
        let mut builder = AmazonS3Builder::new()
            .with_region(self.region.as_deref().unwrap_or(DEFAULT_REGION))
            .with_virtual_hosted_style_request(self.virtual_hosted_style)
            .with_skip_signature(self.anonymous)
            .with_retry(RetryConfig { max_retries: self.max_retries, ..RetryConfig::default() });
        if let Some(endpoint) = &self.endpoint {
            self.address().ok_or_else(|| settings(ENDPOINT_FORM))?;
            builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
        }
        if self.is_known_by_the_environment() {
            return self.with_environment(builder, variable);
        }
        if let (Some(key), Some(secret)) = (&self.access_key_id, &self.secret_access_key) {
            builder = builder.with_access_key_id(key).with_secret_access_key(secret.expose());
        }
        if let Some(token) = &self.session_token {
            builder = builder.with_token(token.expose());
        }
        Ok(builder)
    }

    fn is_known_by_the_environment(&self) -> bool {
        let is_given = self.access_key_id.is_some() || self.secret_access_key.is_some() || self.session_token.is_some();
        !is_given && !self.anonymous
    }

    /// The driver decides which of the ways it takes. A variable that is empty is none. All but keys it would ask for through
    /// the tunnel, which leads to the bucket alone.
    fn with_environment(
        &self,
        builder: AmazonS3Builder,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<AmazonS3Builder, BoxError> {
        let is_tunnel = via!(self).is_tunnel();
        let variables = if is_tunnel { &VARIABLES[..KEYS] } else { &VARIABLES[..] };
        let given = variables.iter().filter_map(|key| {
            let value = variable(&key.as_ref().to_ascii_uppercase())?;
            (!value.is_empty()).then_some((*key, value))
        });
        let builder = given.fold(builder, |builder, (key, value)| builder.with_config(key, value));
        if is_tunnel && builder.get_config_value(&AmazonS3ConfigKey::AccessKeyId).is_none() {
            return Err(settings(NO_KEY));
        }
        Ok(builder)
    }

    async fn client_options(&self, route: &Route, config_dir: &Path) -> Result<ClientOptions, BoxError> {
        let is_plain = self.address().is_some_and(|url| url.scheme() == "http");
        let mut options = ClientOptions::new()
            .with_allow_http(is_plain)
            .with_timeout(self.request_timeout)
            .with_connect_timeout(self.connect_timeout);
        if let Some(proxy) = web::proxy(route) {
            options = options.with_proxy_url(proxy);
        }
        if let Some(tls) = self.tls.as_ref().filter(|tls| tls.is_enabled())
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
            validation.invalid(&["endpoint"], ENDPOINT_FORM);
        }
        match (&self.access_key_id, &self.secret_access_key) {
            (Some(_), None) => {
                validation.missing("secret_access_key", "`access_key_id` is of use only with its secret");
            }
            (None, Some(_)) => validation.missing("access_key_id", "`secret_access_key` is of use only with its key"),
            (Some(_), Some(_)) if self.anonymous => {
                validation.invalid(&["anonymous"], "is of no use beside `access_key_id`");
            }
            (None, None) if self.session_token.is_some() => {
                validation.missing("access_key_id", "`session_token` is of use only with its key");
            }
            _ => {}
        }
        if via!(self).is_tunnel() && self.address().is_some_and(|address| web::cannot_verify(&address)) {
            validation.invalid(&["endpoint", "tunnel"], web::NO_NAME);
        }
        self.validate_tls(validation);
        let (request, connect) = (self.request_timeout, self.connect_timeout);
        not_zero(validation, &[("request_timeout", request), ("connect_timeout", connect)]);
    }

    fn validate_tls(&self, validation: &mut Validation) {
        let Some(tls) = &self.tls else { return };
        let scheme = self.address().map(|url| url.scheme().to_owned());
        match (tls.mode(), scheme.as_deref()) {
            // It may be inherited.
            (TlsMode::Disable, Some("http")) => return,
            (TlsMode::Disable, Some(_)) => {
                validation.invalid(
                    &["tls.mode", "endpoint"],
                    "must not be `disable` without an `endpoint` that begins with `http://`",
                );
            }
            (TlsMode::VerifyFull, Some("http")) => {
                validation.invalid(
                    &["tls", "tls.mode", "endpoint"],
                    "is of no use with an `endpoint` that begins with `http://`",
                );
            }
            (TlsMode::Disable | TlsMode::VerifyFull, _) => {}
            _ => validation.invalid(&["tls.mode"], "must be `disable` or `verify-full`: the driver always verifies"),
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
}

pub(super) fn memory() -> Arc<dyn ObjectStore> {
    Arc::new(InMemory::new())
}

/// The store of a folder, which is made when it is missing and may be made.
pub(super) async fn folder(path: &Path, create: bool) -> Result<Arc<dyn ObjectStore>, BoxError> {
    let path = path.to_owned();
    blocking::run(move || {
        if create {
            fs::create_dir_all(&path).map_err(|error| cannot_use(&path, error))?;
        }
        is_folder_blocking(&path)?;
        let store = LocalFileSystem::new_with_prefix(&path).map_err(settings)?;
        Ok(Arc::new(store) as Arc<dyn ObjectStore>)
    })
    .await?
}

async fn is_folder(path: PathBuf) -> Result<(), BoxError> {
    blocking::run(move || is_folder_blocking(&path)).await?
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
        _ => Reason::Other.at(&name, Some(error.into())),
    }
}

/// An object that nobody has.
const NOTHING: &str = "connection-registry-check";

const DEFAULT_REGION: &str = "us-east-1";

const NO_KEY: &str =
    "through a tunnel `access_key_id` with its secret, the variables of these, or `anonymous` must say who asks";

/// How many of the variables are of a key.
const KEYS: usize = 3;

/// Those that say who asks, and nothing of where the bucket is.
const VARIABLES: [AmazonS3ConfigKey; 10] = [
    AmazonS3ConfigKey::AccessKeyId,
    AmazonS3ConfigKey::SecretAccessKey,
    AmazonS3ConfigKey::Token,
    AmazonS3ConfigKey::WebIdentityTokenFile,
    AmazonS3ConfigKey::RoleArn,
    AmazonS3ConfigKey::RoleSessionName,
    AmazonS3ConfigKey::StsEndpoint,
    AmazonS3ConfigKey::ContainerCredentialsRelativeUri,
    AmazonS3ConfigKey::ContainerCredentialsFullUri,
    AmazonS3ConfigKey::ContainerAuthorizationTokenFile,
];

const ENDPOINT_FORM: &str =
    "must be an address such as `https://s3.example.com`, without user, query, fragment and `@`";

const URL_FORM: &str = "must be `memory:`, a folder such as `file:uploads`, or a bucket such as `s3://bucket/prefix`";
