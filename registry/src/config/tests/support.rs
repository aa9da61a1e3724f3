//! A folder of files, an environment, and a few connection types.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::Deserialize;
use tempfile::TempDir;

use crate::{
    config::{
        Configuration, DecodeFn, Environment, Field, LoadRequest, MainSource, Reader, TypeInfo, Types, Visibility, load,
    },
    diagnostic::Diagnostic,
    reference::ConnectionRef,
    secret::Secret,
};

/// A load that is being prepared. The main file is `connections.toml`.
pub(super) struct Fixture {
    folder: TempDir,
    variables: BTreeMap<OsString, OsString>,
    pub(super) request: LoadRequest,
}

impl Fixture {
    pub(super) fn new(main: &str) -> Self {
        Self::of(&[("connections.toml", main)])
    }

    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let request = LoadRequest {
            main: MainSource::File(folder.path().join("connections.toml")),
            profile: None,
            environment: Environment::default(),
            strict_permissions: false,
            max_bytes: 16 * 1024 * 1024,
        };
        let fixture = Self { folder, variables: BTreeMap::new(), request };
        files.iter().fold(fixture, |fixture, (name, text)| fixture.file(name, text))
    }

    pub(super) fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    pub(super) fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    pub(super) fn profile(mut self, profile: &str) -> Self {
        self.request.profile = Some(profile.to_owned());
        self
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn load(&self) -> Result<Configuration<Instance>, Vec<Diagnostic>> {
        load(&self.whole_request(), &Catalogue)
    }

    /// The request with the variables.
    pub(super) fn whole_request(&self) -> LoadRequest {
        let environment = Environment::Fixed(Arc::new(self.variables.clone()));
        LoadRequest { environment, ..self.request.clone() }
    }

    /// Loads what must be valid.
    #[track_caller]
    pub(super) fn valid(&self) -> Configuration<Instance> {
        self.load().unwrap_or_else(|problems| panic!("{}", self.lines(&problems).join("\n")))
    }

    /// The problems of a load as `file:line:column CODE message`.
    #[track_caller]
    pub(super) fn problems(&self) -> Vec<String> {
        self.lines(&self.load().map(|_| ()).expect_err("the configuration is invalid"))
    }

    #[track_caller]
    pub(super) fn check(&self, expected: &[&str]) {
        assert_eq!(self.problems(), expected);
    }

    /// With paths relative to the folder.
    pub(super) fn lines(&self, problems: &[Diagnostic]) -> Vec<String> {
        let folder = format!("{}{}", self.path().display(), std::path::MAIN_SEPARATOR);
        problems.iter().map(|problem| problem.to_string().replace(&folder, "").replace("error[", "[")).collect()
    }

    /// The instance of a connection, resolved.
    #[track_caller]
    pub(super) fn instance(&self, name: &str) -> Instance {
        match self.valid().resolve(name) {
            Ok(resolved) => resolved.instance,
            Err(problems) => panic!("{}", self.lines(&problems).join("\n")),
        }
    }
}

/// What the fake types decode to.
#[derive(Clone, Debug)]
pub(super) enum Instance {
    Db(Arc<Db>),
    Cache(Arc<Cache>),
    // Only decoded, for its references.
    App(#[allow(dead_code)] Arc<App>),
}

impl Instance {
    #[track_caller]
    pub(super) fn db(self) -> Arc<Db> {
        match self {
            Self::Db(db) => db,
            other => panic!("not a db: {other:?}"),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Db {
    pub(super) url: String,
    #[serde(default)]
    pub(super) password: Secret,
    #[serde(default)]
    pub(super) port: u16,
    #[serde(default)]
    pub(super) timeout: Option<Duration>,
    #[serde(default)]
    pub(super) pool: Pool,
    #[serde(default)]
    pub(super) tags: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Pool {
    pub(super) min: u32,
    pub(super) max: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cache {
    #[serde(alias = "server")]
    pub(super) host: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only what the fields refer to matters")]
pub(super) struct App {
    pub(super) db: Option<ConnectionRef<DbClient>>,
    pub(super) app: Option<ConnectionRef<AppClient>>,
}

pub(super) struct DbClient;
pub(super) struct CacheClient;
pub(super) struct AppClient;

/// The types `app`, `cache` and `db`.
pub(super) struct Catalogue;

impl Types for Catalogue {
    type Instance = Instance;

    fn find(&self, name: &str) -> Option<TypeInfo<Instance>> {
        match name {
            "app" => Some(info::<AppClient>("app", APP_FIELDS, |decoder| {
                App::deserialize(decoder).map(|app| Instance::App(Arc::new(app)))
            })),
            "cache" => Some(info::<CacheClient>("cache", CACHE_FIELDS, |decoder| {
                Cache::deserialize(decoder).map(|cache| Instance::Cache(Arc::new(cache)))
            })),
            "db" => Some(info::<DbClient>("db", DB_FIELDS, |decoder| {
                Db::deserialize(decoder).map(|db| Instance::Db(Arc::new(db)))
            })),
            _ => None,
        }
    }

    fn names(&self) -> Vec<&'static str> {
        vec!["app", "cache", "db"]
    }
}

fn info<Client>(name: &'static str, fields: &'static [Field], decode: DecodeFn<Instance>) -> TypeInfo<Instance> {
    TypeInfo { name, client_type_name: std::any::type_name::<Client>(), fields, reader: Reader::plain(decode) }
}

const fn field(name: &'static str, visibility: Visibility) -> Field {
    Field { name, type_name: "", docs: "", visibility }
}

const APP_FIELDS: &[Field] = &[field("db", Visibility::Hidden), field("app", Visibility::Hidden)];

const CACHE_FIELDS: &[Field] = &[field("host", Visibility::Hidden)];

const DB_FIELDS: &[Field] = &[
    field("url", Visibility::Hidden),
    field("password", Visibility::Secret),
    field("port", Visibility::Public),
    field("timeout", Visibility::Public),
    field("pool", Visibility::Hidden),
    field("tags", Visibility::Hidden),
];

/// A main file given as text.
pub(super) fn text_request(text: &str, config_dir: PathBuf) -> LoadRequest {
    LoadRequest {
        main: MainSource::Text { text: text.to_owned(), config_dir, name: None },
        profile: None,
        environment: Environment::Fixed(Arc::default()),
        strict_permissions: false,
        max_bytes: 1024,
    }
}
