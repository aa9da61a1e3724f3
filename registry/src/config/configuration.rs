//! (being built) stub
use super::types::Types;
use crate::diagnostic::Diagnostic;
use crate::span::Span;
use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
pub(crate) struct LoadRequest {
    pub(crate) main: MainSource,
    pub(crate) profile: Option<String>,
    pub(crate) environment: Environment,
    pub(crate) strict_permissions: bool,
    pub(crate) max_bytes: u64,
}
pub(crate) enum MainSource {
    File(PathBuf),
    Text { text: String, config_dir: PathBuf },
}
#[derive(Clone, Default, Debug)]
pub(crate) enum Environment {
    #[default]
    Process,
    Fixed(Arc<BTreeMap<OsString, OsString>>),
}
pub(crate) fn load<T: Types>(_request: &LoadRequest, _types: &T) -> Result<Configuration<T::Instance>, Vec<Diagnostic>>
where
    T::Instance: Clone,
{
    Ok(Configuration { dir: Path::new(".").into(), all: vec![], _i: vec![] })
}
pub(crate) struct Configuration<I> {
    dir: Arc<Path>,
    all: Vec<Declared>,
    _i: Vec<I>,
}
impl<I: Clone> Configuration<I> {
    pub(crate) fn config_dir(&self) -> &Arc<Path> {
        &self.dir
    }
    pub(crate) fn connections(&self) -> &[Declared] {
        &self.all
    }
    pub(crate) fn find(&self, _name: &str) -> Option<&Declared> {
        None
    }
    pub(crate) fn resolve(&self, _name: &str) -> Result<Resolved<I>, Vec<Diagnostic>> {
        Err(vec![])
    }
}
pub(crate) struct Declared {
    pub(crate) name: Arc<str>,
    pub(crate) type_name: Box<str>,
    pub(crate) enabled: bool,
    pub(crate) enabled_at: Option<String>,
    pub(crate) declared_at: String,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) references: Vec<Reference>,
}
pub(crate) struct Reference {
    pub(crate) target: Box<str>,
    pub(crate) client_type_name: String,
    pub(crate) span: Span,
    pub(crate) key_path: String,
}
pub(crate) struct Resolved<I> {
    pub(crate) instance: I,
    pub(crate) secrets: Vec<String>,
}
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifecycle {
    pub(crate) connect_timeout: Duration,
    pub(crate) disconnect_timeout: Duration,
    pub(crate) retry: Retry,
}
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    pub(crate) base: Duration,
    pub(crate) max: Duration,
    pub(crate) background_max: Duration,
}
