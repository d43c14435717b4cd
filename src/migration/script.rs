//! `Script`: one migration as its files say it.

/// One migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Its name among the scripts of its folder, unique there: `0042_add_tax`. Free of white space.
    pub name: String,
    /// The version as its tool's ledger has it: `0042`, `20240102030405`, `1.10`; for some tools the whole name.
    pub version: String,
    /// What it is about, as its tool's ledger has it: `add tax`; empty where the tool keeps none.
    pub description: String,
    /// The checksum of its file as its tool computes and writes it; none where the tool keeps none.
    pub checksum: Option<String>,
    /// Further checksums that the tool takes for the same file: of a text with other line ends.
    pub equal: Vec<String>,
    /// What brings the schema forward.
    pub up: Piece,
    /// What takes it back.
    pub down: Option<Piece>,
    /// What has to succeed after the way up.
    pub verify: Option<Piece>,
}

/// One text of SQL, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The path of its file below the migrations' folder, with `/`: `20240102_init/migration.sql`.
    pub path: String,
    /// The line of the file on which it begins, from 1: some tools keep both ways in one file.
    pub line: usize,
    /// The SQL, as the tool would send it.
    pub text: String,
    /// Whether the file says by its tool's own marker that it is not to run in a transaction.
    pub is_bare: bool,
}
