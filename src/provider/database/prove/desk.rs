//! `Desk`: the session with which the next migration begins.
//!
//! Each migration begins as a new session does. To open one, and to have the server learn its catalogue again, is dear;
//! so one that was left as it was opened is used again.

use crate::migration::Dialect;
use crate::provider::Fault;
use crate::provider::database::Session;
use crate::provider::database::scratch::Scratch;

/// All that a script may leave in a session of `PostgreSQL`: settings, another role, temporary things.
const MARK: &str = "SELECT md5(coalesce(string_agg(name || '=' || setting, ',' ORDER BY name), '')) || ' ' \
     || session_user || ' ' || current_user || ' ' || pg_my_temp_schema() || ' ' \
     || (SELECT count(*) FROM pg_catalog.pg_prepared_statements WHERE name NOT LIKE 'omni\\_%') || ' ' \
     || (SELECT count(*) FROM pg_catalog.pg_listening_channels()) \
     FROM pg_catalog.pg_settings WHERE source = 'session'";

/// The session with which the next migration begins.
#[derive(Default)]
pub(super) struct Desk {
    session: Option<Box<dyn Session>>,
    /// The mark of a new one.
    fresh: Option<String>,
}

impl Desk {
    /// A session as it is when it is opened.
    pub(super) async fn take(&mut self, scratch: &dyn Scratch) -> Result<Box<dyn Session>, Fault> {
        if let Some(session) = self.session.take() {
            return Ok(session);
        }
        let mut session = scratch.open().await?;
        if self.fresh.is_none() && session.facts().dialect == Dialect::Postgres {
            self.fresh = session.value(MARK).await?;
        }
        Ok(session)
    }

    /// Closes what is open: nobody may be on the database while it is copied.
    pub(super) fn clear(&mut self) {
        self.session = None;
    }

    /// Takes it back; it is closed where a script has left something in it. That of a file is always closed: what is
    /// set in it cannot be seen, and it is opened at once.
    pub(super) async fn give_back(&mut self, mut session: Box<dyn Session>) -> Result<(), Fault> {
        if session.facts().dialect == Dialect::Postgres && session.value(MARK).await? == self.fresh {
            self.session = Some(session);
        }
        Ok(())
    }
}
