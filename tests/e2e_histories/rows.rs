//! What the ledger of each tool has to say after so many migrations, and the question that tells what it says.
//!
//! Checksums are computed here as the tools document them. Times, and the ids that are drawn, are left out.

use crc::{CRC_32_ISO_HDLC, Crc};
use omni::migration::Layout;
use sha2::{Digest, Sha256, Sha384};

use crate::base::Base;
use crate::files::Step;

/// The name of the tool's table.
pub(crate) const fn table(layout: Layout) -> &'static str {
    match layout {
        Layout::Prisma => "_prisma_migrations",
        Layout::Sqlx => "_sqlx_migrations",
        Layout::GolangMigrate | Layout::Dbmate => "schema_migrations",
        Layout::Diesel => "__diesel_schema_migrations",
        Layout::Goose => "goose_db_version",
        Layout::Flyway => "flyway_schema_history",
        Layout::Sqitch => "_omni_ledger",
    }
}

/// What the ledger says, in the order of the versions.
pub(crate) async fn said(base: &Base<'_>, layout: Layout) -> Vec<String> {
    let table = base.either(if layout == Layout::Sqitch { "omni.ledger" } else { table(layout) }, table(layout));
    let hex = base.either("encode(checksum, 'hex')", "lower(hex(checksum))");
    let yes = |column: &str| format!("CASE WHEN {column} THEN 'yes' ELSE 'no' END");
    let (columns, order) = match layout {
        Layout::Prisma => (
            format!(
                "migration_name || ' ' || checksum || ' ' || applied_steps_count || ' ' || {} || ' ' || {}",
                yes("finished_at IS NOT NULL"),
                yes("rolled_back_at IS NULL AND logs IS NULL")
            ),
            "started_at",
        ),
        Layout::Sqlx => {
            (format!("version || ' ' || description || ' ' || {} || ' ' || {hex}", yes("success")), "version")
        }
        Layout::GolangMigrate => (format!("version || ' ' || {}", yes("dirty")), "version"),
        Layout::Dbmate | Layout::Diesel => ("version".to_owned(), "version"),
        Layout::Goose => (format!("version_id || ' ' || {}", yes("is_applied")), "id"),
        Layout::Flyway => (
            format!(
                "installed_rank || ' ' || version || ' ' || description || ' ' || type || ' ' || script || ' ' || checksum \
                 || ' ' || {}",
                yes("success")
            ),
            "installed_rank",
        ),
        Layout::Sqitch => ("version || ' ' || checksum".to_owned(), "applied_at"),
    };
    base.texts(&format!("SELECT {columns} FROM {table} ORDER BY {order}")).await
}

/// What it has to say where just these migrations are applied.
pub(crate) fn right(layout: Layout, steps: &[Step]) -> Vec<String> {
    let mut each = steps.iter().map(|step| {
        let (number, version) = (step.number, step.version(layout));
        let (path, _) = step.files(layout).swap_remove(0);
        let checksum = checksum(layout, *step);
        let description = step.word.replace('_', " ");
        match layout {
            Layout::Prisma => format!("{} {checksum} 1 yes yes", step.name(layout)),
            Layout::Sqlx => format!("{version} {description} yes {checksum}"),
            Layout::GolangMigrate => format!("{number} no"),
            Layout::Dbmate => version,
            Layout::Diesel => version.replace('-', ""),
            Layout::Goose => format!("{number} yes"),
            Layout::Flyway => format!("{number} {number} {description} SQL {path} {checksum} yes"),
            Layout::Sqitch => format!("{version} {checksum}"),
        }
    });
    match layout {
        Layout::GolangMigrate => each.next_back().into_iter().collect(),
        Layout::Goose => std::iter::once("0 yes".to_owned()).chain(each).collect(),
        _ => each.collect(),
    }
}

/// The checksum of the way forward as the tool writes it; empty where it keeps none.
pub(crate) fn checksum(layout: Layout, step: Step) -> String {
    let (_, text) = step.files(layout).swap_remove(0);
    match layout {
        Layout::Prisma | Layout::Sqitch => hex(&Sha256::digest(text)),
        Layout::Sqlx => hex(&Sha384::digest(text)),
        Layout::Flyway => of_lines(&text).to_string(),
        _ => String::new(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// Flyway's: over the lines without their ends, as a signed number.
fn of_lines(text: &str) -> i32 {
    Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(text.replace('\n', "").as_bytes()).cast_signed()
}
