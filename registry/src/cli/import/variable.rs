//! The variables that are to hold secrets.

use std::collections::HashSet;

/// The variables that placeholders were written for.
#[derive(Debug, Default)]
pub(super) struct Variables {
    taken: HashSet<String>,
}

impl Variables {
    /// A variable that is free, for the value at these keys: `PRIMARY_DB_PASSWORD`.
    pub(super) fn name(&mut self, keys: &[&str]) -> String {
        let base = variable(keys);
        let numbered = (2..).map(|number| format!("{base}_{number}"));
        let name = std::iter::once(base.clone()).chain(numbered).find(|name| !self.taken.contains(name));
        let name = name.expect("there are more numbers than names");
        self.taken.insert(name.clone());
        name
    }
}

/// The keys as one name of a variable.
pub(in crate::cli) fn variable(keys: &[&str]) -> String {
    let mut name = String::new();
    for character in keys.join("_").chars() {
        let character = if character.is_ascii_alphanumeric() { character.to_ascii_uppercase() } else { '_' };
        if character != '_' || !name.ends_with('_') {
            name.push(character);
        }
    }
    let name = name.trim_end_matches('_');
    if name.starts_with(|first: char| first.is_ascii_digit()) || name.is_empty() {
        format!("_{name}")
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_variables_are_plain_and_each_one_is_new() {
        let mut variables = Variables::default();
        assert_eq!(variables.name(&["primary db", "tls", "key-password"]), "PRIMARY_DB_TLS_KEY_PASSWORD");
        assert_eq!(variables.name(&["primary.db", "tls.key", "password"]), "PRIMARY_DB_TLS_KEY_PASSWORD_2");
        assert_eq!(variables.name(&["1", "a"]), "_1_A");
        assert_eq!(variables.name(&["größe"]), "GR_E");
        assert_eq!(variables.name(&["ü"]), "_");
    }
}
