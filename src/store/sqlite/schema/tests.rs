//! The way between versions, tried with steps that no version has yet; and the tables against their documentation.

use std::path::Path;

use super::*;
use crate::address::Scope;
use crate::store::sqlite::connect;

const TO_2: &str = "ALTER TABLE audit ADD COLUMN why TEXT";

async fn version_1(folder: &Path) -> (Place, SqliteConnection) {
    let scope = Scope { project: "shop".into(), environment: None };
    let place = Place::new(&folder.join("shop.sqlite")).unwrap();
    connect::make(&place, &scope).await.unwrap();
    let (connection, _) = connect::connect(&place, &scope).await.unwrap();
    (place, connection)
}

async fn has_column(connection: &mut SqliteConnection) -> bool {
    sqlx::query("SELECT why FROM audit").fetch_all(connection).await.is_ok()
}

#[tokio::test]
async fn a_store_of_this_version_is_not_upgraded() {
    let folder = tempfile::tempdir().unwrap();
    let (place, mut connection) = version_1(folder.path()).await;
    upgrade(&mut connection, &place, VERSION).await.unwrap();
    assert_eq!(version(&mut connection).await.unwrap(), VERSION);
    assert!(!place.copy_of(VERSION).exists());
}

#[tokio::test]
async fn an_upgrade_keeps_a_copy_of_the_version_before() {
    let folder = tempfile::tempdir().unwrap();
    let (place, mut connection) = version_1(folder.path()).await;
    upgrade_by(&mut connection, &place, 1, &[TO_2]).await.unwrap();
    assert_eq!(version(&mut connection).await.unwrap(), 2);
    assert!(has_column(&mut connection).await);

    let url = format!("sqlite:{}", place.copy_of(1).display());
    let mut copy = <SqliteConnection as sqlx::Connection>::connect(&url).await.unwrap();
    assert_eq!(version(&mut copy).await.unwrap(), 1);
    assert!(!has_column(&mut copy).await);
}

#[tokio::test]
async fn an_upgrade_that_fails_leaves_the_version_before() {
    let folder = tempfile::tempdir().unwrap();
    let (place, mut connection) = version_1(folder.path()).await;
    upgrade_by(&mut connection, &place, 1, &[TO_2, "no SQL at all"]).await.unwrap_err();
    assert_eq!(version(&mut connection).await.unwrap(), 1);
    assert!(!has_column(&mut connection).await);
}

#[tokio::test]
async fn a_store_of_no_version_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let (place, mut connection) = version_1(folder.path()).await;
    let trouble = upgrade_by(&mut connection, &place, 0, &[TO_2]).await.unwrap_err();
    assert!(matches!(trouble.at(place.file()), crate::store::StoreError::Damaged(_)));
}

#[tokio::test]
async fn the_documentation_names_every_column() {
    let text = include_str!("../../../../docs/journal.md");
    let folder = tempfile::tempdir().unwrap();
    let (_, mut connection) = version_1(folder.path()).await;
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT tables.name, columns.name FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns \
         WHERE tables.type = 'table'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert!(columns.len() > 40, "{columns:?}");
    for (table, column) in columns.iter().filter(|(_, column)| column != "id") {
        let line = text.lines().find(|line| line.starts_with(&format!("| `{table}` |"))).expect(table);
        assert!(line.contains(&format!("`{column}`")), "{table}.{column} is not in docs/journal.md");
    }
}
