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
    made(&mut store, 1, &["a"]).await;
    made(&mut store, 2, &["a", "b"]).await;
    let fence = locked(&mut store, 1).await;
    let apply = apply(3, fence, &["c"]);
    store.open(&apply, vec![file("c")]).await.unwrap();
    for (second, record) in (20..).zip(records()) {
        store.append(&apply.op, fence, &record, at(second)).await.unwrap();
    }
    store.shut().await.unwrap();
    apply.op
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
    let whole = fs::read(house.path()).unwrap();
    let right = told(&house.path(), &op).await.unwrap();
    // A generator with a fixed seed: every run flips the same bits.
    let mut seed: u64 = 0x2545_F491_4F6C_DD1D;
    let (mut same, mut errors) = (0, 0);
    for _ in 0..2000 {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let bit = usize::try_from(seed % (whole.len() as u64 * 8)).unwrap();
        let mut damaged = whole.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        fs::write(house.path(), &damaged).unwrap();
        match told(&house.path(), &op).await {
            Ok(answer) => {
                assert_eq!(answer, right, "bit {bit}");
                same += 1;
            }
            Err(StoreError::Foreign { .. }) => panic!("bit {bit}: it is taken for the store of another deployment"),
            Err(_) => errors += 1,
        }
        for suffix in ["-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{suffix}", house.path().display()));
        }
    }
    assert!(same > 0 && errors > 50, "{same} same, {errors} errors: this test flips nothing that matters");
}

#[tokio::test]
async fn a_truncated_file_is_damaged() {
    let house = OnDisk::new();
    let op = full(&house).await;
    let whole = fs::read(house.path()).unwrap();
    let right = told(&house.path(), &op).await.unwrap();
    for length in (0..whole.len()).step_by(4096).chain([1, 99, 4095, 5000, whole.len() - 1]) {
        fs::write(house.path(), &whole[..length]).unwrap();
        match told(&house.path(), &op).await {
            Ok(answer) => assert_eq!(answer, right, "at {length}"),
            Err(StoreError::Damaged(_)) => {}
            Err(other) => panic!("at {length}: {other}"),
        }
    }
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
