//! A damaged, foreign or newer file: the answer is the one that was kept, or an error, and never another one.

use std::fs;
use std::path::Path;

use omni::address::Scope;
use omni::lock::Op;
use omni::store::{Sqlite, Store, StoreError};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use crate::contract::{locked, made};
use crate::house::{Hands, House, OnDisk};
use crate::sample::{apply, at, file, records, scope};

/// A store with two releases, an open apply with records, and a lock that somebody has.
async fn full(house: &OnDisk) -> Op {
    let mut store = house.open().await;
    let op = filled(&mut store, || ()).await;
    store.shut().await.unwrap();
    op
}

/// The same, still open; `written` is called after each write.
async fn filled(store: &mut Sqlite, mut written: impl FnMut()) -> Op {
    made(store, 1, &["a"]).await;
    written();
    made(store, 2, &["a", "b"]).await;
    written();
    let fence = locked(store, 1).await;
    written();
    let apply = apply(3, fence, &["c"]);
    store.open(&apply, vec![file("c")]).await.unwrap();
    written();
    for (second, record) in (20..).zip(records()) {
        store.append(&apply.op, fence, &record, at(second)).await.unwrap();
        written();
    }
    apply.op
}

/// The file and what `SQLite` has beside it, as a crash leaves them; the log is not folded back.
struct Crashed(Vec<(&'static str, Vec<u8>)>);

impl Crashed {
    const FILES: [&'static str; 4] = ["", "-wal", "-shm", ".reach"];

    /// What lies there now.
    fn at(path: &Path) -> Self {
        let read = |suffix| Some((suffix, fs::read(beside(path, suffix)).ok()?));
        Self(Self::FILES.into_iter().filter_map(read).collect())
    }

    fn content(&mut self, suffix: &str) -> &mut Vec<u8> {
        &mut self.0.iter_mut().find(|(found, _)| *found == suffix).expect("it is there").1
    }

    /// Puts these of them back, and removes the others.
    fn put(&self, path: &Path, suffixes: &[&str]) {
        for suffix in Self::FILES {
            let _ = fs::remove_file(beside(path, suffix));
        }
        for (suffix, content) in self.0.iter().filter(|(suffix, _)| suffixes.contains(suffix)) {
            fs::write(beside(path, suffix), content).unwrap();
        }
    }
}

fn beside(path: &Path, suffix: &str) -> String {
    format!("{}{suffix}", path.display())
}

/// A generator with a fixed seed: every run draws the same numbers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}

/// Cells of damage: the same answer, an error, or a violation.
#[derive(Default)]
struct Cells {
    same: u64,
    errors: u64,
    violations: Vec<String>,
}

impl Cells {
    /// Counts a cell in which the file at `path` was damaged so.
    async fn count(&mut self, path: &Path, op: &Op, right: &str, what: &str) {
        match told(path, op).await {
            Ok(answer) if answer == right => self.same += 1,
            Ok(answer) => self.violations.push(format!("{what}: another answer:\n{answer}")),
            Err(error @ StoreError::Foreign { .. }) => self.violations.push(format!("{what}: {error}")),
            Err(_) => self.errors += 1,
        }
    }

    #[expect(clippy::print_stdout, reason = "how many cells were tried is what the matrix is for")]
    fn tell(&self, name: &str) {
        let Self { same, errors, violations } = self;
        let all = same + errors + violations.len() as u64;
        println!("{name}: {all} cells, {} violations, 0 stuck ({same} same, {errors} errors)", violations.len());
        assert!(violations.is_empty(), "{name}:\n{}", violations.join("\n"));
    }
}

/// Everything a store can tell, in one text.
async fn told(path: &Path, op: &Op) -> Result<String, StoreError> {
    let opened = Sqlite::open_existing(path, &scope(), Hands::new().machine()).await?;
    let store = opened.expect("the file is there");
    let mut told = vec![
        format!("{:?} {} {}", store.scope(), store.lineage(), store.key().to_hex()),
        format!("{:?}", store.head().await?),
        format!("{:?}", store.releases().await?),
        format!("{:?}", store.history().await?),
        format!("{:?}", store.open_apply().await?),
        format!("{:?}", store.journal(op).await?),
        format!("{:?}", store.lock().await?),
        format!("{:?}", store.last_fence().await?),
    ];
    for content in ["a", "b", "c"] {
        told.push(format!("{:?}", store.file(&file(content).0).await?));
    }
    store.shut().await?;
    Ok(told.join("\n"))
}

async fn sql(path: &Path, statement: &str) {
    let url = format!("sqlite:{}", path.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("PRAGMA foreign_keys = OFF").execute(&mut connection).await.unwrap();
    let done = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
    assert!(done.rows_affected() > 0 || statement.contains("PRAGMA"), "`{statement}` changed nothing");
    connection.close().await.unwrap();
}

/// Whether a damage by SQL is noticed, and what is said of it.
async fn noticed(statement: &str) -> String {
    let house = OnDisk::new();
    let op = full(&house).await;
    told(&house.path(), &op).await.unwrap();
    sql(&house.path(), statement).await;
    match told(&house.path(), &op).await {
        Err(StoreError::Damaged(what)) => what,
        other => panic!("`{statement}` gave {other:?}"),
    }
}

/// SQL that changes the last byte of a text.
fn flipped(table: &str, column: &str, row: &str) -> String {
    format!(
        "UPDATE {table} SET {column} = substr({column}, 1, length({column}) - 1) || \
         CASE WHEN substr({column}, -1) = '0' THEN '1' ELSE '0' END WHERE {row}"
    )
}

#[tokio::test]
async fn one_changed_byte_of_a_record_is_named() {
    for column in ["at", "json", "prev_hash", "hash"] {
        let what = noticed(&flipped("records", column, "seq = 4")).await;
        assert!(what.contains("record 4 of apply"), "{column}: {what}");
    }
    assert!(noticed(&flipped("records", "op", "seq = 4")).await.contains("record 4 of apply"));
    assert!(noticed("UPDATE records SET seq = 40 WHERE seq = 4").await.contains("record 4 of apply"));
}

#[tokio::test]
async fn a_record_that_is_missing_is_named() {
    assert!(noticed("DELETE FROM records WHERE seq = 4").await.contains("record 4 of apply"));
    let last = records().len();
    let what = noticed(&format!("DELETE FROM records WHERE seq = {last}")).await;
    assert!(what.contains(&format!("record {last} of apply")), "{what}");
    assert!(noticed("DELETE FROM records").await.contains("record 1 of apply"));
}

#[tokio::test]
async fn one_changed_byte_of_any_other_row_is_noticed() {
    let columns = [
        ("meta", "lineage secret project environment hash", "id = 1"),
        ("counters", "open hash", "id = 1"),
        ("lock", "holder since until hash", "id = 1"),
        ("releases", "tag json prev_hash hash", "number = 2"),
        ("releases", "json hash", "number = 1"),
        ("applies", "tag purpose who opened closed outcome plan_hash head hash", "number = 1"),
        ("applies", "op tag purpose who opened turned plan plan_hash head hash", "closed IS NULL"),
    ];
    for (table, columns, row) in columns {
        for column in columns.split(' ') {
            noticed(&flipped(table, column, row)).await;
        }
    }
    let numbers = [
        ("meta", "version min_reader"),
        ("counters", "last_fence breaks head releases applies held"),
        ("lock", "fence"),
        ("applies", "fence number steps records"),
    ];
    for (table, columns) in numbers {
        for column in columns.split(' ') {
            noticed(&format!("UPDATE {table} SET {column} = {column} + 1")).await;
        }
    }
    noticed("UPDATE releases SET number = 7 WHERE number = 2").await;
    noticed("UPDATE files SET content = x'7a'").await;
}

#[tokio::test]
async fn a_release_that_is_missing_is_named() {
    assert!(noticed("DELETE FROM releases WHERE number = 2").await.contains("release 2 is missing"));
    assert!(noticed("DELETE FROM releases").await.contains("release 2 is missing"));
    assert!(noticed("DELETE FROM releases WHERE number = 1").await.contains("of 2 releases 1 are there"));
    noticed("DELETE FROM lock").await;
    noticed("DELETE FROM applies WHERE closed IS NULL").await;
    noticed("DELETE FROM applies WHERE number = 1").await;
    noticed("DELETE FROM meta").await;
    noticed("DELETE FROM counters").await;
    noticed("DROP TABLE records; PRAGMA user_version").await;
}

#[tokio::test]
async fn any_flipped_bit_gives_the_same_answer_or_an_error() {
    let house = OnDisk::new();
    let op = full(&house).await;
    let right = told(&house.path(), &op).await.unwrap();
    let mut whole = Crashed::at(&house.path());
    let (mut cells, mut dice) = (Cells::default(), Dice(0x2545_F491_4F6C_DD1D));
    for _ in 0..2000 {
        let bit = dice.below(whole.content("").len() * 8);
        whole.content("")[bit / 8] ^= 1 << (bit % 8);
        whole.put(&house.path(), &["", ".reach"]);
        whole.content("")[bit / 8] ^= 1 << (bit % 8);
        cells.count(&house.path(), &op, &right, &format!("bit {bit}")).await;
    }
    cells.tell("flipped_bits");
    assert!(cells.same > 0 && cells.errors > 50, "this test flips nothing that matters");
}

#[tokio::test]
async fn any_flipped_bit_of_the_log_gives_the_same_answer_or_an_error() {
    let (house, broken) = (OnDisk::new(), OnDisk::new());
    let mut store = house.open().await;
    let op = filled(&mut store, || ()).await;
    let mut crashed = Crashed::at(&house.path());
    let path = broken.folder_made();
    crashed.put(&path, &["", "-wal", ".reach"]);
    let right = told(&path, &op).await.unwrap();
    let (mut cells, mut dice) = (Cells::default(), Dice(0x9E37_79B9_7F4A_7C15));
    for _ in 0..400 {
        let bit = dice.below(crashed.content("-wal").len() * 8);
        crashed.content("-wal")[bit / 8] ^= 1 << (bit % 8);
        crashed.put(&path, &["", "-wal", ".reach"]);
        crashed.content("-wal")[bit / 8] ^= 1 << (bit % 8);
        cells.count(&path, &op, &right, &format!("bit {bit} of the log")).await;
    }
    cells.tell("flipped_bits_of_the_log");
    assert!(cells.errors > 50, "this test flips nothing that matters");
}

#[tokio::test]
async fn a_log_that_is_cut_or_missing_gives_the_same_answer_or_an_error() {
    let (house, broken) = (OnDisk::new(), OnDisk::new());
    let mut store = house.open().await;
    let op = filled(&mut store, || ()).await;
    let mut crashed = Crashed::at(&house.path());
    let path = broken.folder_made();
    let mut cells = Cells::default();
    crashed.put(&path, &["", "-wal", ".reach"]);
    let right = told(&path, &op).await.unwrap();
    crashed.put(&path, &["", "-wal", "-shm", ".reach"]);
    cells.count(&path, &op, &right, "as it was").await;
    let index = crashed.content("-shm").clone();
    crashed.content("-shm").fill(0xA5);
    crashed.put(&path, &["", "-wal", "-shm", ".reach"]);
    cells.count(&path, &op, &right, "garbage for an index").await;
    *crashed.content("-shm") = index;
    assert_eq!((cells.same, cells.errors), (2, 0), "an index is made anew");

    crashed.put(&path, &["", ".reach"]);
    cells.count(&path, &op, &right, "no log").await;
    crashed.put(&path, &["", "-shm", ".reach"]);
    cells.count(&path, &op, &right, "an index and no log").await;
    let whole = crashed.content("-wal").clone();
    // A frame is a page and its head of 24 bytes.
    for length in (32..whole.len()).step_by(4120).chain([0, 1, 31, 33, whole.len() - 1]) {
        crashed.content("-wal").truncate(length);
        crashed.put(&path, &["", "-wal", ".reach"]);
        cells.count(&path, &op, &right, &format!("a log of {length} bytes")).await;
        crashed.content("-wal").clone_from(&whole);
    }
    cells.tell("cut_logs");
    assert!(cells.errors > 20, "this test cuts nothing that matters");
}

#[tokio::test]
async fn an_older_copy_that_is_put_back_is_noticed() {
    let (house, broken) = (OnDisk::new(), OnDisk::new());
    let mut store = house.open().await;
    let mut copies = Vec::new();
    let op = filled(&mut store, || copies.push(Crashed::at(&house.path()))).await;
    let (path, newest) = (broken.folder_made(), Crashed::at(&house.path()));
    newest.put(&path, &["", "-wal", ".reach"]);
    let right = told(&path, &op).await.unwrap();
    let mut cells = Cells::default();
    copies.pop().expect("the newest one");
    for (at, copy) in copies.iter().enumerate() {
        copy.put(&path, &["", "-wal"]);
        fs::write(beside(&path, ".reach"), &newest.0.last().expect("a reach").1).unwrap();
        cells.count(&path, &op, &right, &format!("the copy after write {at}")).await;
        let opened = Sqlite::create(&path, &scope(), broken.hands().machine()).await;
        assert!(matches!(&opened, Err(StoreError::Damaged(what)) if what.contains("older")), "{at}: {opened:?}");
    }
    cells.tell("older_copies");
    assert_eq!(cells.same, 0);
}

#[tokio::test]
async fn a_copy_that_is_put_back_with_all_that_is_beside_it_is_one_from_then() {
    let (house, broken) = (OnDisk::new(), OnDisk::new());
    let mut store = house.open().await;
    let mut copies = Vec::new();
    let op = filled(&mut store, || copies.push(Crashed::at(&house.path()))).await;
    let path = broken.folder_made();
    let last = copies.len() - 2;
    copies[last].put(&path, &["", "-wal", ".reach"]);
    let opened = Sqlite::create(&path, &scope(), broken.hands().machine()).await.unwrap();
    assert_eq!(
        opened.journal(&op).await.unwrap().len(),
        records().len() - 1,
        "only the engine can tell that it is old"
    );
}

#[tokio::test]
async fn records_that_change_places_or_come_again_are_noticed() {
    let swapped = "UPDATE records SET seq = -seq WHERE seq IN (3, 4); UPDATE records SET seq = 7 + seq WHERE seq < 0";
    assert!(noticed(swapped).await.contains("record 3 of apply"));
    let contents = "UPDATE records SET json = (SELECT json FROM records AS other WHERE seq = 7 - records.seq) \
                    WHERE seq IN (3, 4)";
    assert!(noticed(contents).await.contains("record 3 of apply"));
    let again = "UPDATE records SET (at, json, prev_hash, hash) = \
                 (SELECT at, json, prev_hash, hash FROM records AS other WHERE seq = 2) WHERE seq = 5";
    assert!(noticed(again).await.contains("record 5 of apply"));
    let last = records().len();
    let added = format!(
        "INSERT INTO records SELECT op, {}, at, json, prev_hash, hash FROM records WHERE seq = {last}",
        last + 1
    );
    assert!(noticed(&added).await.contains(&format!("record {} of apply", last + 1)));
    noticed("DELETE FROM records WHERE seq > 5; UPDATE applies SET records = 5 WHERE closed IS NULL").await;
    let head = "DELETE FROM records WHERE seq > 5; UPDATE applies SET records = 5, head = \
                (SELECT hash FROM records WHERE seq = 5) WHERE closed IS NULL";
    noticed(head).await;
    noticed("UPDATE releases SET json = (SELECT json FROM releases AS other WHERE number = 1) WHERE number = 2").await;
}

#[tokio::test]
async fn a_truncated_file_is_damaged() {
    let house = OnDisk::new();
    let op = full(&house).await;
    let right = told(&house.path(), &op).await.unwrap();
    let mut whole = Crashed::at(&house.path());
    let (mut cells, content) = (Cells::default(), whole.content("").clone());
    for length in (0..content.len()).step_by(4096).chain([1, 99, 4095, 5000, content.len() - 1]) {
        whole.content("").truncate(length);
        whole.put(&house.path(), &["", ".reach"]);
        cells.count(&house.path(), &op, &right, &format!("a file of {length} bytes")).await;
        whole.content("").clone_from(&content);
    }
    cells.tell("truncated_files");
    assert!(cells.errors > 10);
}

#[tokio::test]
async fn what_is_no_store_is_damaged() {
    let house = OnDisk::new();
    let path = house.folder_made();
    for garbage in [Vec::new(), b"hello".to_vec(), vec![0; 8192], vec![0xA5; 20_000]] {
        fs::write(&path, &garbage).unwrap();
        let opened = Sqlite::create(&path, &scope(), house.hands().machine()).await;
        assert!(matches!(opened, Err(StoreError::Damaged(_))), "{opened:?}");
        assert_eq!(fs::read(&path).unwrap(), garbage, "it was left as it is");
    }
}

#[tokio::test]
async fn the_database_of_somebody_else_is_left_alone() {
    let house = OnDisk::new();
    let path = house.folder_made();
    fs::write(&path, "").unwrap();
    sql(&path, "PRAGMA user_version = 1; CREATE TABLE users (name TEXT)").await;
    let opened = Sqlite::create(&path, &scope(), house.hands().machine()).await;
    assert!(matches!(&opened, Err(StoreError::Damaged(what)) if what.contains("no store of omni")), "{opened:?}");
}

#[tokio::test]
async fn a_newer_store_is_refused_unless_it_says_that_it_can_be_read() {
    let house = OnDisk::new();
    let op = full(&house).await;
    sql(&house.path(), "PRAGMA user_version = 2; UPDATE meta SET version = 2, min_reader = 2").await;
    assert!(matches!(told(&house.path(), &op).await, Err(StoreError::TooNew { found: 2, known: 1 })));
    sql(&house.path(), "PRAGMA user_version = 9; DROP TABLE meta").await;
    assert!(matches!(told(&house.path(), &op).await, Err(StoreError::TooNew { found: 9, known: 1 })));
}

#[tokio::test]
async fn the_store_of_another_deployment_is_refused() {
    let house = OnDisk::new();
    full(&house).await;
    let others = [("shop", Some("qa")), ("shop", None), ("pos", Some("prod"))];
    for (project, environment) in others {
        let wanted = Scope { project: project.into(), environment: environment.map(str::to_owned) };
        let opened = Sqlite::create(&house.path(), &wanted, house.hands().machine()).await;
        let Err(StoreError::Foreign { found, wanted: told }) = opened else { panic!("{opened:?}") };
        assert_eq!((found, told), ("shop/prod".to_owned(), wanted.to_string()));
    }
}
