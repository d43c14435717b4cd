//! Files of `SQLite`.

use omni::provider::FaultKind;
use omni::provider::backup::{Consent, Inventory, Others};
use omni::resource::Verify;

use crate::bench::{Bench, nobody};

#[tokio::test]
async fn a_file_comes_back_as_it_was() {
    let bench = Bench::new();
    let url = bench.sqlite("shop.db").await;
    let before = Inventory::of(&mut *bench.session(&url).await).await.unwrap();
    let backups = bench.on(&url, &|_| {});
    let made = backups.make("op1", &nobody()).await.unwrap();
    assert_eq!(made.content, before);
    assert_eq!(made.content.rows["\"users\""], 490);
    let tried = backups.verify(&made, Verify::Restore).await.unwrap();
    assert!(tried.is_restorable());
    assert_eq!(bench.shelf.find(&made.name).await.unwrap(), tried);

    let mut session = bench.session(&url).await;
    let photos = "SELECT group_concat(hex(photo)) || group_concat(weight) FROM users";
    let photos_before = session.value(photos).await.unwrap();
    session.run("DROP TABLE users; CREATE TABLE other (a); PRAGMA user_version = 43").await.unwrap();
    drop(session);
    let restored = backups.restore(&tried, Consent::Replace, Others::Refuse).await.unwrap();
    let safety = restored.safety.expect("there were tables");
    assert!(safety.content.rows.contains_key("\"other\""));

    let mut session = bench.session(&url).await;
    assert_eq!(Inventory::of(&mut *session).await.unwrap(), before);
    assert_eq!(session.value(photos).await.unwrap(), photos_before);
    assert_eq!(session.value("SELECT user_version FROM pragma_user_version").await.unwrap().as_deref(), Some("42"));
    assert_eq!(session.value("SELECT seq FROM sqlite_sequence").await.unwrap().as_deref(), Some("500"));
    let found = session.value("SELECT count(*) FROM words WHERE words MATCH 'written'").await.unwrap();
    assert_eq!(found.as_deref(), Some("1"));
    drop(session);

    // And what was there before that comes back too.
    backups.restore(&safety, Consent::Replace, Others::Refuse).await.unwrap();
    let now = Inventory::of(&mut *bench.session(&url).await).await.unwrap();
    assert_eq!(now, safety.content);
}

#[tokio::test]
async fn the_mode_of_the_log_stays() {
    let bench = Bench::new();
    let url = bench.sqlite("shop.db").await;
    let mut session = bench.session(&url).await;
    assert_eq!(session.value("PRAGMA journal_mode = WAL").await.unwrap().as_deref(), Some("wal"));
    session.run("INSERT INTO users (email) VALUES ('in the log')").await.unwrap();
    drop(session);
    let backups = bench.on(&url, &|_| {});
    let made = backups.make("op1", &nobody()).await.unwrap();
    assert_eq!(made.content.rows["\"users\""], 491);
    bench.session(&url).await.run("DELETE FROM users").await.unwrap();
    backups.restore(&made, Consent::Replace, Others::Refuse).await.unwrap();
    let mut session = bench.session(&url).await;
    assert_eq!(session.value("PRAGMA journal_mode").await.unwrap().as_deref(), Some("wal"));
    assert_eq!(session.value("SELECT count(*) FROM users").await.unwrap().as_deref(), Some("491"));
}

#[tokio::test]
async fn a_file_in_use_is_not_replaced() {
    let bench = Bench::new();
    for mode in ["WAL", "DELETE"] {
        let url = bench.sqlite(&format!("{mode}.db")).await;
        let mut other = bench.session(&url).await;
        other.value(&format!("PRAGMA journal_mode = {mode}")).await.unwrap();
        let backups = bench.on(&url, &|_| {});
        let made = backups.make("op1", &nobody()).await.unwrap();
        other.begin().await.unwrap();
        other.run("DELETE FROM users").await.unwrap();
        let fault = backups.restore(&made, Consent::Replace, Others::Refuse).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Conflict, "{mode}: {fault}");
        other.commit().await.unwrap();
        assert_eq!(other.value("SELECT count(*) FROM users").await.unwrap().as_deref(), Some("0"), "{mode}");
        assert!(
            std::fs::read_dir(bench.folder.path().join("data"))
                .unwrap()
                .all(|entry| { !entry.unwrap().file_name().to_string_lossy().contains("omni-restore") })
        );
    }
}

#[tokio::test]
async fn another_process_that_only_has_it_open_is_found() {
    let bench = Bench::new();
    let url = bench.sqlite("shop.db").await;
    let backups = bench.on(&url, &|_| {});
    let made = backups.make("op1", &nobody()).await.unwrap();
    let path = bench.folder.path().join("data/shop.db");
    let mut holder = std::process::Command::new("tail");
    holder.args(["-f", "-c", "1"]).arg(&path).stdout(std::process::Stdio::piped());
    let mut holder = holder.spawn().unwrap();
    // It has the file open once it has written its last byte.
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut [0]).unwrap();
    let fault = backups.restore(&made, Consent::Replace, Others::Refuse).await.unwrap_err();
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(fault.message.contains("another process"), "{fault}");
}

#[tokio::test]
async fn a_database_that_is_not_empty_needs_consent() {
    let bench = Bench::new();
    let url = bench.sqlite("shop.db").await;
    let backups = bench.on(&url, &|_| {});
    let made = backups.make("op1", &nobody()).await.unwrap();
    let fault = backups.restore(&made, Consent::Empty, Others::Refuse).await.unwrap_err();
    assert!(fault.message.contains("not empty"), "{fault}");
    assert_eq!(bench.files().len(), 2, "no safety backup is made of what stays");
    let empty = format!("sqlite:{}?mode=rwc", bench.folder.path().join("data/empty.db").display());
    let restored = bench.on(&empty, &|_| {}).restore(&made, Consent::Empty, Others::Refuse).await.unwrap();
    assert_eq!(restored.safety, None);
    assert_eq!(Inventory::of(&mut *bench.session(&empty).await).await.unwrap(), made.content);
}

#[tokio::test]
async fn an_empty_file_is_backed_up_too() {
    let bench = Bench::new();
    let url = format!("sqlite:{}?mode=rwc", bench.folder.path().join("data/empty.db").display());
    let backups = bench.on(&url, &|_| {});
    let made = backups.make("manual", &nobody()).await.unwrap();
    assert!(made.content.rows.is_empty());
    backups.verify(&made, Verify::Restore).await.unwrap();
}
