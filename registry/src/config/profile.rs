//! The profile: one more file, on top of the main one.

use std::{
    fs,
    path::{Path, PathBuf},
};

#[cfg(feature = "cli")]
use super::request::LoadRequest;
use super::{
    context::Context,
    document::{Document, read_document, unreadable},
    name::printable,
    request::MainSource,
};
use crate::{
    diagnostic::{Code, Problem, did_you_mean},
    span::{SourceKind, Span},
};

/// Reads the file of the chosen profile, `connections.<profile>.toml` for the main file `connections.toml`.
pub(super) fn read(context: &mut Context<'_>) -> Option<Document> {
    let (profile, span) = chosen(context)?;
    let files = Files::beside(&context.request.main);
    if !is_name(&profile) {
        context.add(
            problem(span, format!("`{}` cannot be the name of a profile", printable(&profile)))
                .help("a profile's name has letters, digits, `_` and `-` alone"),
        );
        return None;
    }
    let path = files.path(&profile);
    match read_document(&path, context) {
        Ok(document) => Some(document),
        Err(error) if error.not_found => {
            let help = files.help(&profile);
            context.add(problem(span, format!("there is no profile `{profile}`")).help(help));
            None
        }
        Err(error) => {
            context.add(Problem { span, ..unreadable(&path, &error) });
            None
        }
    }
}

/// The name of the chosen profile.
#[cfg(feature = "cli")]
pub(super) fn name(request: &LoadRequest) -> Option<String> {
    let variable = || request.environment.get(VARIABLE).map(|value| value.to_string_lossy().into_owned());
    request.profile.clone().or_else(variable)
}

/// The profile of the request, else of the environment with its place there.
fn chosen(context: &mut Context<'_>) -> Option<(String, Option<Span>)> {
    if let Some(profile) = &context.request.profile {
        return Some((profile.clone(), None));
    }
    let value = context.request.environment.get(VARIABLE).filter(|value| !value.is_empty())?;
    let value = value.to_string_lossy().into_owned();
    let text = format!("{VARIABLE}={value}");
    let range = VARIABLE.len() + 1..text.len();
    let source = context.sources.add(VARIABLE, text, SourceKind::Environment);
    Some((value, Some(Span::new(source, range))))
}

fn problem(span: Option<Span>, message: String) -> Problem {
    Problem { span, ..Problem::without_place(Code::UnknownProfile, message) }
}

fn is_name(profile: &str) -> bool {
    !profile.is_empty()
        && profile.chars().all(|character| character.is_ascii_alphanumeric() || "_-".contains(character))
}

/// The files of profiles, which stand beside the main file.
struct Files {
    folder: PathBuf,
    stem: String,
}

impl Files {
    fn beside(main: &MainSource) -> Self {
        let stem = match main {
            MainSource::File(path) => path.file_stem().map(|stem| stem.to_string_lossy().into_owned()),
            MainSource::Text { .. } => None,
        };
        Self { folder: main.folder().to_owned(), stem: stem.unwrap_or_else(|| "connections".to_owned()) }
    }

    fn path(&self, profile: &str) -> PathBuf {
        self.folder.join(format!("{}.{profile}.toml", self.stem))
    }

    /// The profiles that exist, sorted.
    fn existing(&self) -> Vec<String> {
        let folder = if self.folder.as_os_str().is_empty() { Path::new(".") } else { &self.folder };
        let profile = |name: String| {
            let profile = name.strip_prefix(&self.stem)?.strip_prefix('.')?.strip_suffix(".toml")?;
            is_name(profile).then(|| profile.to_owned())
        };
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut profiles: Vec<_> = entries.filter_map(|entry| profile(entry.file_name().into_string().ok()?)).collect();
        profiles.sort();
        profiles
    }

    fn help(&self, profile: &str) -> String {
        let existing = self.existing();
        let file = printable(&self.path(profile).to_string_lossy());
        match did_you_mean(profile, existing.iter().map(String::as_str)) {
            _ if existing.is_empty() => format!("there are no profiles; one would be the file `{file}`"),
            Some(near) => format!("did you mean `{near}`? profiles: {}", existing.join(", ")),
            None => format!("profiles: {}; or make the file `{file}`", existing.join(", ")),
        }
    }
}

const VARIABLE: &str = "CONNECTIONS_PROFILE";
