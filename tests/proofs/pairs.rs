//! `Pair`: a way up, a way back, and what the way back is worth.

use omni::migration::proof::{MigrationProof, Redo, Rows, Verdict};

use crate::bench::{Bench, proof, script};

/// A way up and a way back, on top of a schema.
pub(crate) struct Pair {
    pub(crate) name: &'static str,
    /// What is made before, on top of the base that all pairs share.
    pub(crate) before: &'static str,
    pub(crate) up: &'static str,
    pub(crate) down: Option<&'static str>,
    /// What comes of it, as `said` says it.
    pub(crate) said: &'static str,
}

pub(crate) const fn pair(name: &'static str, up: &'static str, down: &'static str, said: &'static str) -> Pair {
    Pair { name, before: "", up, down: Some(down), said }
}

/// All that a proof says of a migration in one line: the verdict, what differs, whether rows are lost, the redo.
pub(crate) fn said(one: &MigrationProof) -> String {
    let mut words = vec![match &one.verdict {
        Verdict::Lossy { differences } | Verdict::ColumnOrder { differences } => {
            let texts: Vec<_> = differences.iter().map(ToString::to_string).collect();
            format!("{}: {}", one.verdict.word(), texts.join("; "))
        }
        Verdict::Fails { failure } | Verdict::UpFails { failure } => {
            format!("{} on line {}: {failure}", one.verdict.word(), failure.line)
        }
        verdict => verdict.word().to_owned(),
    }];
    if one.rows == Rows::Destroyed {
        words.push("rows lost".to_owned());
    }
    match &one.redo {
        None => {}
        Some(Redo::Worked) => words.push("redo works".to_owned()),
        Some(Redo::Fails { failure }) => words.push(format!("redo fails: {failure}")),
    }
    words.join(" | ")
}

/// Tries every pair alone, and answers those of which something else came than should.
pub(crate) async fn wrong(bench: &Bench, base: &str, pairs: &[Pair]) -> Vec<String> {
    let shared = bench.scratch(base).await;
    let mut wrong = Vec::new();
    for pair in pairs {
        let scratch = shared.copy().await.unwrap();
        if !pair.before.is_empty() {
            scratch
                .open()
                .await
                .unwrap()
                .run(pair.before)
                .await
                .unwrap_or_else(|fault| panic!("{}: {fault:?}", pair.name));
        }
        let scripts = [script("1_only", pair.up, pair.down)];
        let proof = proof(scratch.as_ref(), &scripts).await.unwrap_or_else(|fault| panic!("{}: {fault:?}", pair.name));
        let said = said(&proof.migrations[0]);
        if said != pair.said {
            wrong.push(format!("{}\n  is     {said}\n  should {}", pair.name, pair.said));
        }
        // One migration alone is the whole batch.
        if proof.batch.word() != proof.migrations[0].verdict.word() {
            wrong.push(format!("{}: the batch is {}", pair.name, proof.batch.word()));
        }
        scratch.remove().await.unwrap();
    }
    wrong
}
