//! Proofs of ways back: a verdict for each migration, one for the batch, and what they were made on.

use serde::Serialize;
use serde_json::{Value, json};

use crate::migration::Worth;
use crate::migration::proof::{Copied, MigrationProof, Proof, Redo};
use crate::plain::plain;
use crate::report::fitted::fitted;
use crate::report::style::{Mark, Style, Tone};
use crate::report::table::{padded, width};
use crate::report::words;

/// What came of proving the migrations of one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryProof {
    /// Its name in deploy.toml.
    pub database: String,
    /// What runs.
    pub version: String,
    /// The proof; none where nothing is pending.
    pub proof: Option<Proof>,
    /// What the scratch copy lacked, and what else the reader should know.
    pub notes: Vec<String>,
}

impl HistoryProof {
    /// Whether every way back is trusted.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        self.proof.iter().flat_map(|proof| &proof.migrations).all(|one| one.worth().is_trusted())
    }
}

/// The proofs as people read them, ending with a newline.
#[must_use]
pub fn migrate_proof(found: &[HistoryProof], style: &Style) -> String {
    let sections: Vec<_> = found.iter().map(|one| section(one, style).join("\n") + "\n").collect();
    fitted(&sections.join("\n"), style)
}

fn section(one: &HistoryProof, style: &Style) -> Vec<String> {
    let name = style.paint(Tone::Strong, &format!("database.{}", plain(&one.database)));
    let note = |note: &String| format!("{} {}", style.paint(Tone::Warn, "note:"), plain(note));
    let Some(proof) = &one.proof else {
        let head = format!("{name}   {}   nothing is pending", plain(&one.version));
        return std::iter::once(head).chain(one.notes.iter().map(note)).collect();
    };
    let copied = match proof.ground.copied {
        Copied::Schema => "its schema",
        Copied::Data => "its schema and rows",
    };
    let mut lines = vec![format!("{name}   {}   on a scratch copy of {copied}", plain(&one.version))];
    if !proof.place.is_empty() {
        lines.push(format!("  the copy: {}", plain(&proof.place)));
    }
    let longest = proof.migrations.iter().map(|one| width(&plain(&one.migration))).max().unwrap_or_default().min(40);
    for migration in &proof.migrations {
        let worth = migration.worth();
        let mark = match (worth.is_trusted(), migration.is_proven(false)) {
            (false, _) => Mark::Failed,
            (true, true) => Mark::Done,
            (true, false) => Mark::Unknown,
        };
        let painted = style.paint(mark.tone(), style.mark(mark));
        let said = style.paint(mark.tone(), &plain(&proof.words(&migration.migration, false)));
        lines.push(format!("  {painted} {}  {said}", padded(&plain(&migration.migration), longest)));
        lines.extend(redo(migration).map(|text| format!("      {}", style.paint(Tone::Bad, &text))));
    }
    lines.push(format!("  all of them taken back: {}", plain(&proof.batch_words())));
    lines.push(format!("  {}, in {} ms", summary(proof), proof.took));
    lines.extend(one.notes.iter().map(note));
    lines
}

/// How many ways back bring everything back, and how many only the schema, or nobody knows what.
fn summary(proof: &Proof) -> String {
    let worths: Vec<_> = proof.migrations.iter().map(MigrationProof::worth).collect();
    let number = |is: fn(&Worth) -> bool| worths.iter().filter(|worth| is(worth)).count();
    let relied = number(Worth::is_reliable);
    let some = |number: usize, text: &str| (number > 0).then(|| format!("{number} {text}"));
    let parts = [
        Some(words::count(worths.len(), "migration")),
        Some(format!("{relied} with a way back that can be relied on")),
        some(number(|worth| worth.is_proven() && !worth.keeps_rows()), "that brings back the schema and NOT the rows"),
        some(number(|worth| *worth == Worth::Unproven), "unproven"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// That a migration cannot be applied again after its way back.
fn redo(one: &MigrationProof) -> Option<String> {
    match &one.redo {
        Some(Redo::Fails { failure }) => Some(plain(&format!("after its down it does not go up again: {failure}"))),
        _ => None,
    }
}

/// The proofs for programs, indented, ending with a newline. The `format` is `omni.migrate-prove/1`.
#[must_use]
pub fn migrate_proof_json(found: &[HistoryProof]) -> String {
    let one = |one: &HistoryProof| {
        json!({
            "database": one.database,
            "version": one.version,
            "trusted": one.is_trusted(),
            "migrations": one.proof.iter().flat_map(|proof| proof.migrations.iter().map(move |one| made(proof, one)))
                .collect::<Vec<_>>(),
            "batch": one.proof.as_ref().map(|proof| &proof.batch),
            "batch_text": one.proof.as_ref().map(Proof::batch_words),
            "ground": one.proof.as_ref().map(|proof| &proof.ground),
            "place": one.proof.as_ref().map(|proof| &proof.place),
            "at": one.proof.as_ref().map(|proof| proof.at),
            "took_ms": one.proof.as_ref().map(|proof| proof.took),
            "notes": one.notes,
        })
    };
    let found: Vec<_> = found.iter().map(one).collect();
    format!("{:#}\n", json!({ "format": "omni.migrate-prove/1", "databases": found }))
}

/// One migration with what its verdict comes to.
fn made(proof: &Proof, one: &MigrationProof) -> Value {
    let mut value = json!(one);
    value["worth"] = json!(one.worth());
    value["trusted"] = json!(one.worth().is_trusted());
    value["reliable"] = json!(one.worth().is_reliable());
    value["text"] = json!(plain(&proof.words(&one.migration, false)));
    value
}
