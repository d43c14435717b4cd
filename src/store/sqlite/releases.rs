//! Releases: the latest, all, one more, fewer.

use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use crate::release::Release;
use crate::store::column::{counted, json, kept, parsed};
use crate::store::seal::{check, seal};
use crate::store::sqlite::counters::Counters;
use crate::store::sqlite::trouble::Trouble;

/// The latest release.
pub(super) async fn head(connection: &mut SqliteConnection) -> Result<Option<Release>, Trouble> {
    let head = Counters::read(connection).await?.head;
    let row = sqlx::query("SELECT * FROM releases ORDER BY number DESC LIMIT 1").fetch_optional(connection).await?;
    let kept = row.as_ref().map(Kept::read).transpose()?;
    if kept.as_ref().map_or(0, |kept| kept.number) != head {
        return Err(Trouble::damaged(format!("release {head} is missing")));
    }
    kept.map(|kept| kept.release()).transpose()
}

/// All releases, newest first. Each names the one before it, which may have been forgotten.
pub(super) async fn all(connection: &mut SqliteConnection) -> Result<Vec<Release>, Trouble> {
    let counters = Counters::read(connection).await?;
    let rows = sqlx::query("SELECT * FROM releases ORDER BY number DESC").fetch_all(connection).await?;
    let kept: Vec<_> = rows.iter().map(Kept::read).collect::<Result<_, _>>()?;
    if kept.first().map_or(0, |kept| kept.number) != counters.head {
        return Err(Trouble::damaged(format!("release {} is missing", counters.head)));
    }
    if usize::try_from(counters.releases) != Ok(kept.len()) {
        return Err(Trouble::damaged(format!("of {} releases {} are there", counters.releases, kept.len())));
    }
    for pair in kept.windows(2) {
        let [newer, older] = pair else { continue };
        if newer.number == older.number + 1 && newer.prev_hash != older.seal() {
            return Err(Trouble::damaged(format!("release {} does not follow release {}", newer.number, older.number)));
        }
    }
    kept.into_iter().map(|kept| kept.release()).collect()
}

/// Keeps a release, which has to be newer than all others.
pub(super) async fn insert(connection: &mut SqliteConnection, release: &Release) -> Result<(), Trouble> {
    let mut counters = Counters::read(connection).await?;
    let number = kept(release.number);
    if number <= counters.head {
        return Err(Trouble::damaged(format!("release {number} does not follow release {}", counters.head)));
    }
    let prev: Option<String> = sqlx::query_scalar("SELECT hash FROM releases ORDER BY number DESC LIMIT 1")
        .fetch_optional(&mut *connection)
        .await?;
    let row = Kept { number, tag: release.tag.clone(), json: json(release)?, prev_hash: prev.unwrap_or_default() };
    sqlx::query("INSERT INTO releases VALUES (?, ?, ?, ?, ?)")
        .bind(row.number)
        .bind(&row.tag)
        .bind(&row.json)
        .bind(&row.prev_hash)
        .bind(row.seal())
        .execute(&mut *connection)
        .await?;
    counters.head = number;
    counters.releases += 1;
    counters.save(connection).await
}

/// Forgets releases. All are read before anything goes, so that what is damaged is noticed and not counted anew.
pub(super) async fn drop(connection: &mut SqliteConnection, numbers: &[u64]) -> Result<(), Trouble> {
    all(connection).await?;
    for number in numbers {
        sqlx::query("DELETE FROM releases WHERE number = ?").bind(kept(*number)).execute(&mut *connection).await?;
    }
    let mut counters = Counters::read(connection).await?;
    let head: Option<i64> = sqlx::query_scalar("SELECT max(number) FROM releases").fetch_one(&mut *connection).await?;
    counters.head = head.unwrap_or(0);
    counters.releases =
        sqlx::query_scalar("SELECT count(*) FROM releases NOT INDEXED").fetch_one(&mut *connection).await?;
    counters.save(connection).await
}

/// The row of a release.
struct Kept {
    number: i64,
    tag: String,
    json: String,
    prev_hash: String,
}

impl Kept {
    fn read(row: &SqliteRow) -> Result<Self, Trouble> {
        let kept = Self {
            number: row.try_get("number")?,
            tag: row.try_get("tag")?,
            json: row.try_get("json")?,
            prev_hash: row.try_get("prev_hash")?,
        };
        check(&kept.sealed(), row.try_get("hash")?, || kept.name())?;
        Ok(kept)
    }

    fn sealed(&self) -> (&str, i64, &str, &str) {
        (&self.prev_hash, self.number, &self.tag, &self.json)
    }

    fn seal(&self) -> String {
        seal(&self.sealed())
    }

    fn name(&self) -> String {
        format!("release {}", self.number)
    }

    fn release(&self) -> Result<Release, Trouble> {
        let release: Release = parsed(&self.json, &self.name())?;
        if release.number != counted(self.number)? {
            return Err(Trouble::damaged(format!("{} says it is {}", self.name(), release.number)));
        }
        Ok(release)
    }
}
