//! One database that omni and the tool migrate by turns: each takes what the other did for its own.

use omni::migration::{Dialect, Layout};

use crate::base::House;
use crate::case::Case;
use crate::files::{STEPS, Step};
use crate::tool::Tool;

#[tokio::test]
async fn sqlx_takes_turns() {
    on_both(Layout::Sqlx).await;
}

#[tokio::test]
async fn diesel_takes_turns() {
    on_both(Layout::Diesel).await;
}

#[tokio::test]
async fn dbmate_takes_turns() {
    on_both(Layout::Dbmate).await;
}

#[tokio::test]
async fn prisma_takes_turns() {
    on_both(Layout::Prisma).await;
}

async fn on_both(layout: Layout) {
    let served = House::server().await;
    for house in [&served, &House::Files] {
        let case = Case::new(house, layout).await;
        let mut turns = Turns { tool: Tool::of(&case), case, cells: 0 };
        turns.taken().await;
        let word = if turns.case.base.dialect() == Dialect::Postgres { "PostgreSQL" } else { "SQLite" };
        println!("{layout} on {word}: {} cells, 0 violations, 0 stuck", turns.cells);
    }
}

struct Turns<'h> {
    case: Case<'h>,
    tool: Tool,
    cells: u32,
}

impl Turns<'_> {
    async fn taken(&mut self) {
        // omni begins.
        self.files(2);
        self.case.apply("v1");
        self.both_have(2, 2, "omni began").await;
        // The tool goes on.
        self.files(3);
        self.both_have(2, 3, "one more was written").await;
        self.tool.run();
        self.both_have(3, 3, "the tool ran one").await;
        // omni goes on, and the tool takes it back.
        self.files(4);
        self.case.apply("v2");
        self.both_have(4, 4, "omni ran one").await;
        if self.tool.has_way_back() {
            self.tool.revert();
            self.both_have(3, 4, "the tool took one back").await;
            self.case.apply("v2-again");
            self.both_have(4, 4, "omni ran it again").await;
        }
        // omni takes back its own and the tool's.
        self.case.goes_back("v1");
        self.both_have(2, 4, "omni went back").await;
        self.tool.run();
        self.both_have(4, 4, "the tool ran both").await;
    }

    fn files(&self, count: usize) {
        self.case.write(&STEPS[..count], false);
        self.tool.write(&self.case);
    }

    /// That the first `applied` of `written` migrations are applied, as the database, omni and the tool see it.
    async fn both_have(&mut self, applied: usize, written: usize, when: &str) {
        let pending: &[Step] = &STEPS[applied..written];
        self.case.has(&STEPS[..applied], when).await;
        assert_eq!(self.case.pending(), self.case.names(pending), "{}: {when}: omni", self.case);
        assert_eq!(self.tool.pending(written), self.case.names(pending), "{}: {when}: the tool", self.case);
        if pending.is_empty() {
            // Nothing is to be done, and nothing is wrong with what was.
            self.tool.run();
            self.case.has(&STEPS[..applied], when).await;
        }
        self.cells += 1;
    }
}
