//! The stable codes of all problems.

/// The code of a problem: stable across releases, so that it can be searched for and explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Code {
    /// A file is not TOML.
    Syntax,
    /// A file cannot be read.
    Unreadable,
    /// A name or key is given twice.
    Duplicate,
    /// No linked type has this name.
    UnknownType,
    /// The type has no such field.
    UnknownKey,
    /// A required key is missing.
    MissingKey,
    /// A value is not what the field takes.
    WrongType,
    /// A value or key is well formed and refused all the same.
    InvalidValue,
    /// A connection's name is empty, has control characters, or the like.
    InvalidName,
    /// A placeholder is malformed.
    Placeholder,
    /// A placeholder has a scheme that does not exist.
    UnknownScheme,
    /// A variable or file of a placeholder is not there.
    Unresolved,
    /// `extends` or a reference names a connection that is not declared.
    UnknownConnection,
    /// `extends` or references lead back to where they started.
    Cycle,
    /// A reference names a connection whose client is of another type.
    WrongClient,
    /// The chosen profile has no file.
    UnknownProfile,
    /// An environment override matches no connection, or more than one.
    Override,
    /// Two keys are given that exclude each other.
    Conflict,
}

impl Code {
    /// `CR001` and so on.
    pub(crate) fn id(self) -> &'static str {
        self.entry().id
    }

    /// The problem in general, in a few words.
    pub(crate) fn title(self) -> &'static str {
        self.entry().title
    }

    /// What the problem means and what to do about it: one paragraph.
    pub(crate) fn explanation(self) -> &'static str {
        self.entry().explanation
    }

    /// The code that is written `id`, whatever its case.
    pub(crate) fn find(id: &str) -> Option<Self> {
        ENTRIES.iter().find(|entry| entry.id.eq_ignore_ascii_case(id)).map(|entry| entry.code)
    }

    /// All codes in the order of their ids.
    #[cfg(any(test, feature = "cli"))]
    pub(crate) fn all() -> impl Iterator<Item = Self> + Clone {
        ENTRIES.iter().map(|entry| entry.code)
    }

    fn entry(self) -> &'static Entry {
        &ENTRIES[self as usize]
    }
}

struct Entry {
    code: Code,
    id: &'static str,
    title: &'static str,
    explanation: &'static str,
}

/// In the order of the enum. An id is never given to another problem, and never taken back.
const ENTRIES: &[Entry] = &[
    Entry {
        code: Code::Syntax,
        id: "CR001",
        title: "a file is not TOML",
        explanation: "The file breaks a rule of TOML at this place: a quote that is not closed, a value without quotes, a \
            key without a value. Such a file is not looked at any further, so that what follows from the mistake \
            is not reported as well. Values are hidden in its report, because a password may stand anywhere in \
            it.",
    },
    Entry {
        code: Code::Unreadable,
        id: "CR002",
        title: "a file cannot be read",
        explanation: "The file does not exist, is not a regular file, is not UTF-8, is larger than the limit, or this user \
            may not read it. Paths in a configuration are relative to the folder of its main file, also in an \
            included file.",
    },
    Entry {
        code: Code::Duplicate,
        id: "CR003",
        title: "a name or key is given twice",
        explanation: "One name may be declared once only, in one file and across included files, because silently taking \
            the last one hides mistakes. To change a connection in one environment, use a profile or `extends`; \
            the report shows both places. Two templates of one shape, such as `tenant/{id}` and \
            `tenant/{name}`, would fit the same names, and count as one.",
    },
    Entry {
        code: Code::UnknownType,
        id: "CR004",
        title: "no linked type has this name",
        explanation: "The `type` of a connection is the name that a `#[connection_type(\"…\")]` gives to a struct, and only \
            the types linked into this program exist. When the name is right, the crate of the type is probably \
            not linked: a crate that is listed in Cargo.toml and never named is left out, and `use the_crate as \
            _;` brings it in; connection types of this library each need their cargo feature.",
    },
    Entry {
        code: Code::UnknownKey,
        id: "CR005",
        title: "the connection type has no such field",
        explanation: "The keys of a connection are the fields of its struct and the reserved keys `type`, `enabled`, \
            `extends`, `config_file` and `lifecycle`. Any other key is refused rather than ignored, because a \
            setting with a slip in its name would silently have no effect.",
    },
    Entry {
        code: Code::MissingKey,
        id: "CR006",
        title: "a required key is missing",
        explanation: "The field has no default, so that the connection cannot be made without it. It may be given in the \
            file, in `defaults` for all connections of the type, by `extends`, in the `config_file`, or in an \
            environment override.",
    },
    Entry {
        code: Code::WrongType,
        id: "CR007",
        title: "a value is of the wrong type",
        explanation: "The field takes another kind of value: a number where a string is given, a number of another range, a \
            word that is none of its choices, a duration without a unit. Numbers and booleans have no quotes in \
            TOML; durations are written as `\"500ms\"`, `\"10s\"` or `\"1h 30m\"`; a string that is one whole \
            placeholder, such as `\"${env:PORT}\"`, takes the type of its field. The report names the kinds and \
            never the value.",
    },
    Entry {
        code: Code::InvalidValue,
        id: "CR008",
        title: "a value is not accepted",
        explanation: "The value or key is well formed and refused all the same: by a rule of the field's own type, as a \
            timeout of zero, as a path that leaves the folder of the configuration, or as a key that has no place \
            there, such as `type` in `defaults`. The message says which.",
    },
    Entry {
        code: Code::InvalidName,
        id: "CR009",
        title: "a name cannot be used",
        explanation: "The name of a connection is empty, longer than 128 characters, begins or ends with white space, or has \
            characters that nobody can see, such as control characters, or that change the direction of the text. \
            Such a name could not be told from another one in a report or log. Braces mark the captures of a \
            template, as in `tenant/{id}`: each is closed, has a name of its own in lower-case letters, digits \
            and `_`, is apart from the next one, and has some other text around it.",
    },
    Entry {
        code: Code::Placeholder,
        id: "CR010",
        title: "a placeholder is malformed",
        explanation: "Placeholders are written `${env:NAME}`, `${env:NAME:-default}`, `${env:NAME:?message}` or \
            `${file:path}`, in values only, and `${name:capture}` in the fields of a template, for a part of the \
            connection's name that the template captures. They cannot be nested, and what they are replaced by is never \
            searched for placeholders again. Two characters `${` that are meant as such are written `$${`.",
    },
    Entry {
        code: Code::UnknownScheme,
        id: "CR011",
        title: "a placeholder has an unknown scheme",
        explanation: "What stands before the colon of a placeholder says where the value comes from: `env` for an \
            environment variable, `file` for the content of a file, `name` for a capture of a template. There are \
            no others.",
    },
    Entry {
        code: Code::Unresolved,
        id: "CR012",
        title: "a placeholder cannot be resolved",
        explanation: "The environment variable is not set or empty, or the file is missing, empty or cannot be read. \
            Placeholders are resolved when a connection is made, so that this harms no other connection. \
            `${env:NAME:-default}` gives a value for the case that the variable is not set or empty.",
    },
    Entry {
        code: Code::UnknownConnection,
        id: "CR013",
        title: "a connection that is named is not declared",
        explanation: "`extends`, or a field that refers to another connection, names one that no file declares, or a field \
            names one with `enabled = false`. Names are compared exactly, case included.",
    },
    Entry {
        code: Code::Cycle,
        id: "CR014",
        title: "connections depend on each other in a circle",
        explanation: "Each connection of the circle waits for the next one, by `extends` or by a field that refers to it, \
            so that none could be the first. The report shows the whole path; one of its steps has to go.",
    },
    Entry {
        code: Code::WrongClient,
        id: "CR015",
        title: "a connection that is named has another kind of client",
        explanation: "The field refers to a connection whose type gives a client of another Rust type than the one that \
            the field needs. The type of the connection may be exchanged for another one only if their client \
            type is the same.",
    },
    Entry {
        code: Code::UnknownProfile,
        id: "CR016",
        title: "the chosen profile has no file",
        explanation: "The profile comes from the program or from the variable `CONNECTIONS_PROFILE`, and its file stands \
            beside the main file: `connections.<profile>.toml` beside `connections.toml`. A profile without a file \
            is refused, because its settings would silently be missing.",
    },
    Entry {
        code: Code::Override,
        id: "CR017",
        title: "an environment override matches no connection",
        explanation: "A variable `CONNECTIONS__<NAME>__<KEY>` replaces a value of one connection that is declared, its \
            name written in capitals and with `_` for other characters. This one matches no connection or more \
            than one; it cannot declare a new one.",
    },
    Entry {
        code: Code::Conflict,
        id: "CR018",
        title: "keys exclude each other",
        explanation: "Keys are given together of which the type takes one alone, such as a `url` and the `host` that is \
            already in it. Keys may also come from `[defaults.<type>]`, from `extends`, or from an environment \
            override; each place is named.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_dense_and_in_the_order_of_the_codes() {
        for (at, code) in Code::all().enumerate() {
            assert_eq!(code as usize, at);
            assert_eq!(code.id(), format!("CR{:03}", at + 1));
            assert_eq!(Code::find(&code.id().to_lowercase()), Some(code));
        }
        assert_eq!(Code::find("CR000"), None);
    }

    /// A new code is added at the end. Nothing else in this list ever changes: people search for these ids.
    #[test]
    fn ids_are_stable() {
        let codes = [
            (Code::Syntax, "CR001"),
            (Code::Unreadable, "CR002"),
            (Code::Duplicate, "CR003"),
            (Code::UnknownType, "CR004"),
            (Code::UnknownKey, "CR005"),
            (Code::MissingKey, "CR006"),
            (Code::WrongType, "CR007"),
            (Code::InvalidValue, "CR008"),
            (Code::InvalidName, "CR009"),
            (Code::Placeholder, "CR010"),
            (Code::UnknownScheme, "CR011"),
            (Code::Unresolved, "CR012"),
            (Code::UnknownConnection, "CR013"),
            (Code::Cycle, "CR014"),
            (Code::WrongClient, "CR015"),
            (Code::UnknownProfile, "CR016"),
            (Code::Override, "CR017"),
            (Code::Conflict, "CR018"),
        ];
        assert_eq!(codes.len(), Code::all().count());
        for (code, id) in codes {
            assert_eq!(code.id(), id);
        }
    }

    #[test]
    fn every_code_has_a_title_and_one_paragraph_of_explanation() {
        for code in Code::all() {
            let (title, explanation) = (code.title(), code.explanation());
            assert!(title.starts_with(char::is_lowercase) && !title.ends_with('.'), "{title}");
            assert!(explanation.ends_with('.') && !explanation.contains('\n'), "{explanation}");
            assert!(explanation.len() > 100, "{explanation}");
        }
    }
}
