//! Which keys of a connection say something else.

use serde::Serialize;

use crate::config::{Entry, Fingerprint, Surveyed};

/// A key whose value differs. Values are shown as `show` shows them: most are hidden.
#[derive(Serialize)]
pub(super) struct KeyChange<'a> {
    pub(super) key: String,
    pub(super) before: Option<&'a Entry>,
    pub(super) after: Option<&'a Entry>,
}

/// The type, the fields and the lifecycle settings that differ.
pub(super) fn changed_keys<'a>(before: &'a Surveyed, after: &'a Surveyed) -> Vec<KeyChange<'a>> {
    let types = [before, after].map(|one| one.keys.iter().filter(|entry| entry.key == "type").collect::<Vec<_>>());
    let fields = [before, after].map(|one| one.fields.iter().collect::<Vec<_>>());
    let settings = [before, after].map(|one| one.lifecycle.iter().collect::<Vec<_>>());
    let content = |entry: Option<&Entry>| -> Option<Fingerprint> { entry.and_then(|entry| entry.content) };
    let mut changes = differing("", types, |was, is| content(was) != content(is));
    changes.extend(differing("", fields, |was, is| content(was) != content(is)));
    // None of them is hidden, and one that is written may say what is the default.
    let value = |entry: Option<&'a Entry>| entry.and_then(|entry| entry.value.as_deref());
    changes.extend(differing("lifecycle.", settings, |was, is| value(was) != value(is)));
    changes
}

/// In the order of the second, then what only the first has.
fn differing<'a>(
    prefix: &str,
    [before, after]: [Vec<&'a Entry>; 2],
    differs: impl Fn(Option<&'a Entry>, Option<&'a Entry>) -> bool,
) -> Vec<KeyChange<'a>> {
    let find = |entries: &[&'a Entry], key: &str| entries.iter().copied().find(|entry| entry.key == key);
    let of_both = after.iter().map(|is| (find(&before, &is.key), Some(*is)));
    let gone = before.iter().filter(|was| find(&after, &was.key).is_none()).map(|was| (Some(*was), None));
    let pairs = of_both.chain(gone).filter(|(was, is)| differs(*was, *is));
    let key = |entry: Option<&Entry>| entry.map(|entry| format!("{prefix}{}", entry.key)).unwrap_or_default();
    pairs.map(|(before, after)| KeyChange { key: key(after.or(before)), before, after }).collect()
}
