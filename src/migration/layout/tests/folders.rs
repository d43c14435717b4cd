//! One directory for each migration: Prisma and diesel; and what holds for every layout.

use super::{at, folder, names, one, problem, problems, read, versions};
use crate::migration::Layout::{Diesel, Prisma, Sqlx};
use crate::migration::layout::Folder;

#[test]
fn prisma_sorts_names_by_their_bytes() {
    let files = [
        ("migration_lock.toml", ""),
        ("2_a/migration.sql", "a"),
        ("1_init/migration.sql", "b"),
        ("10_x/migration.sql", "c"),
    ];
    assert_eq!(names(&read(Prisma, &files)), ["10_x", "1_init", "2_a"]);
    // A path sorts otherwise: `-` stands before `/`.
    let files = [("a/migration.sql", ""), ("a-b/migration.sql", "")];
    assert_eq!(names(&read(Prisma, &files)), ["a", "a-b"]);
}

#[test]
fn prisma_takes_either_way_back() {
    for name in ["down.sql", "rollback.sql"] {
        let path = format!("1_init/{name}");
        let script = one(Prisma, &[("1_init/migration.sql", "up"), (&path, "back"), ("1_init/verify.sql", "check")]);
        let down = script.down.expect("there is one");
        assert_eq!((down.path, down.text.as_str(), down.line, down.is_bare), (path, "back", 1, false));
        assert_eq!(at(script.verify.as_ref()), Some((1, "check")));
    }
    let both = [("1/migration.sql", "up"), ("1/down.sql", ""), ("1/rollback.sql", "")];
    assert_eq!(problem(Prisma, &both), "`1/rollback.sql`: `1/down.sql` is there too, for the same purpose");
}

#[test]
fn prisma_refuses_a_directory_without_a_script() {
    let files = [("1/migration.sql", ""), ("2/README.md", "")];
    assert_eq!(problem(Prisma, &files), "`2/migration.sql`: the file is missing");
}

#[test]
fn prisma_takes_a_file_with_other_line_ends_for_the_same() {
    let sum = |text| one(Prisma, &[("1/migration.sql", text)]);
    let (unix, windows) = (sum("SELECT 1;\n"), sum("SELECT 1;\r\n"));
    assert_eq!(unix.checksum.as_deref(), Some("b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd"));
    assert!(unix.equal.contains(windows.checksum.as_ref().unwrap()));
    assert!(windows.equal.contains(unix.checksum.as_ref().unwrap()));
    // Old versions wrote a byte below 16 with one digit.
    assert!(unix.equal.iter().any(|sum| sum.len() < 64), "{:?}", unix.equal);
}

#[test]
fn diesel_sorts_versions_without_their_dashes() {
    let files = [
        ("2024-01-02-030405_b/up.sql", "b"),
        ("00000000000000_diesel_initial_setup/up.sql", "a"),
        ("9/up.sql", "d"),
        ("20240102030406_c/up.sql", "c"),
        (".hidden/notes", ""),
        ("README.md", ""),
    ];
    let scripts = read(Diesel, &files);
    assert_eq!(versions(&scripts), ["00000000000000", "20240102030405", "20240102030406", "9"]);
    assert_eq!(scripts[1].name, "2024-01-02-030405_b");
}

#[test]
fn diesel_finds_two_of_one_version() {
    let files = [("2024-01-01_a/up.sql", "a"), ("20240101_b/up.sql", "b")];
    assert_eq!(
        problem(Diesel, &files),
        "`20240101_b/up.sql`: it has the version `20240101`, as `2024-01-01_a/up.sql` has"
    );
}

#[test]
fn diesel_runs_outside_a_transaction_where_the_metadata_do_not_ask_for_one() {
    let is_bare = |metadata: Option<&'static str>| {
        let files =
            [("1_a/up.sql", "up"), ("1_a/down.sql", "back"), ("1_a/metadata.toml", metadata.unwrap_or_default())];
        let script = one(Diesel, &files[..if metadata.is_some() { 3 } else { 2 }]);
        assert_eq!(script.up.is_bare, script.down.expect("there is one").is_bare);
        script.up.is_bare
    };
    assert!(!is_bare(None));
    assert!(!is_bare(Some("run_in_transaction = true")));
    assert!(is_bare(Some("run_in_transaction = false")));
    // A file without the key, also one that says nothing, means none.
    assert!(is_bare(Some("other = 1")));
    assert!(is_bare(Some("")));
    // One that cannot be read is as none.
    assert!(!is_bare(Some("run_in_transaction = ")));
    assert!(!is_bare(Some("run_in_transaction = \"no\"")));
}

#[test]
fn diesel_refuses_empty_files() {
    assert_eq!(problem(Diesel, &[("1_a/up.sql", "")]), "`1_a/up.sql`: it is empty, which diesel refuses");
    assert_eq!(one(Diesel, &[("1_a/up.sql", "a"), ("1_a/down.sql", "")]).down, None);
    assert_eq!(problem(Diesel, &[("1_a/down.sql", "")]), "`1_a/up.sql`: the file is missing");
}

#[test]
fn everything_is_told_at_once_in_the_order_of_the_paths() {
    let mut files = folder(&[("1_a b.sql", ""), ("2_\u{202e}x.sql", ""), ("x_y.sql", ""), ("4_z.sql", "a\nb\0")]);
    files.0.insert("3_latin.sql".to_owned(), b"-- one\n-- \xe9\n".to_vec());
    let shown: Vec<_> = Sqlx.scripts(&files).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "`1_a b.sql`: its name has white space or hidden characters",
            "`2_x.sql`: its name has white space or hidden characters",
            "`3_latin.sql`, line 2: it is no UTF-8 text",
            "`4_z.sql`, line 2: a byte is 0, which no database takes in SQL",
            "`x_y.sql`: its name starts with no version, which sqlx refuses",
        ]
    );
}

#[test]
fn a_way_back_that_is_no_text_is_told() {
    let mut files = Folder::default();
    files.0.insert("1/migration.sql".to_owned(), Vec::new());
    files.0.insert("1/down.sql".to_owned(), vec![0xff]);
    files.0.insert("1/verify.sql".to_owned(), vec![0xff]);
    assert_eq!(Prisma.scripts(&files).unwrap_err().len(), 2);
}

#[test]
fn an_empty_folder_has_no_scripts() {
    for layout in crate::migration::Layout::ALL {
        assert_eq!(layout.scripts(&Folder::default()), Ok(Vec::new()), "{layout}");
    }
    assert_eq!(problems(Sqlx, &[("a_b.sql", "")])[0].help, "call it `VERSION_NAME.sql`, with a number for its version");
}
