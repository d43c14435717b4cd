//! What is heard of a migration while one of its statements takes long: an index that is being built.
//!
//! The session that builds it answers nobody meanwhile, so a second one asks the server how far the first has come. It
//! only looks; where it cannot, nothing is told, and the migration goes on.

use std::time::Duration;

use tokio::time::sleep;

use crate::migration::Dialect;
use crate::migration::sql::Analysis;
use crate::provider::database::{Connect, Target};
use crate::provider::engine::Hear;
use crate::provider::pace::{Pace, Total};

/// How long a statement runs before it is asked about, and the wait between two questions.
const PAUSE: Duration = Duration::from_secs(2);

/// The server's own count of an index that the sessions of a name build in this database: `phase|done|total`, in bytes.
fn question(application: &str) -> String {
    let name = application.replace('\'', "''");
    format!(
        "SELECT p.phase || '|' || p.blocks_done * s.size || '|' || p.blocks_total * s.size \
         FROM pg_catalog.pg_stat_progress_create_index p \
         JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) p.pid \
         CROSS JOIN (SELECT pg_catalog.current_setting('block_size')::bigint AS size) s \
         WHERE a.application_name OPERATOR(pg_catalog.=) pg_catalog.left('{name}', 63) \
         AND a.datname OPERATOR(pg_catalog.=) pg_catalog.current_database() LIMIT 1"
    )
}

/// Whether a script does what can be watched.
pub(super) fn is_worth_it(dialect: Dialect, text: &str) -> bool {
    let builds = |text: &str| {
        let text = text.to_ascii_uppercase();
        ["INDEX", "PRIMARY KEY", "UNIQUE"].iter().any(|word| text.contains(word))
    };
    dialect == Dialect::Postgres && Analysis::of(dialect, text).statements.iter().any(|one| builds(&one.text))
}

/// Does a piece of work, and tells meanwhile how far the index is that the work's session builds.
pub(super) async fn watched<T>(
    work: impl Future<Output = T>,
    connect: &dyn Connect,
    target: &Target,
    hear: Hear<'_>,
) -> T {
    tokio::select! {
        biased;
        done = work => done,
        never = watch(connect, target, hear) => match never {},
    }
}

async fn watch(connect: &dyn Connect, target: &Target, hear: Hear<'_>) -> std::convert::Infallible {
    sleep(PAUSE).await;
    let look = Target { is_look: true, application: "omni/look".to_owned(), ..target.clone() };
    if let Ok(mut session) = connect.connect(&look).await {
        let question = question(&target.application);
        let mut phase: Option<(String, Pace)> = None;
        while let Ok(answer) = session.value(&question).await {
            if let Some((now, done, total)) = answer.as_deref().and_then(read) {
                // Each phase counts anew.
                if phase.as_ref().is_none_or(|(then, _)| *then != now) {
                    phase = Some((now.clone(), Pace::new(done, Total::Bytes(total))));
                }
                let said = phase.as_ref().filter(|_| total > 0).map(|(_, pace)| pace.words(done));
                hear(said.map_or_else(|| format!("index: {now}"), |said| format!("index: {now}, {said}")));
            }
            sleep(PAUSE).await;
        }
    }
    std::future::pending().await
}

fn read(answer: &str) -> Option<(String, u64, u64)> {
    let mut words = answer.split('|');
    Some((words.next()?.to_owned(), words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{is_worth_it, read};
    use crate::migration::Dialect;

    #[test]
    fn only_a_script_that_builds_an_index_is_watched() {
        for text in ["CREATE INDEX CONCURRENTLY a ON b (c)", "ALTER TABLE a ADD PRIMARY KEY (b)", "reindex index a"] {
            assert!(is_worth_it(Dialect::Postgres, text), "{text}");
            assert!(!is_worth_it(Dialect::Sqlite, text), "{text}");
        }
        assert!(!is_worth_it(Dialect::Postgres, "UPDATE a SET b = 1"));
    }

    #[test]
    fn what_the_server_counts_is_read() {
        let phase = "building index: scanning table".to_owned();
        assert_eq!(read("building index: scanning table|8192|81920"), Some((phase, 8192, 81920)));
        assert_eq!(read("1"), None);
    }
}
