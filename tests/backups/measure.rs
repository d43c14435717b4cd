//! How much memory and time a large database takes. Run by hand; `OMNI_MEASURE_MIB` says how large it is.

use std::time::Instant;

use omni::provider::backup::size;
use omni::resource::Verify;

use crate::bench::{Bench, nobody};
use crate::postgres::Server;

#[ignore = "minutes, and a gibibyte: run by hand, for the figures that the documents quote"]
#[tokio::test]
async fn a_large_database_is_backed_up_and_restored_with_flat_memory() {
    #[expect(clippy::disallowed_methods, reason = "the size comes from outside")]
    let mebibytes: u64 = std::env::var("OMNI_MEASURE_MIB").map_or(1024, |text| text.parse().unwrap());
    let server = Server::start().await;
    let (bench, url) = (Bench::new(), server.database("shop").await);
    // Half of each row can be packed, half cannot.
    let fill = "CREATE TABLE large AS SELECT i AS id, repeat('word ', 100) AS text, \
         decode(string_agg(md5(i || ' ' || j), ''), 'hex') AS raw \
         FROM generate_series(1, 1024) i, generate_series(1, 32) j GROUP BY i; ALTER TABLE large ADD PRIMARY KEY (id)";
    server.sql("shop", fill).await;
    for _ in 1..mebibytes {
        server
            .sql(
                "shop",
                "INSERT INTO large SELECT id + (SELECT max(id) FROM large), text, raw FROM large WHERE id <= 1024",
            )
            .await;
    }
    let backups = bench.on(&url, &|line| println!("  {line}"));
    println!("{} KiB at first", peak());
    let begun = Instant::now();
    let made = backups.make("manual", &nobody()).await.unwrap();
    println!("made: {} in {:?}, at most {} KiB", size(made.size), begun.elapsed(), peak());
    let begun = Instant::now();
    backups.verify(&made, Verify::Restore).await.unwrap();
    println!("restored and compared in {:?}, at most {} KiB", begun.elapsed(), peak());
}

/// The most memory that this process ever had.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
