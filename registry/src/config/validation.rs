//! [`Validation`]: what a type says of its fields together.

use super::{
    decode::Refusal,
    types::Reader,
    value::{Value, ValueKind},
};
use crate::{
    diagnostic::{Code, Problem},
    span::Span,
};

/// What [`Connection::validate`](crate::Connection::validate) reports of the fields.
///
/// Keys are written as in the file: `"host"`, or `"tls.ca"` for a key of a nested table. A key has the place of
/// its value, or that of the connection where it is not given.
///
/// When a configuration is loaded, a field with a placeholder has a made-up value: it is there, and nothing is known of its
/// content. So [`conflict`](Self::conflict) and [`missing`](Self::missing) are for what depends on which keys are given, and
/// [`invalid`](Self::invalid), which is for what depends on values, counts only when those of all its keys are known.
///
/// The texts are `'static`, so that none of them repeats a value.
///
/// ```
/// use connection_registry::{BoxError, ConnectContext, Connection, Validation, connection_type};
///
/// #[connection_type("ftp")]
/// struct Ftp { url: Option<String>, host: Option<String> }
///
/// impl Connection for Ftp {
///     type Client = ();
///     async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> { Ok(()) }
///
///     fn validate(&self, validation: &mut Validation) {
///         match (&self.url, &self.host) {
///             (Some(_), Some(_)) => validation.conflict(&["url", "host"], "`url` says where the server is: give one of them"),
///             (None, None) => validation.missing("host", "say where the server is, by `host` or `url`"),
///             (Some(url), None) if !url.starts_with("ftp://") => validation.invalid(&["url"], "must start with `ftp://`"),
///             _ => {}
///         }
///     }
/// }
///
/// # fn main() -> Result<(), BoxError> {
/// use connection_registry::ConnectionManager;
///
/// let toml = "[connections.files]\ntype = 'ftp'\nhost = 'a.example'\nurl = '${env:FTP_URL}'\n";
/// let error = ConnectionManager::builder().toml(toml).build().unwrap_err();
/// let problem = &error.diagnostics()[0];
/// assert_eq!((problem.code(), problem.line()), ("CR018", 4));
/// assert_eq!(problem.message(), "`url` and `host` exclude each other");
/// # Ok(()) }
/// ```
#[derive(Debug, Default)]
pub struct Validation {
    findings: Vec<Finding>,
}

#[derive(Debug)]
struct Finding {
    fault: Fault,
    keys: Vec<String>,
    text: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Conflict,
    Missing,
    Invalid,
}

impl Validation {
    /// `keys` are given and exclude each other. `help` says what to do.
    ///
    /// It is a problem among keys of one layer: no layer can take back what a lower one says, so that of several layers the
    /// highest one with a key of them wins, and those of the others count as not given. A key with a table never does.
    pub fn conflict(&mut self, keys: &[&str], help: &'static str) {
        self.add(Fault::Conflict, keys, help);
    }

    /// `key` is not given, and the keys that are given need it. `help` says why.
    pub fn missing(&mut self, key: &str, help: &'static str) {
        self.add(Fault::Missing, &[key], help);
    }

    /// The value of the first of `keys` is refused, because of itself and of the values of the others. `why` goes on after
    /// the key: `"must be at most max_connections"`.
    pub fn invalid(&mut self, keys: &[&str], why: &'static str) {
        self.add(Fault::Invalid, keys, why);
    }

    fn add(&mut self, fault: Fault, keys: &[&str], text: &'static str) {
        self.findings.push(Finding { fault, keys: keys.iter().map(|key| (*key).to_owned()).collect(), text });
    }

    /// What `instance` reports of `fields`, the tree that it was made from, whose key path is `path`.
    pub(super) fn run<I>(instance: &I, reader: Reader<I>, fields: &Value, path: &str) -> Refusal {
        let mut validation = Self::default();
        (reader.validate)(instance, &mut validation);
        let findings = &validation.findings;
        let superseded: Vec<_> = findings.iter().flat_map(|finding| finding.superseded(fields)).collect();
        let problems = findings.iter().filter(|finding| !finding.is_moot(fields, &superseded));
        Refusal { problems: problems.filter_map(|finding| finding.problem(fields, path)).collect(), superseded }
    }
}

impl Finding {
    /// None when it is about a value that is not known.
    fn problem(&self, fields: &Value, path: &str) -> Option<Problem> {
        if self.fault == Fault::Invalid && !self.keys.iter().all(|key| is_known(fields.find(key))) {
            return None;
        }
        let problem = match self.fault {
            Fault::Conflict => self.conflict(fields),
            Fault::Missing => {
                let problem = Problem::new(Code::MissingKey, fields.span, format!("missing key {}", self.listing()));
                problem.label(format!("{} is required here", self.listing())).help(self.text)
            }
            Fault::Invalid => {
                let (span, key) = (self.span(fields, 0), self.keys.first().map_or("", |key| key));
                Problem::new(Code::InvalidValue, span, format!("`{key}` {}", self.text))
            }
        };
        let key = self.keys.first().map_or_else(String::new, |key| format!(".{key}"));
        Some(problem.key_path(format!("{path}{key}").trim_start_matches('.')))
    }

    /// The keys that count as not given, since another one of them lies higher.
    fn superseded(&self, fields: &Value) -> Vec<String> {
        let given = || self.keys.iter().filter_map(|key| Some((key, fields.find(key)?)));
        let highest = given().map(|(_, value)| value.height()).max().unwrap_or_default();
        let lower = given().filter(|(_, value)| value.height() < highest && value.as_table().is_none());
        match self.fault {
            Fault::Conflict => lower.map(|(key, _)| key.clone()).collect(),
            Fault::Missing | Fault::Invalid => Vec::new(),
        }
    }

    /// Whether it is a conflict that ends by itself, since those that win it lose another one.
    fn is_moot(&self, fields: &Value, superseded: &[String]) -> bool {
        let losers = self.superseded(fields);
        let mut winners = self.keys.iter().filter(|key| !losers.contains(key));
        !losers.is_empty() && winners.all(|key| superseded.contains(key))
    }

    fn conflict(&self, fields: &Value) -> Problem {
        let message = format!("{} exclude each other", self.listing());
        let problem = Problem::new(Code::Conflict, self.span(fields, 0), message).help(self.text);
        (1..self.keys.len()).fold(problem, |problem, at| {
            problem.also(self.span(fields, at), format!("`{}` is given here", self.keys[at]))
        })
    }

    /// The place of the `at`th key.
    fn span(&self, fields: &Value, at: usize) -> Span {
        let found = self.keys.get(at).and_then(|key| fields.find(key));
        found.map_or(fields.span, |value| if self.fault == Fault::Conflict { value.key_span } else { value.span })
    }

    /// "`a`, `b` and `c`".
    fn listing(&self) -> String {
        let keys: Vec<_> = self.keys.iter().map(|key| format!("`{key}`")).collect();
        match keys.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => keys.concat(),
        }
    }
}

/// A key that is not given has the type's own default, which is known.
fn is_known(value: Option<&Value>) -> bool {
    value.is_none_or(|value| !value.has_templates() && !matches!(value.kind, ValueKind::Dummy(_)))
}
