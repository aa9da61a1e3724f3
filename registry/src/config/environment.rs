//! Where environment variables come from.

use std::{
    collections::BTreeMap,
    env,
    ffi::{OsStr, OsString},
    fmt,
    sync::Arc,
};

/// The variables that placeholders and overrides see.
#[derive(Clone, Default)]
pub(crate) enum Environment {
    /// Those of the process, read anew each time.
    #[default]
    Process,
    /// A fixed set, as in tests.
    Fixed(Arc<BTreeMap<OsString, OsString>>),
    /// Nobody may look: there is no profile and no override, and every placeholder stays as it is.
    #[cfg(feature = "cli")]
    Unknown,
}

impl Environment {
    /// Whether placeholders can be resolved at all.
    pub(super) fn is_known(&self) -> bool {
        match self {
            Self::Process | Self::Fixed(_) => true,
            #[cfg(feature = "cli")]
            Self::Unknown => false,
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<OsString> {
        match self {
            Self::Process => env::var_os(name),
            Self::Fixed(variables) => variables.get(OsStr::new(name)).cloned(),
            #[cfg(feature = "cli")]
            Self::Unknown => None,
        }
    }

    /// All variables whose name starts with `prefix`, sorted by name. A name that is not UTF-8 comes with
    /// replacement characters and `false`.
    pub(super) fn starting_with(&self, prefix: &str) -> Vec<(String, bool, OsString)> {
        let mut found: Vec<_> = match self {
            Self::Process => env::vars_os().filter_map(|(name, value)| with_prefix(&name, value, prefix)).collect(),
            Self::Fixed(variables) => {
                variables.iter().filter_map(|(name, value)| with_prefix(name, value.clone(), prefix)).collect()
            }
            #[cfg(feature = "cli")]
            Self::Unknown => Vec::new(),
        };
        found.sort();
        found
    }

    /// The names of all variables, for suggestions.
    pub(super) fn names(&self) -> Vec<String> {
        match self {
            Self::Process => env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect(),
            Self::Fixed(variables) => variables.keys().filter_map(|name| name.to_str().map(String::from)).collect(),
            #[cfg(feature = "cli")]
            Self::Unknown => Vec::new(),
        }
    }
}

// By hand: a derived one would print the values.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Process => "Process",
            Self::Fixed(_) => "Fixed",
            #[cfg(feature = "cli")]
            Self::Unknown => "Unknown",
        })
    }
}

fn with_prefix(name: &OsStr, value: OsString, prefix: &str) -> Option<(String, bool, OsString)> {
    let text = name.to_string_lossy();
    text.starts_with(prefix).then(|| (text.into_owned(), name.to_str().is_some(), value))
}
