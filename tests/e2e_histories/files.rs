//! One history of five migrations, in the files of each tool.

use std::fs;
use std::path::Path;

use omni::migration::Layout;

/// One migration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) number: u32,
    pub(crate) word: &'static str,
    pub(crate) up: &'static str,
    pub(crate) down: &'static str,
    /// What has to be there after it.
    pub(crate) verify: &'static str,
}

const fn step(number: u32, word: &'static str, up: &'static str, down: &'static str, verify: &'static str) -> Step {
    Step { number, word, up, down, verify }
}

/// What each of them makes is told by `things`.
pub(crate) const STEPS: [Step; 4] = [
    step(
        1,
        "notes",
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);\n",
        "DROP TABLE notes;\n",
        "SELECT id, text FROM notes WHERE 1 = 0;\n",
    ),
    step(
        2,
        "tags_of_notes",
        "CREATE TABLE tags (id INTEGER PRIMARY KEY, note INTEGER NOT NULL REFERENCES notes (id));\n\
         CREATE INDEX tags_note ON tags (note);\n",
        "DROP TABLE tags;\n",
        "SELECT id, note FROM tags WHERE 1 = 0;\n",
    ),
    step(
        3,
        "due",
        "ALTER TABLE notes ADD COLUMN due TEXT;\nCREATE INDEX notes_due ON notes (due);\n",
        "DROP INDEX notes_due;\nALTER TABLE notes DROP COLUMN due;\n",
        "SELECT due FROM notes WHERE 1 = 0;\n",
    ),
    step(
        4,
        "dues",
        "CREATE VIEW dues AS SELECT id, due FROM notes WHERE due IS NOT NULL;\n",
        "DROP VIEW dues;\n",
        "SELECT id, due FROM dues WHERE 1 = 0;\n",
    ),
];

/// One that goes in, and one after it that every database refuses.
pub(crate) const FAILING: [Step; 2] = [
    step(
        5,
        "extra",
        "CREATE TABLE extra (id INTEGER PRIMARY KEY);\n",
        "DROP TABLE extra;\n",
        "SELECT id FROM extra WHERE 1 = 0;\n",
    ),
    step(6, "refused", "INSERT INTO nowhere (id) VALUES (1);\n", "DELETE FROM nowhere;\n", "SELECT 1;\n"),
];

/// What the first so many of `STEPS` make, in order.
pub(crate) fn things(count: usize) -> Vec<String> {
    let made: [&[&str]; 4] = [
        &["table notes", "column notes.id", "column notes.text"],
        &["table tags", "column tags.id", "column tags.note", "index tags_note"],
        &["column notes.due", "index notes_due"],
        &["view dues"],
    ];
    let mut found: Vec<_> = made[..count].iter().copied().flatten().map(|thing| (*thing).to_owned()).collect();
    found.sort();
    found
}

impl Step {
    /// What stands before the name: the version as the tool has it in its files.
    pub(crate) fn version(self, layout: Layout) -> String {
        let number = self.number;
        match layout {
            Layout::Prisma | Layout::Sqlx | Layout::Dbmate => format!("202603010000{number:02}"),
            Layout::GolangMigrate => format!("{number:06}"),
            Layout::Diesel => format!("2026-03-01-0000{number:02}"),
            Layout::Goose => format!("{number:05}"),
            Layout::Flyway => number.to_string(),
            Layout::Sqitch => self.word.to_owned(),
        }
    }

    /// What omni calls it: that of its file or directory.
    pub(crate) fn name(self, layout: Layout) -> String {
        match layout {
            Layout::Flyway => format!("V{}__{}", self.version(layout), self.word),
            Layout::Sqitch => self.word.to_owned(),
            _ => format!("{}_{}", self.version(layout), self.word),
        }
    }

    /// Its files by their paths: the way up first.
    pub(crate) fn files(self, layout: Layout) -> Vec<(String, String)> {
        let (name, Self { up, down, verify, .. }) = (self.name(layout), self);
        match layout {
            Layout::Prisma => vec![
                (format!("{name}/migration.sql"), up.to_owned()),
                (format!("{name}/down.sql"), down.to_owned()),
                (format!("{name}/verify.sql"), verify.to_owned()),
            ],
            Layout::Sqlx | Layout::GolangMigrate => {
                vec![(format!("{name}.up.sql"), up.to_owned()), (format!("{name}.down.sql"), down.to_owned())]
            }
            Layout::Dbmate => vec![(format!("{name}.sql"), format!("-- migrate:up\n{up}\n-- migrate:down\n{down}"))],
            Layout::Diesel => {
                vec![(format!("{name}/up.sql"), up.to_owned()), (format!("{name}/down.sql"), down.to_owned())]
            }
            Layout::Goose => vec![(format!("{name}.sql"), format!("-- +goose Up\n{up}\n-- +goose Down\n{down}"))],
            Layout::Flyway => vec![
                (format!("{name}.sql"), up.to_owned()),
                (format!("U{}__{}.sql", self.version(layout), self.word), down.to_owned()),
            ],
            // As `sqitch add` writes them.
            Layout::Sqitch => vec![
                (format!("deploy/{name}.sql"), format!("-- Deploy shop:{name} to pg\n\nBEGIN;\n\n{up}\nCOMMIT;\n")),
                (format!("revert/{name}.sql"), format!("-- Revert shop:{name} from pg\n\nBEGIN;\n\n{down}\nCOMMIT;\n")),
                (
                    format!("verify/{name}.sql"),
                    format!("-- Verify shop:{name} on pg\n\nBEGIN;\n\n{verify}\nROLLBACK;\n"),
                ),
            ],
        }
    }
}

/// Makes the folder that has just these migrations.
pub(crate) fn write(folder: &Path, layout: Layout, steps: &[Step]) {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).unwrap();
    for (path, text) in steps.iter().flat_map(|step| step.files(layout)) {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    if layout == Layout::Sqitch {
        let change = |step: &Step| {
            format!("{} 2026-03-01T00:00:{:02}Z Ann <ann@example.com> # {}\n", step.word, step.number, step.word)
        };
        let changes: String = steps.iter().map(change).collect();
        fs::write(folder.join("sqitch.plan"), format!("%syntax-version=1.0.0\n%project=shop\n\n{changes}")).unwrap();
    }
}
