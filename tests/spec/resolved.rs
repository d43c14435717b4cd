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
