//! What only a file can suffer, and the catalogue of a file: what has to be equal, and what has to differ.

use omni::migration::catalogue::Catalogue;
use omni::migration::ledger::Ledger;
use omni::migration::{Dialect, Layout, Piece, Script, Way};
use omni::provider::FaultKind;
use omni::provider::database::sqlite::Sqlite;
use omni::provider::database::{Became, Connect, Migrating, Target};

use crate::house::{House, assert_fault, difference, target};

#[tokio::test]
async fn a_file_that_cannot_be_used_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| target(&format!("sqlite:{}", folder.path().join(name).display()));
    std::fs::write(folder.path().join("text"), "this is no database, and longer than the head of one would be")
        .unwrap();
    for (target, kind, words) in [
        (at("missing"), FaultKind::NotFound, &["there is no file", "?mode=rwc"][..]),
        (at("nowhere/missing?mode=rwc"), FaultKind::NotFound, &["no folder", "make the folder"]),
        (at("text"), FaultKind::Failed, &["not a database (26)"]),
        (at("."), FaultKind::Denied, &["(14)"]),
        (at("x?mode=canary"), FaultKind::Failed, &["cannot be understood"]),
    ] {
        assert_fault(Sqlite.connect(&target).await.map(drop), kind, words);
    }
    assert!(!folder.path().join("missing").exists());
    let look = Target { is_look: true, ..at("made?mode=rwc") };
    let mut session = Sqlite.connect(&look).await.unwrap_or_else(|fault| panic!("{fault:?}"));
    assert!(!session.catalogue(&[]).await.unwrap().has_tables() && session.marks().await.unwrap().is_empty());
    assert_eq!(session.facts().database, "made");
    assert!(!folder.path().join("made").exists());
    Sqlite.connect(&at("made?mode=rwc")).await.map(drop).unwrap();
    let mut session = Sqlite.connect(&at("made?mode=ro")).await.unwrap_or_else(|fault| panic!("{fault:?}"));
    assert_fault(session.run("CREATE TABLE t (a)").await, FaultKind::Denied, &["readonly"]);
}

#[tokio::test]
async fn a_session_is_as_a_tools_is() {
    let house = House::folder();
    let target = house.database("settings").await;
    let mut session = house.session(&target).await;
    let setting = async |session: &mut Box<dyn omni::provider::database::Session>, name: &str| {
        session.value(&format!("PRAGMA {name}")).await.unwrap().unwrap()
    };
    assert_eq!(setting(&mut session, "foreign_keys").await, "1");
    assert_eq!(setting(&mut session, "busy_timeout").await, "20000");
    assert_eq!(setting(&mut session, "journal_mode").await, "delete");
    session.run("PRAGMA foreign_keys=OFF").await.unwrap();
    assert_eq!(setting(&mut session, "foreign_keys").await, "0");
    session.run("PRAGMA journal_mode=WAL").await.unwrap();
    let mut other = house.session(&target).await;
    assert_eq!(setting(&mut other, "journal_mode").await, "wal");
    assert!(session.try_lock(&[1]).await.unwrap() && other.try_lock(&[1]).await.unwrap());
    assert_eq!(session.end_others("omni/5e551075").await.unwrap(), 0);
    // One writer at a time, from the beginning of its transaction.
    session.begin().await.unwrap();
    let mut short = house.session(&Target { lock_timeout: std::time::Duration::from_millis(50), ..target }).await;
    assert_fault(short.begin().await, FaultKind::Conflict, &["(5)"]);
    session.abort().await.unwrap();
    session.abort().await.unwrap();
    short.begin().await.unwrap();
}

const BASE: &str = r#"
pragma synchronous=off;
create table p(id integer primary key autoincrement, name text collate nocase not null default 'x', "Od d" int);
CREATE TABLE IF NOT EXISTS t(a INTEGER PRIMARY KEY, b TEXT NOT NULL DEFAULT 'x', -- the b
 c INT CHECK (c > 0) /* c */, pid int references p(id) on delete cascade, g int as (c*2) stored, -- last
  CONSTRAINT u UNIQUE (b, c), CHECK (b <> 'z') -- end
);
create table w(k text, v blob default x'00ff', n real default (1 + 1), primary key(k, n desc)) without rowid, strict;
create index i1 on t(b desc, c collate nocase) where c > 5; create unique index i2 on t(lower(b));
create view v as select a, b, c from t; create view v2 as select * from v;
create trigger tr after insert on t when new.c > 1 begin
  update t set c=1 where a=new.a; insert into w values ('x', 'END;', 1); end;
create virtual table f using fts5(x, y);
create table fkd(a int references p deferrable initially deferred);
create table schema_migrations(v int primary key);
pragma user_version=5; pragma application_id=77;
"#;

/// The table `t` made anew in the twelve steps, written otherwise.
const REBUILD: &str = "create table t_new(a INTEGER primary key, b text NOT NULL DEFAULT 'x', c INT CHECK(c>0), \
    pid INT REFERENCES p(id) ON DELETE CASCADE, g INT AS (c * 2) STORED, CONSTRAINT u UNIQUE(b,c), CHECK(b<>'z')); \
    drop view v2; drop view v; drop table t; alter table t_new rename to t; \
    create index i1 on t(b desc, c collate nocase) where c > 5; create unique index i2 on t(lower(b)); \
    create view v as select a, b, c from t; create view v2 as select * from v; \
    create trigger tr after insert on t when new.c > 1 begin update t set c=1 where a=new.a; \
    insert into w values ('x', 'END;', 1); end;";

const EQUAL: [(&str, &str); 10] = [
    ("a column added and dropped", "alter table t add column d text default 7; alter table t drop column d"),
    ("a table renamed and back", "alter table t rename to tt; alter table tt rename to t"),
    ("a parent renamed and back", "alter table p rename to pp; alter table pp rename to p"),
    ("a column renamed and back", r#"alter table t rename column b to "b b"; alter table t rename column "b b" to b"#),
    ("a table made anew", REBUILD),
    ("an index again", r#"drop index i1; create  INDEX "i1" ON [t](b DESC, c COLLATE nocase)  where c>5"#),
    ("the ledger", "insert into schema_migrations values (3); alter table schema_migrations add x"),
    ("analyze", "analyze"),
    ("vacuum", "vacuum"),
    ("a view again", "drop view v2; create view v2 AS select * from v"),
];

/// What differs, the change, and a line of the difference.
const OTHER: [(&str, &str, &str); 21] = [
    ("a column", "alter table t add column d text", "+column | t.d | exists"),
    (
        "the order of columns",
        r#"alter table p drop column "Od d"; alter table p drop column name; alter table p add column "Od d" int;
           alter table p add column name text collate nocase not null default 'x'"#,
        "+column order | p | columns",
    ),
    ("no index", "drop index i1", "-index | t.i1 | exists"),
    (
        "a partial index",
        "drop index i1; create index i1 on t(b desc, c collate nocase) where c > 6",
        "+index | t.i1 | sql",
    ),
    (
        "a key's order",
        "drop index i1; create index i1 on t(b, c collate nocase) where c > 5",
        "+index | t.i1 | columns",
    ),
    ("a view", "drop view v2; create view v2 as select a from v", "+view | v2 | columns"),
    ("a broken view", "drop view v", "+view | v2 | columns | error: "),
    ("no trigger", "drop trigger tr", "-trigger | t.tr | exists"),
    (
        "a trigger's body",
        "drop trigger tr; create trigger tr after insert on t when new.c > 1 begin update t set c=2 where a=new.a; \
         insert into w values ('x', 'END;', 1); end",
        "+trigger | t.tr | sql",
    ),
    ("user_version", "pragma user_version=6", "+database | (this) | user_version | 6"),
    ("application_id", "pragma application_id=1", "+database | (this) | application_id | 1"),
    (
        "a default",
        "alter table p drop column name; alter table p add column name text collate nocase not null default 'y'",
        "+column | p.name | default sql | 'y'",
    ),
    (
        "a collation",
        r#"create table n(id integer primary key autoincrement, name text not null default 'x', "Od d" int);
           drop table p; alter table n rename to p"#,
        "+column | p.name | text",
    ),
    (
        "no autoincrement",
        r#"create table n(id integer primary key, name text collate nocase not null default 'x', "Od d" int);
           drop table p; alter table n rename to p"#,
        "-column | p.id | text | integer primary key autoincrement",
    ),
    (
        "not strict",
        "drop table w; create table w(k text, v blob default x'00ff', n real default (1 + 1), primary key(k, n desc)) \
         without rowid",
        "-table | w | strict",
    ),
    (
        "with rowid",
        "drop table w; create table w(k text, v blob default x'00ff', n real default (1 + 1), primary key(k, n desc)) \
         strict",
        "-table | w | without rowid",
    ),
    (
        "a primary key's order",
        "drop table w; create table w(k text, v blob default x'00ff', n real default (1 + 1), primary key(k, n)) \
         without rowid, strict",
        "+constraint | w | text primary key ( k , n )",
    ),
    (
        "not deferrable",
        "drop table fkd; create table fkd(a int references p)",
        "-column | fkd.a | text | int references p deferrable initially deferred",
    ),
    (
        "an action",
        "drop table fkd; create table fkd(a int references p on delete set null deferrable initially deferred)",
        "+constraint | fkd | foreign key (a) references p (primary key) | on update NO ACTION on delete SET NULL",
    ),
    ("a virtual table", "drop table f; create virtual table f using fts5(x, y, z)", "+virtual table | f | sql"),
    ("the case of a name", "alter table t rename column b to B", "-column | t.b | exists"),
];

/// What differs where the table is made anew with this in the place of that.
const REBUILT: [(&str, &str, &str); 7] = [
    ("c>0", "c>1", "+column | t.c | text | int check ( c > 1 )"),
    ("'z'", "'Z'", "+constraint | t | text check ( b <> 'Z' )"),
    (
        "UNIQUE(b,c)",
        "UNIQUE(b,c) ON CONFLICT IGNORE",
        "+constraint | t | text constraint u unique ( b , c ) on conflict",
    ),
    ("CONSTRAINT u", "CONSTRAINT u2", "+constraint | t | text constraint u2"),
    ("c * 2", "c * 3", "+column | t.g | text | int as ( c * 3 ) stored"),
    ("STORED", "VIRTUAL", "+column | t.g | generated | virtual"),
    (" ON DELETE CASCADE", "", "-constraint | t | foreign key (pid) references p (id)"),
];

/// The catalogues of a file before and after a change.
async fn changed(house: &House, name: &str, change: &str) -> (Catalogue, Catalogue) {
    let mut session = house.session(&house.database(name).await).await;
    let without = ["main.schema_migrations".to_owned()];
    session.run(BASE).await.unwrap();
    let before = session.catalogue(&without).await.unwrap();
    session.run(change).await.unwrap_or_else(|fault| panic!("{name}: {fault:?}"));
    (before, session.catalogue(&without).await.unwrap())
}

#[tokio::test]
async fn a_schema_that_says_the_same_is_equal() {
    let house = House::folder();
    for (name, change) in EQUAL {
        let (before, after) = changed(&house, name, change).await;
        assert_eq!(difference(&before, &after), [""; 0], "{name}");
        assert_eq!(before.fingerprint(), after.fingerprint(), "{name}");
    }
}

#[tokio::test]
async fn a_schema_that_says_something_else_differs() {
    let house = House::folder();
    let rebuilt = REBUILT.map(|(from, to, line)| (to.to_owned(), REBUILD.replace(from, to), line));
    let other = OTHER.map(|(name, change, line)| (name.to_owned(), change.to_owned(), line));
    for (at, (name, change, line)) in other.into_iter().chain(rebuilt).enumerate() {
        let (before, after) = changed(&house, &format!("other-{at}"), &change).await;
        let lines = difference(&before, &after);
        assert!(lines.iter().any(|found| found.starts_with(line)), "{name}: no `{line}` in {lines:#?}");
        // The order of columns alone is no other table.
        let orders = lines.iter().filter(|line| line[1..].starts_with("column order")).count();
        assert!(name != "the order of columns" || orders == lines.len(), "{lines:#?}");
    }
}

#[tokio::test]
async fn a_refusal_on_the_way_down_names_the_file_of_the_way_down() {
    let house = House::folder();
    let mut session = house.session(&house.database("down").await).await;
    let piece = |path: &str, line: usize, text: &str| Piece {
        path: path.to_owned(),
        line,
        text: text.to_owned(),
        is_bare: false,
    };
    let script = Script {
        name: "1_a".to_owned(),
        version: "1".to_owned(),
        description: "a".to_owned(),
        checksum: None,
        equal: Vec::new(),
        up: piece("1_a/up.sql", 1, "CREATE TABLE a (id int);\n"),
        down: Some(piece("1_a/down.sql", 3, "DROP TABLE a;\nDROP TABLE missing;\n")),
        verify: None,
    };
    let ledger = Ledger { layout: Layout::Dbmate, dialect: Dialect::Sqlite, table: None };
    let mut migrating = Migrating {
        session: &mut *session,
        ledger: &ledger,
        script: &script,
        previous: None,
        op: "5e551075",
        progress: &|_| {},
    };
    migrating.up().await.unwrap();
    assert_fault(migrating.down().await.map(drop), FaultKind::Failed, &["1_a/down.sql, line 4: ", "missing"]);
    assert_fault(migrating.undo(Way::Up).await, FaultKind::Failed, &["1_a/down.sql, line 4: ", "missing"]);
}

/// The application migrates the file by itself when it starts, just then.
#[tokio::test]
async fn what_somebody_else_has_just_applied_is_not_run_again() {
    let house = House::folder();
    let target = Target { lock_timeout: std::time::Duration::from_secs(20), ..house.database("twice").await };
    let (mut application, mut session) = (house.session(&target).await, house.session(&target).await);
    let script = Script {
        name: "000001_more".to_owned(),
        version: "1".to_owned(),
        description: "more".to_owned(),
        checksum: None,
        equal: Vec::new(),
        up: Piece {
            path: "000001_more.up.sql".to_owned(),
            line: 1,
            text: "UPDATE counted SET many = many + 1;".to_owned(),
            is_bare: false,
        },
        down: None,
        verify: None,
    };
    let ledger = Ledger { layout: Layout::GolangMigrate, dialect: Dialect::Sqlite, table: None };
    application.run("CREATE TABLE counted (many int)").await.unwrap();
    application.run("INSERT INTO counted VALUES (0)").await.unwrap();
    application.make_ledger(&ledger).await.unwrap();
    application.begin().await.unwrap();
    application.run(&script.up.text).await.unwrap();
    application.run("INSERT INTO schema_migrations (version, dirty) VALUES (1, false)").await.unwrap();
    let mut migrating = Migrating {
        session: &mut *session,
        ledger: &ledger,
        script: &script,
        previous: None,
        op: "5e551075",
        progress: &|_| {},
    };
    // omni has looked by then, and waits for the lock.
    let commit = async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        application.commit().await
    };
    let (became, committed) = tokio::join!(migrating.up(), commit);
    committed.unwrap();
    assert_fault(became.map(drop), FaultKind::Unknown, &["somebody else was at work on 000001_more"]);
    assert_eq!(house.session(&target).await.value("SELECT many FROM counted").await.unwrap().as_deref(), Some("1"));
    let mut again = house.session(&target).await;
    migrating.session = &mut *again;
    assert_eq!(migrating.up().await.unwrap(), Became::Already);
}
