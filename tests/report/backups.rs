//! The list of backups.

use omni::report::{BackupFacts, BackupTrial, Style, backup_list};

fn backup(name: &str, is_encrypted: bool) -> BackupFacts {
    let at = "2026-11-23T10:05:01Z".parse().expect("a time");
    BackupFacts {
        name: name.to_owned(),
        database: "shop".to_owned(),
        made_by: "manual".to_owned(),
        at,
        took_ms: 10,
        path: format!("backups/{name}.dump"),
        size: 1_277_752_771,
        size_text: "1.19 GiB".to_owned(),
        sha256: "0".repeat(64),
        server: "PostgreSQL 15.18".to_owned(),
        tools: None,
        tables: 3,
        rows: 1_200_345,
        schema: "0".repeat(64),
        migrations: Vec::new(),
        is_encrypted,
        is_empty: false,
        verified: Some(BackupTrial { at, how: "restore".to_owned(), took_ms: 1_600 }),
    }
}

#[test]
fn a_backup_is_one_line_where_a_terminal_has_80_columns() {
    let all =
        [backup("shop-20261123T100501Z-2f7a1c9e4b60", true), backup("shop-20261123T100502Z-before-restore", false)];
    for width in [80, 90, 100, 120] {
        let list = backup_list(&all, &[], &Style { width, ..Style::default() });
        assert_eq!(list.lines().count(), 4, "{list}");
        assert!(list.lines().all(|line| line.len() <= usize::from(width)), "{list}");
        assert!(list.contains("restored in 1.6 s") && list.contains("1.19 GiB"), "{list}");
    }
}
