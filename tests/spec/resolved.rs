//! What a resolved spec offers to others: pins, fingerprints, places, and the vault beside it.

use std::collections::BTreeMap;

use omni::address::{Address, Kind};
use omni::resource::{Pin, Resource};

use crate::world::Case;

const TWO: &str = "#> set TOKEN=correct-horse\n[project]\nname = \"shop\"\n[env.TOKEN]\nsecret = true\n\
    [services.api]\nimage = \"shop/web:1\"\nenvironment = { T = \"<${TOKEN}>\" }\n\
    [services.web]\nimage = \"shop/web:1\"\n[services.own]\nbuild = \"./own\"\nconfigs = { \"/etc/own\" = \"own.conf\" }\n";

#[test]
fn a_pin_reaches_the_image_and_every_use_of_it() {
    let (spec, _) = Case::new("pins", TWO).resolve().expect("a valid spec");
    let pin = Pin::Digest("sha256:1".to_owned());
    let pinned = spec.pinned(&BTreeMap::from([(Address::new(Kind::Image, "shop/web:1"), pin.clone())]));
    assert!(
        matches!(&pinned[&Address::new(Kind::Image, "shop/web:1")], Resource::Image(image) if image.pin == Some(pin.clone()))
    );
    for name in ["api", "web"] {
        assert_eq!(pinned[&Address::service(name)].container().expect("a container").image.pin, Some(pin.clone()));
    }
    let own = &pinned[&Address::service("own")].container().expect("a container").image;
    assert!(matches!(own.pin, Some(Pin::Build(_))), "a build has its pin at once");
    assert!(own.reference.starts_with("shop/own:"));
}

#[test]
fn the_fingerprint_follows_what_is_deployed_and_nothing_else() {
    let of = |text: &str| Case::new("fingerprint", text).resolve().expect("a valid spec").0.fingerprint();
    assert_eq!(of(TWO), of(&format!("{TWO}\n# a comment\n")));
    assert_eq!(of(TWO), of(&omni::spec::format(TWO).expect("a canonical spec")));
    assert_ne!(of(TWO), of(&TWO.replace("correct-horse", "battery-staple")), "another secret");
    assert_ne!(of(TWO), of(&TWO.replace("./own", "./other")), "another build");
    assert_ne!(of(TWO), of(&TWO.replace("\"shop\"", "\"shop2\"")), "another project");
    assert_ne!(of(TWO), of(&format!("{TWO}[rollback]\nretain = 9\n")), "another policy");
}

#[test]
fn the_vault_fills_what_the_spec_only_names() {
    let (spec, vault) = Case::new("vault", TWO).resolve().expect("a valid spec");
    let container = |name| spec.resources[&Address::service(name)].container().expect("a container");
    let value = &container("api").environment["T"];
    assert!(value.is_secret() && !value.to_string().contains("horse"));
    assert_eq!(value.fill(&vault).as_deref(), Ok("<correct-horse>"));
    let file = &container("own").configs["/etc/own"];
    assert_eq!(vault.file(&file.content), Ok(b"content of own.conf".as_slice()));
}

#[test]
fn a_thing_knows_where_it_is_written() {
    let (spec, _) = Case::new("place", TWO).resolve().expect("a valid spec");
    let text = |address: Address| spec.place(&address).map(|place| &spec.source().text()[place]);
    assert_eq!(text(Address::service("api")), Some("api"));
    assert_eq!(text(Address::new(Kind::Image, "own")), Some("\"./own\""));
    assert_eq!(text(Address::new(Kind::Network, "default")), None, "it is implied");
}

#[test]
fn whoever_is_led_to_a_database_uses_it() {
    let uses = |url: &str, of_web: &str| {
        let text = format!(
            "#> set PASSWORD=correct-horse\n#> set WHOLE_SECRET=postgres://db/shop\n[project]\nname = \"shop\"\n\
             [env.PASSWORD]\nsecret = true\n[env.WHOLE_SECRET]\nsecret = true\n\
             [services.db]\nimage = \"postgres:16\"\nenvironment = {{ SELF = \"postgres://db/shop\" }}\n\
             networks = {{ back = {{ aliases = [\"Postgres\"] }} }}\n[networks.back]\n\
             [services.web]\nimage = \"shop/web:1\"\nnetworks = [\"back\"]\n{of_web}\n\
             [databases.shop]\nurl = \"{url}\"\nservice = \"db\"\n"
        );
        let (spec, _) = Case::new("uses", &text).resolve().expect("a valid spec");
        let of = |name| spec.resources[&Address::service(name)].container().expect("a container").databases.clone();
        assert!(of("db").is_empty(), "who runs it does not use it");
        of("web").contains("shop")
    };
    let url = "postgres://shop:${PASSWORD}@127.0.0.1:5499/shop";
    for (wanted, environment) in [
        (true, "postgres://web:${PASSWORD}@db/shop"),
        (true, "postgresql://web:${PASSWORD}@db:5432/shop?sslmode=disable"),
        (true, "postgres://POSTGRES/shop"),
        (true, "--dsn=postgres://127.0.0.1:5499/shop --quiet"),
        (true, "jdbc:postgresql://db:5432/shop"),
        (false, "postgres://127.0.0.1/shop"),
        (false, "postgres://db/other"),
        (false, "postgres://other/shop"),
        (false, "mysql://db/shop"),
        (false, "db"),
        (false, "${WHOLE_SECRET}"),
        (false, ""),
    ] {
        assert_eq!(uses(url, &format!("environment = {{ A = \"{environment}\" }}")), wanted, "{environment}");
    }
    assert!(uses(url, "depends_on = [\"db\"]"));
    assert!(uses("${WHOLE_SECRET}", "environment = { A = \"${WHOLE_SECRET}\" }"), "known by the secret's name");
    assert!(uses("${WHOLE_SECRET}", "environment = { A = \"postgres://db/any\" }"), "its name cannot be told");
    assert!(!uses("${WHOLE_SECRET}", "environment = { A = \"postgres://other/shop\" }"));
}

#[test]
fn a_file_is_used_by_whoever_sees_its_folder() {
    for (wanted, mount) in
        [(true, "./data:/x"), (true, "./data/in:/x"), (true, ".:/x"), (false, "./dat:/x"), (false, "data:/x")]
    {
        let text = format!(
            "[project]\nname = \"shop\"\n[volumes.data]\n[services.web]\nimage = \"shop/web:1\"\n\
             volumes = [\"{mount}\"]\n[databases.notes]\nurl = \"sqlite://./data/in/notes.db?mode=rwc\"\n"
        );
        let (spec, _) = Case::new("file", &text).resolve().expect("a valid spec");
        let web = spec.resources[&Address::service("web")].container().expect("a container");
        assert_eq!(web.databases.contains("notes"), wanted, "{mount}");
    }
}

#[test]
fn the_vault_holds_every_script_and_each_knows_the_one_before() {
    let text = "#> file db/1_a.up.sql=CREATE TABLE a (x int);;\n#> file db/1_a.down.sql=DROP TABLE a;;\n\
                #> file db/2_b.up.sql=CREATE TABLE b (x int);;\n#> file db/2_b.down.sql=DROP TABLE b;;\n\
                #> file db/10_c.up.sql=CREATE TABLE c (x int);;\n#> file db/10_c.down.sql=DROP TABLE c;;\n\
                [project]\nname = \"shop\"\n[databases.shop]\nurl = \"postgres://db/shop\"\n\
                [migrations.shop]\ndir = \"./db\"\nlayout = \"golang-migrate\"\n";
    let (spec, vault) = Case::new("scripts", text).resolve().expect("a valid spec");
    let mut before = None;
    for name in ["1_a", "2_b", "10_c"] {
        let address = Address::migration("shop", name);
        let migration = spec.resources[&address].migration().expect("a migration");
        let previous = migration.previous.as_ref().map(|previous| previous.name.as_str());
        assert_eq!(previous, before, "{name}");
        for sheet in migration.sheets() {
            let kept = String::from_utf8(vault.file(&sheet.content).expect("it is kept").to_vec()).expect("a text");
            assert!(kept.contains(&format!("TABLE {} ", &name[name.len() - 1..])) || kept.contains("DROP"), "{kept}");
        }
        assert_eq!(spec.place(&address).map(|place| &text[place]), Some("\"./db\""));
        before = Some(name);
    }
}
