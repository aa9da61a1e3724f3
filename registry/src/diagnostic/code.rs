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
    /// A value is of the wrong type.
    WrongType,
    /// A value has the right type and is refused all the same.
    InvalidValue,
    /// A connection or key name is empty, has control characters, or the like.
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
}

impl Code {
    /// `CR001` and so on.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Syntax => "CR001",
            Self::Unreadable => "CR002",
            Self::Duplicate => "CR003",
            Self::UnknownType => "CR004",
            Self::UnknownKey => "CR005",
            Self::MissingKey => "CR006",
            Self::WrongType => "CR007",
            Self::InvalidValue => "CR008",
            Self::InvalidName => "CR009",
            Self::Placeholder => "CR010",
            Self::UnknownScheme => "CR011",
            Self::Unresolved => "CR012",
            Self::UnknownConnection => "CR013",
            Self::Cycle => "CR014",
            Self::WrongClient => "CR015",
            Self::UnknownProfile => "CR016",
            Self::Override => "CR017",
        }
    }
}
