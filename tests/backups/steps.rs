//! A backup as a step: made and tried before a migration, restored where the migration is taken back.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use omni::address::{Address, Kind, Scope};
use omni::fingerprint::{Fingerprint, Key};
use omni::journal::Effect;
use omni::lock::Op;
use omni::migration::ledger::Ledger;
use omni::migration::{Dialect, Layout};
use omni::plan::{Action, Change, Inverse};
use omni::provider::backup::tools::host::HostTools;
use omni::provider::database::Anywhere;
use omni::provider::fake::FakeEngine;
use omni::provider::host::Host;
use omni::provider::site::Site;
use omni::provider::{Fault, FaultKind, Order, Perform};
use omni::resource::{Backup, Database, Migration, Nature, Prove, Resource, Sheet, Verify};
use omni::template::{Template, Vault};
use omni::units::Period;

use crate::bench::Bench;
use crate::change::change;
use crate::postgres::{Server, programs};

const DATABASE: &str = "shop";

fn database() -> Resource {
    Resource::Database(Box::new(Database {
        url: Template::plain("sqlite:data/shop.db"),
        dialect: Dialect::Sqlite,
        service: None,
        connect_timeout: Period::seconds(5),
        lock_timeout: Period::seconds(1),
        statement_timeout: None,
        ledger: Some(Ledger { layout: Layout::Dbmate, dialect: Dialect::Sqlite, table: None }),
        prove: Prove::Schema,
    }))
}

fn backup() -> Resource {
    Resource::Backup(Box::new(Backup {
        database: DATABASE.to_owned(),
        dir: "backups".to_owned(),
        keep_last: None,
        keep_for: None,
        encrypt_to: std::collections::BTreeSet::new(),
        verify: Verify::Restore,
    }))
}

/// A migration without a way back.
fn migration(vault: &mut Vault, version: &str, text: &str) -> (Address, Resource) {
    let up = Sheet {
        path: format!("{version}_it.sql"),
        line: 1,
        content: vault.keep_file(text.as_bytes().to_vec()),
        is_bare: false,
        nature: Nature::Destroys,
    };
    let migration = Migration {
        database: DATABASE.to_owned(),
        version: version.to_owned(),
        description: "it".to_owned(),
        checksum: None,
        equal: Vec::new(),
        up,
        down: None,
        verify: None,
        previous: None,
        backup: true,
        one_way: None,
    };
    (Address::migration(DATABASE, &format!("{version}_it")), Resource::Migration(Box::new(migration)))
}

fn run(address: Address, after: &Resource, inverse: Inverse) -> Change {
    Change { after: Some(after.clone()), inverse, ..change(address, Action::Run) }
}

struct Stage {
    bench: Bench,
    site: Site<FakeEngine>,
    vault: Vault,
    things: BTreeMap<Address, Resource>,
}

impl Stage {
    async fn new() -> Self {
        let bench = Bench::new();
        bench.sqlite("shop.db").await;
        let engine = FakeEngine::new();
        let host = Host::new(engine.clone(), Arc::new(engine), |_, _| Err("no builds".to_owned()), |_| None);
        let site = Site::new(host, Arc::new(Anywhere::default()), Vec::new());
        let things = [(Kind::Database, database()), (Kind::Backup, backup())];
        let things = things.into_iter().map(|(kind, thing)| (Address::new(kind, DATABASE), thing)).collect();
        Self { bench, site, vault: Vault::new(Key::new([7; 32])), things }
    }

    async fn with_order(
        &self,
        change: &Change,
        fence: u64,
        call: impl AsyncFnOnce(Order<'_>) -> Result<Effect, Fault>,
    ) -> Result<Effect, Fault> {
        let after: BTreeMap<_, _> = self.things.iter().collect();
        let order = Order {
            scope: &Scope { project: "shop".to_owned(), environment: None },
            tag: "v1",
            things: &after,
            change,
            op: &Op::new(&Fingerprint::of("the plan"), "lineage", fence),
            fence,
            release: fence,
            vault: &self.vault,
            root: self.bench.folder.path(),
            is_lost: false,
            call_deadline: Duration::from_secs(10),
            progress: &|_| {},
            turned: None,
        };
        call(order).await
    }

    async fn perform(&self, change: &Change, fence: u64) -> Result<Effect, Fault> {
        self.with_order(change, fence, async |order| self.site.perform(&order).await).await
    }

    async fn undo(&self, change: &Change, fence: u64) -> Result<Effect, Fault> {
        self.with_order(change, fence, async |order| self.site.undo(&order).await).await
    }

    async fn users(&self) -> Option<String> {
        let path = self.bench.folder.path().join("data/shop.db");
        let url = format!("sqlite:{}", Path::display(&path));
        self.bench.session(&url).await.value("SELECT count(*) FROM users").await.ok().flatten()
    }
}

#[tokio::test]
async fn a_migration_without_a_way_back_is_taken_back_by_the_backup_of_its_own_apply() {
    let mut stage = Stage::new().await;
    let (address, drops) = migration(&mut stage.vault, "1", "DROP TABLE users;");
    stage.things.insert(address.clone(), drops.clone());
    let copies = run(Address::new(Kind::Backup, DATABASE), &backup(), Inverse::Nothing);
    let drops = run(address, &drops, Inverse::Restore);

    let made = stage.perform(&copies, 1).await.unwrap();
    assert!(made.note.ends_with("KiB, restored and compared"), "{}", made.note);
    assert_eq!(stage.perform(&copies, 1).await.unwrap(), made, "doing it twice is doing it once");
    assert_eq!(stage.bench.files().len(), 2);

    // Nothing was done yet, so nothing is restored.
    stage.undo(&drops, 1).await.unwrap();
    assert_eq!(stage.bench.files().len(), 2);
    stage.perform(&drops, 1).await.unwrap();
    assert_eq!(stage.users().await, None);
    let back = stage.undo(&drops, 1).await.unwrap();
    assert!(back.note.contains(&made.objects[0]), "{}", back.note);
    assert_eq!(stage.users().await.as_deref(), Some("490"));
    // The second time finds it done; and the backup outlives its undo.
    stage.undo(&drops, 1).await.unwrap();
    stage.undo(&copies, 1).await.unwrap();
    assert_eq!(stage.bench.files().len(), 4, "the backup, and the one of what was there before it was restored");

    // A later apply makes one of its own.
    let next = stage.perform(&copies, 2).await.unwrap();
    assert_ne!(next.objects, made.objects);
}

/// An apply that is given up, or dies, while it tries its backup: the rows are in a scratch database then.
#[tokio::test]
async fn what_a_backup_was_tried_in_goes_with_the_apply_and_with_its_next_try() {
    let server = Server::start().await;
    let url = server.database(DATABASE).await;
    server.sql(DATABASE, "CREATE TABLE users AS SELECT i FROM generate_series(1, 200000) i").await;
    let mut stage = Stage::new().await;
    stage.site = stage.site.with_tools(Arc::new(HostTools { folder: Some(programs()) }));
    let Resource::Database(filed) = database() else { panic!("it is a database") };
    let (place, dialect) = (Template::plain(&url), Dialect::Postgres);
    let ledger = Some(Ledger { layout: Layout::Dbmate, dialect, table: None });
    let asked = Resource::Database(Box::new(Database { url: place, dialect, ledger, ..*filed }));
    stage.things.insert(Address::new(Kind::Database, DATABASE), asked);
    let copies = run(Address::new(Kind::Backup, DATABASE), &backup(), Inverse::Nothing);
    let mut session = stage.bench.session(&url).await;
    let mut scratches = async || {
        let count = "SELECT count(*)::text FROM pg_database WHERE datname LIKE 'omni_scratch_%'";
        session.value(count).await.unwrap().unwrap()
    };

    for goes_on in [false, true] {
        let fence = 1 + u64::from(goes_on);
        let seen = async {
            while scratches().await == "0" {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::select! {
            made = stage.perform(&copies, fence) => panic!("it was not given up: {made:?}"),
            () = seen => {}
        }
        assert_eq!(scratches().await, "1");
        if goes_on {
            stage.perform(&copies, fence).await.unwrap();
        } else {
            stage.undo(&copies, fence).await.unwrap();
        }
        assert_eq!(scratches().await, "0", "it goes on: {goes_on}");
    }
}

#[tokio::test]
async fn without_the_backup_of_its_own_apply_nothing_is_restored() {
    let mut stage = Stage::new().await;
    let (address, drops) = migration(&mut stage.vault, "1", "DROP TABLE users;");
    stage.things.insert(address.clone(), drops.clone());
    let copies = run(Address::new(Kind::Backup, DATABASE), &backup(), Inverse::Nothing);
    stage.perform(&copies, 1).await.unwrap();
    let drops = run(address, &drops, Inverse::Restore);
    stage.perform(&drops, 2).await.unwrap();
    let fault = stage.undo(&drops, 2).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotFound, "{fault}");
    assert_eq!(stage.users().await, None);
}
