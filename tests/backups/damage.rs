//! What is damaged is told: every bit that flips, every byte that is missing, a wrong key, another one's manifest.

use std::collections::BTreeSet;
use std::fs;

use omni::provider::FaultKind;
use omni::provider::backup::{Consent, Inventory, Keys, Manifest, Others};
use omni::resource::Verify;

use crate::bench::{Bench, nobody};

/// Numbers that look drawn, and are the same in each run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

fn manifest_path(bench: &Bench, made: &Manifest) -> std::path::PathBuf {
    bench.folder.path().join(format!("backups/{}.json", made.name))
}

#[tokio::test]
async fn every_flipped_bit_and_every_missing_byte_is_found() {
    let bench = Bench::new();
    let url = bench.sqlite("shop.db").await;
    let identity = age::x25519::Identity::generate();
    for (to, flips) in [(nobody(), 100), (BTreeSet::from([identity.to_public().to_string()]), 50)] {
        every_damage_of(&bench, &url, &to, flips).await;
    }
}

#[tokio::test]
async fn every_damage_of_a_dump_is_found() {
    let (bench, server) = (Bench::new(), crate::postgres::Server::start().await);
    let url = server.database("shop").await;
    bench
        .session(&url)
        .await
        .run("CREATE TABLE notes AS SELECT i, md5(i::text) FROM generate_series(1, 500) i")
        .await
        .unwrap();
    every_damage_of(&bench, &url, &nobody(), 50).await;
}

/// Flips so many bits of a backup and as many of its manifest, one after the other, and cuts both off.
async fn every_damage_of(bench: &Bench, url: &str, to: &BTreeSet<String>, flips: usize) {
    let made = bench.on(url, &|_| {}).make("op1", to).await.unwrap();
    let mut dice = Dice(20_261_123);
    for path in [bench.shelf.path(&made), manifest_path(bench, &made)] {
        let whole = fs::read(&path).unwrap();
        for _ in 0..flips {
            let (at, bit) = (dice.below(whole.len()), dice.below(8));
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << bit;
            fs::write(&path, &flipped).unwrap();
            assert!(is_refused(bench, url, &made).await, "bit {bit} of byte {at} of {}", path.display());
        }
        for length in [0, 1, whole.len() / 2, whole.len() - 1] {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(is_refused(bench, url, &made).await, "{length} bytes of {}", path.display());
            assert_eq!(bench.shelf.list().await.unwrap().damaged.len(), 1);
        }
        fs::write(&path, [whole.as_slice(), b"\n"].concat()).unwrap();
        assert!(is_refused(bench, url, &made).await, "a byte more of {}", path.display());
        fs::write(&path, whole).unwrap();
    }
    assert!(!is_refused(bench, url, &made).await);
}

/// Whether what lies on the shelf is refused when it is read back.
async fn is_refused(bench: &Bench, url: &str, made: &Manifest) -> bool {
    let Ok(found) = bench.shelf.find(&made.name).await else { return true };
    bench.on(url, &|_| {}).verify(&found, Verify::Checksum).await.is_err()
}

#[tokio::test]
async fn a_missing_file_and_a_manifest_of_another_backup_are_told() {
    let bench = Bench::new();
    let url = bench.sqlite("shop.db").await;
    let backups = bench.on(&url, &|_| {});
    let (one, two) = (backups.make("op1", &nobody()).await.unwrap(), backups.make("op2", &nobody()).await.unwrap());
    fs::copy(manifest_path(&bench, &one), manifest_path(&bench, &two)).unwrap();
    let fault = bench.shelf.find(&two.name).await.unwrap_err();
    assert!(fault.message.contains("another backup"), "{fault}");
    fs::remove_file(bench.shelf.path(&one)).unwrap();
    let fault = backups.verify(&one, Verify::Checksum).await.unwrap_err();
    assert!(fault.message.contains("missing"), "{fault}");
    let listed = bench.shelf.list().await.unwrap();
    assert_eq!((listed.whole.len(), listed.damaged.len()), (0, 2));
}

#[tokio::test]
async fn an_encrypted_backup_opens_with_its_own_key_only() {
    let mut bench = Bench::new();
    let url = bench.sqlite("shop.db").await;
    let (own, other) = (age::x25519::Identity::generate(), age::x25519::Identity::generate());
    let to = BTreeSet::from([own.to_public().to_string()]);
    let made = bench.on(&url, &|_| {}).make("op1", &to).await.unwrap();
    assert_eq!(made.file, format!("{}.sqlite.gz.age", made.name));
    let stored = fs::read(bench.shelf.path(&made)).unwrap();
    assert!(stored.starts_with(b"age-encryption.org/v1"));
    let before = fs::read(bench.folder.path().join("data/shop.db")).unwrap();

    let wrong = std::iter::repeat_with(|| keys(&age::x25519::Identity::generate())).take(20);
    for keys in [Keys::default(), keys(&other)].into_iter().chain(wrong) {
        bench.keys = keys;
        let backups = bench.on(&url, &|_| {});
        backups.verify(&made, Verify::Checksum).await.unwrap();
        let fault = backups.verify(&made, Verify::Restore).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Denied, "{fault}");
        let fault = backups.restore(&made, Consent::Replace, Others::Refuse).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Denied, "{fault}");
        assert_eq!(fs::read(bench.folder.path().join("data/shop.db")).unwrap(), before);
    }
    bench.keys = keys(&own);
    let tried = bench.on(&url, &|_| {}).verify(&made, Verify::Restore).await.unwrap();
    assert!(tried.is_restorable());
    let restored = bench.on(&url, &|_| {}).restore(&made, Consent::Replace, Others::Refuse).await.unwrap();
    assert_eq!(restored.safety.unwrap().recipients, to, "the safety backup is as secret as the other");
    assert_eq!(Inventory::of(&mut *bench.session(&url).await).await.unwrap(), made.content);
}

pub(crate) fn keys(identity: &age::x25519::Identity) -> Keys {
    use age::secrecy::ExposeSecret;
    Keys::read(&format!("# created: today\n\n{}\n", identity.to_string().expose_secret())).unwrap()
}

#[tokio::test]
async fn a_recipient_that_is_none_is_told_before_anything_is_written() {
    let bench = Bench::new();
    let url = bench.sqlite("shop.db").await;
    let fault = bench.on(&url, &|_| {}).make("op1", &BTreeSet::from(["age1nobody".to_owned()])).await.unwrap_err();
    assert!(fault.message.contains("no age recipient"), "{fault}");
    assert!(bench.files().is_empty());
}

#[test]
fn a_key_is_never_shown() {
    let identity = age::x25519::Identity::generate();
    assert_eq!(format!("{:?}", keys(&identity)), "Keys(1)");
    let fault = Keys::read("AGE-SECRET-KEY-1QQQ").unwrap_err();
    assert!(!fault.message.contains("SECRET"), "{fault}");
}
