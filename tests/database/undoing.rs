//! A migration taken back, wherever omni was cut off on the way there and on the way back: the rows are what they were.

use async_trait::async_trait;
use omni::migration::catalogue::Catalogue;
use omni::migration::ledger::{Ledger, Row, Writing};
use omni::migration::{Dialect, Layout, Mark, Piece, Script, Way};
use omni::provider::database::{Facts, Migrating, Session, Target};
use omni::provider::{Fault, FaultKind};

use crate::house::{House, assert_fault};

/// A session of an omni that dies after so many calls.
struct Dying {
    session: Box<dyn Session>,
    left: usize,
}

impl Dying {
    fn call(&mut self) -> Result<&mut dyn Session, Fault> {
        self.left = self.left.checked_sub(1).ok_or_else(|| Fault::new(FaultKind::Unknown, "omni is dead"))?;
        Ok(&mut *self.session)
    }
}

#[async_trait]
impl Session for Dying {
    fn facts(&self) -> &Facts {
        self.session.facts()
    }

    async fn try_lock(&mut self, keys: &[i64]) -> Result<bool, Fault> {
        self.call()?.try_lock(keys).await
    }

    async fn end_others(&mut self, application: &str) -> Result<usize, Fault> {
        self.call()?.end_others(application).await
    }

    async fn begin(&mut self) -> Result<(), Fault> {
        self.call()?.begin().await
    }

    async fn commit(&mut self) -> Result<(), Fault> {
        self.call()?.commit().await
    }

    async fn abort(&mut self) -> Result<(), Fault> {
        self.call()?.abort().await
    }

    async fn run(&mut self, statement: &str) -> Result<(), Fault> {
        self.call()?.run(statement).await
    }

    async fn ledger(&mut self, ledger: &Ledger) -> Result<Option<Vec<Row>>, Fault> {
        self.call()?.ledger(ledger).await
    }

    async fn make_ledger(&mut self, ledger: &Ledger) -> Result<(), Fault> {
        self.call()?.make_ledger(ledger).await
    }

    async fn record(&mut self, ledger: &Ledger, writing: &Writing<'_>) -> Result<(), Fault> {
        self.call()?.record(ledger, writing).await
    }

    async fn record_begun(&mut self, ledger: &Ledger, writing: &Writing<'_>) -> Result<(), Fault> {
        self.call()?.record_begun(ledger, writing).await
    }

    async fn unrecord(&mut self, ledger: &Ledger, writing: &Writing<'_>) -> Result<(), Fault> {
        self.call()?.unrecord(ledger, writing).await
    }

    async fn marks(&mut self) -> Result<Vec<Mark>, Fault> {
        self.call()?.marks().await
    }

    async fn mark_of(&mut self, migration: &str) -> Result<Option<Mark>, Fault> {
        self.call()?.mark_of(migration).await
    }

    async fn mark(&mut self, mark: &Mark) -> Result<(), Fault> {
        self.call()?.mark(mark).await
    }

    async fn unmark(&mut self, migration: &str) -> Result<(), Fault> {
        self.call()?.unmark(migration).await
    }

    async fn catalogue(&mut self, without: &[String]) -> Result<Catalogue, Fault> {
        self.call()?.catalogue(without).await
    }

    async fn value(&mut self, query: &str) -> Result<Option<String>, Fault> {
        self.call()?.value(query).await
    }
}

/// One migration on one database.
struct Case<'a> {
    house: &'a House,
    target: Target,
    ledger: Ledger,
    script: Script,
}

impl<'a> Case<'a> {
    async fn of(house: &'a House, name: &str, up: &str, down: &str) -> Self {
        let piece =
            |path: &str, text: &str| Piece { path: path.to_owned(), line: 1, text: text.to_owned(), is_bare: true };
        let script = Script {
            name: "1_a".to_owned(),
            version: "1".to_owned(),
            description: "a".to_owned(),
            checksum: None,
            equal: Vec::new(),
            up: piece("up.sql", up),
            down: Some(piece("down.sql", down)),
            verify: None,
        };
        let ledger = Ledger { layout: Layout::Dbmate, dialect: house.dialect(), table: None };
        let target = house.database(name).await;
        let mut session = house.session(&target).await;
        for statement in ["CREATE TABLE prices (p INTEGER, q INTEGER)", "INSERT INTO prices VALUES (10, 30), (20, 50)"]
        {
            session.run(statement).await.unwrap();
        }
        session.make_ledger(&ledger).await.unwrap();
        Self { house, target, ledger, script }
    }

    /// Goes a way, or takes it back, until omni dies after so many calls; whether it came to the end.
    async fn goes(&self, op: &str, way: Way, is_undo: bool, calls: usize) -> Result<bool, Fault> {
        let mut session = Dying { session: self.house.session(&self.target).await, left: calls };
        let mut migrating = Migrating {
            session: &mut session,
            ledger: &self.ledger,
            script: &self.script,
            previous: None,
            op,
            progress: &|_| {},
        };
        let done = match (is_undo, way) {
            (true, _) => migrating.undo(way).await,
            (false, Way::Up) => migrating.up().await.map(drop),
            (false, Way::Down) => migrating.down().await.map(drop),
        };
        match done {
            Ok(()) => Ok(true),
            Err(fault) if fault.message.ends_with("omni is dead") => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// What is in it: the rows, how many rows the ledger has, and how many marks there are of this apply.
    async fn found(&self, op: &str) -> (String, usize, usize) {
        let mut session = self.house.session(&self.target).await;
        let rows = "SELECT sum(p) || ' ' || sum(q) || ' ' || count(*) FROM prices";
        let rows = session.value(rows).await.unwrap().unwrap();
        let applied = session.ledger(&self.ledger).await.unwrap().map_or(0, |rows| rows.len());
        let marks = session.marks().await.unwrap();
        (rows, applied, marks.iter().filter(|mark| mark.op == op).count())
    }

    /// Cuts a way off after so many calls, and its undo too; goes on with that and looks.
    async fn is_undone(&self, way: Way, there: usize, back: usize, rows: &str) -> (bool, bool) {
        let at = format!("{}\n{}\ncut after {there} and {back} calls", self.script.up.text, self.target.url);
        let went = self.goes("op", way, false, there).await.unwrap_or_else(|fault| panic!("{at}: {fault:?}"));
        let undone = self.goes("op", way, true, back).await.unwrap_or_else(|fault| panic!("{at}: {fault:?}"));
        let done = self.goes("op", way, true, usize::MAX).await.unwrap_or_else(|fault| panic!("{at}: {fault:?}"));
        assert!(done, "{at}");
        assert_eq!(self.found("op").await, (rows.to_owned(), usize::from(way == Way::Down), 0), "{at}");
        (went, undone)
    }

    /// All the places at which a whole way can be cut off while it is taken back.
    async fn is_undone_from_the_end(&self, way: Way, rows: &str) {
        let mut back = 0;
        while !self.is_undone(way, usize::MAX, back, rows).await.1 {
            back += 1;
        }
        assert!(back > 10, "only {back} places");
    }

    /// All the places at which a way can be cut off.
    async fn is_undone_from_anywhere(&self, way: Way, rows: &str) {
        let mut there = 0;
        while !self.is_undone(way, there, usize::MAX, rows).await.0 {
            // Some of those of its undo: a server takes its time to be connected to.
            let most = if self.ledger.dialect == Dialect::Postgres { 0 } else { 40 };
            for back in (5..most).step_by(9) {
                self.is_undone(way, there, back, rows).await;
            }
            there += 1;
        }
        assert!(there > 10, "only {there} places");
    }
}

/// Before, and after.
const ROWS: [&str; 2] = ["30 80 2", "60 80 2"];

/// A name, a way up and a way back.
type Ways = (&'static str, &'static str, &'static str);

/// Rows are changed first, and changed back last: that can be taken back from anywhere.
const FIRST: [Ways; 2] = [
    (
        "first",
        "BEGIN; UPDATE prices SET p = p * 2; COMMIT; CREATE TABLE a (id INTEGER);",
        "BEGIN; DROP TABLE a; COMMIT; UPDATE prices SET p = p / 2;",
    ),
    (
        "first_at_once",
        "BEGIN; UPDATE prices SET p = p * 2; COMMIT; CREATE TABLE a (id INTEGER);",
        "DROP TABLE a; UPDATE prices SET p = p / 2;",
    ),
];
const FIRST_ON_A_SERVER: Ways = (
    "first_index",
    "UPDATE prices SET p = p * 2; CREATE INDEX CONCURRENTLY i ON prices (p);",
    "DROP INDEX CONCURRENTLY i; UPDATE prices SET p = p / 2;",
);

/// What the schema never tells of.
const ROWS_ALONE: [Ways; 2] = [
    (
        "rows",
        "BEGIN; UPDATE prices SET p = p * 3; COMMIT; UPDATE prices SET p = p - p / 3;",
        "BEGIN; UPDATE prices SET p = p * 3; COMMIT; UPDATE prices SET p = p / 6;",
    ),
    (
        "rows_at_once",
        "UPDATE prices SET p = p * 2;",
        "BEGIN; UPDATE prices SET p = p * 3; COMMIT; UPDATE prices SET p = p / 6;",
    ),
];

#[tokio::test]
async fn an_undo_takes_rows_back_once_on_a_server() {
    let house = House::server().await;
    let (name, up, down) = FIRST_ON_A_SERVER;
    let case = Case::of(&house, name, up, down).await;
    case.is_undone_from_anywhere(Way::Up, ROWS[0]).await;
    case.is_undone_from_the_end(Way::Up, ROWS[0]).await;
}

#[tokio::test]
async fn an_undo_takes_rows_back_once_on_a_file() {
    let house = House::folder();
    for (name, up, down) in FIRST {
        let case = Case::of(&house, name, up, down).await;
        case.is_undone_from_anywhere(Way::Up, ROWS[0]).await;
        case.is_undone_from_the_end(Way::Up, ROWS[0]).await;
        // And the way down of a rollback, which is taken back by going up again.
        assert!(case.goes("first", Way::Up, false, usize::MAX).await.unwrap());
        case.is_undone_from_the_end(Way::Down, ROWS[1]).await;
    }
    for (name, up, down) in ROWS_ALONE {
        let case = Case::of(&house, name, up, down).await;
        case.is_undone_from_the_end(Way::Up, ROWS[0]).await;
    }
}

#[tokio::test]
async fn rows_are_taken_back_where_an_index_was_refused() {
    let house = House::server().await;
    let (up, down) = (
        "UPDATE prices SET p = p * 2; CREATE INDEX CONCURRENTLY i ON prices (nothing);",
        "DROP INDEX CONCURRENTLY i; UPDATE prices SET p = p / 2;",
    );
    let case = Case::of(&house, "refused_index", up, down).await;
    assert_fault(case.goes("op", Way::Up, false, usize::MAX).await, FaultKind::Failed, &["42703"]);
    assert_eq!(case.found("op").await, ("60 80 2".to_owned(), 0, 1));
    assert!(case.goes("op", Way::Up, true, usize::MAX).await.unwrap());
    assert_eq!(case.found("op").await, (ROWS[0].to_owned(), 0, 0));
}

#[tokio::test]
async fn a_way_back_that_was_put_right_by_hand_is_done() {
    let house = House::folder();
    let (up, down) = (
        "BEGIN; CREATE TABLE a (id INTEGER); COMMIT; CREATE TABLE b (id INTEGER);",
        "BEGIN; UPDATE prices SET p = p + 0; COMMIT; DROP TABLE b;",
    );
    let case = Case::of(&house, "by_hand", up, down).await;
    assert!(case.goes("op", Way::Up, false, usize::MAX).await.unwrap());
    for _ in 0..2 {
        let left = case.goes("op", Way::Up, true, usize::MAX).await;
        assert_fault(left, FaultKind::Failed, &["does not bring the schema back"]);
    }
    house.session(&case.target).await.run("DROP TABLE a").await.unwrap();
    assert!(case.goes("op", Way::Up, true, usize::MAX).await.unwrap());
    assert_eq!(case.found("op").await, (ROWS[0].to_owned(), 0, 0));
}

/// The indexes of the prices, with `!` where they are invalid.
async fn indexes(case: &Case<'_>) -> String {
    let query = "SELECT string_agg(indexrelid::regclass || CASE WHEN indisvalid THEN '' ELSE '!' END, ' ' \
                 ORDER BY indexrelid::regclass::text) FROM pg_index WHERE indrelid = 'prices'::regclass";
    case.house.session(&case.target).await.value(query).await.unwrap().unwrap_or_default()
}

#[tokio::test]
async fn an_index_without_a_name_is_made_once_and_those_of_others_stay() {
    let house = House::server().await;
    let (up, down) =
        ("CREATE INDEX CONCURRENTLY ON prices (p); REINDEX TABLE CONCURRENTLY prices;", "DROP INDEX prices_p_idx;");
    let case = Case::of(&house, "unnamed", up, down).await;
    for name in ["other", "other_ccnew"] {
        let made = format!("CREATE UNIQUE INDEX CONCURRENTLY {name} ON prices ((p - p))");
        assert_fault(house.session(&case.target).await.run(&made).await, FaultKind::Failed, &["23505"]);
    }
    let mut calls = 0;
    loop {
        let went = case.goes("op", Way::Up, false, calls).await.unwrap();
        assert!(case.goes("op", Way::Up, false, usize::MAX).await.unwrap());
        assert_eq!(indexes(&case).await, "other! other_ccnew! prices_p_idx", "cut after {calls} calls");
        assert!(case.goes("op", Way::Up, true, usize::MAX).await.unwrap());
        if went {
            break;
        }
        calls += 1;
    }
    assert!(calls > 10, "only {calls} places");
    // What it has left by half is found among those of others.
    let up = "CREATE UNIQUE INDEX CONCURRENTLY ON prices ((p - p)); CREATE TABLE a (id int);";
    let mut case = case;
    case.script.up.text = up.to_owned();
    assert_fault(case.goes("op", Way::Up, false, usize::MAX).await, FaultKind::Failed, &["23505"]);
    assert_eq!(indexes(&case).await, "other! other_ccnew! prices_expr_idx!");
    case.script.down.as_mut().unwrap().text = "DROP TABLE a;".to_owned();
    assert!(case.goes("op", Way::Up, true, usize::MAX).await.unwrap());
    assert_eq!(indexes(&case).await, "other! other_ccnew!");
}
