//! `Thing`: something in a database that a statement names: a table, a column of one, an index.

use std::fmt;

/// A name with its schema, as the script writes it: quotes are taken off, and what has none is in lower case on
/// PostgreSQL.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The schema; none where the script leaves it to the search path.
    pub schema: Option<String>,
    /// The name itself; empty where the script leaves it to the database.
    pub name: String,
}

impl Name {
    /// Whether both may be the same thing: a name without a schema is looked up in several.
    #[must_use]
    pub fn may_be(&self, other: &Self) -> bool {
        let schemas = match (&self.schema, &other.schema) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        schemas && self.name == other.name
    }

    /// A name without a schema.
    #[must_use]
    pub fn bare(name: impl Into<String>) -> Self {
        Self { schema: None, name: name.into() }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// What kind of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A table, also a foreign one.
    Table,
    /// A column of a table.
    Column,
    /// An index of a table.
    Index,
    /// A constraint of a table.
    Constraint,
    /// A type, also an enum.
    Type,
    /// A value of an enum.
    Value,
    /// A domain.
    Domain,
    /// A function, a procedure or an aggregate.
    Function,
    /// A trigger of a table.
    Trigger,
    /// A policy of a table.
    Policy,
    /// A rule of a table.
    Rule,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A sequence.
    Sequence,
    /// An extension.
    Extension,
    /// A schema.
    Schema,
    /// A right that somebody has on something.
    Grant,
    /// A role or a user.
    Role,
    /// A comment on something.
    Comment,
    /// A database.
    Database,
    /// A setting of the session or of the server.
    Setting,
    /// Another kind of thing; rare.
    Other,
}

impl Kind {
    /// The word for it: `materialized view`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Column => "column",
            Self::Index => "index",
            Self::Constraint => "constraint",
            Self::Type => "type",
            Self::Value => "enum value",
            Self::Domain => "domain",
            Self::Function => "function",
            Self::Trigger => "trigger",
            Self::Policy => "policy",
            Self::Rule => "rule",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::Sequence => "sequence",
            Self::Extension => "extension",
            Self::Schema => "schema",
            Self::Grant => "grant",
            Self::Role => "role",
            Self::Comment => "comment",
            Self::Database => "database",
            Self::Setting => "setting",
            Self::Other => "object",
        }
    }
}

/// Something in a database that a statement names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thing {
    /// What kind of thing it is.
    pub kind: Kind,
    /// Its name.
    pub name: Name,
    /// The table, the type or the schema it belongs to, for what has no life of its own.
    pub of: Option<Name>,
}

impl Thing {
    /// A thing that belongs to nothing.
    #[must_use]
    pub const fn new(kind: Kind, name: Name) -> Self {
        Self { kind, name, of: None }
    }

    /// A thing of a table or of a type.
    #[must_use]
    pub fn of(kind: Kind, name: impl Into<String>, of: &Name) -> Self {
        Self { kind, name: Name::bare(name), of: Some(of.clone()) }
    }
}

impl fmt::Display for Thing {
    /// As `column users.email`, `unnamed constraint of users`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.kind.word();
        match (&self.of, self.name.name.is_empty()) {
            (Some(of), true) => write!(f, "unnamed {word} of `{of}`"),
            (None, true) => write!(f, "unnamed {word}"),
            (Some(of), false) if matches!(self.kind, Kind::Column | Kind::Value) => {
                write!(f, "{word} `{of}.{}`", self.name.name)
            }
            (Some(of), false) => write!(f, "{word} `{}` of `{of}`", self.name),
            (None, false) => write!(f, "{word} `{}`", self.name),
        }
    }
}
