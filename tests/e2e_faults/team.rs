//! A team: omnis that share no disk, with one store on a server.

use crate::middle::{Middle, two};
use crate::postgres::{PASSWORD, Server};
use crate::world::{Ran, World};

/// A server with a database, and the section of a spec that names it.
async fn server() -> (Server, String) {
    let server = Server::start().await;
    let url = server.database("team").await;
    (server, format!("[store]\nurl = \"{url}\"\n"))
}

/// The first version as it serves, and an apply of the second that waits for a service.
fn middle(name: &str, store: &str, slow: &str) -> Middle {
    let world = World::new(name);
    world.write("v1", 3, &format!("{store}{}", two("1", "0")));
    world.ends(&["apply", "--yes"], 0);
    let before = world.ids();
    world.write("v2", 3, &format!("{store}{}", two("2", slow)));
    Middle::begin(world, before)
}

#[tokio::test]
async fn two_omnis_share_one_store_and_nobody_sees_its_password() {
    let (server, _) = server().await;
    let one = World::new("team");
    let other = one.beside();
    let text =
        |version| format!("[env.TEAM_STORE]\nsecret = true\n[store]\nurl = \"${{TEAM_STORE}}\"\n{}", two(version, "0"));
    let url = server.url("team");
    let run = |world: &World, words: &[&str], code: i32| {
        let ran = Ran::of(&world.command(words).env("TEAM_STORE", &url).output().unwrap());
        assert_eq!(ran.code, Some(code), "omni {words:?}:\n{}", ran.text);
        assert!(!ran.text.contains(PASSWORD), "omni {words:?}:\n{}", ran.text);
        ran.text
    };
    one.write("v1", 3, &text("1"));
    let plan = one.path("plan");
    let plan = plan.to_str().unwrap();
    assert!(run(&one, &["doctor"], 0).contains("none yet: the first apply makes it"));
    run(&one, &["plan", "-o", plan], 0);
    assert!(!std::fs::read_to_string(plan).unwrap().contains(PASSWORD));
    run(&one, &["apply", "--yes", plan], 0);
    assert!(!one.path(".omni").exists(), "nothing is kept here");

    // The other folder knows all of it.
    other.write("v2", 3, &text("2"));
    assert!(run(&other, &["history"], 0).contains("v1"));
    let named = format!("postgres://ci@127.0.0.1:{}/team", server.port);
    assert!(run(&other, &["status"], 0).contains(&named));
    assert!(run(&other, &["doctor"], 0).contains(&named));
    for words in [&["plan", "--json"][..], &["status", "--json"], &["lock", "status", "--json"], &["doctor", "--json"]]
    {
        run(&other, words, 0);
    }
    run(&other, &["apply", "--yes"], 0);
    assert_eq!(one.versions(), ["2".to_owned()].into());
    assert!(run(&one, &["history"], 0).contains("v2"));
    run(&one, &["rollback", "--to", "v1", "--yes"], 0);
    assert_eq!(other.versions(), ["1".to_owned()].into());
    assert!(run(&other, &["status"], 0).contains("v1"));

    // Where the store lies is no part of what is deployed.
    one.write("v1", 3, &text("1"));
    let id = |text: &str| text.lines().find(|line| line.contains("\"id\"")).map(str::to_owned);
    let here = id(&run(&one, &["plan", "--json"], 0));
    let elsewhere = format!("{url}?application_name=other");
    let there =
        one.command(&["--store", &elsewhere, "plan", "--json"]).env("TEAM_STORE", "postgres://x").output().unwrap();
    assert!(here.is_some() && here == id(&String::from_utf8_lossy(&there.stdout)), "{here:?}");

    // Wrong in every way that can be wrong, and silent about the password.
    let wrong = url.replace("127.0.0.1", "127.0.0.9").replace(&format!(":{}/", server.port), ":1/");
    for (wrong, code) in
        [(wrong.as_str(), 7), (&url.replace("/team", "/none"), 7), (&url.replace("postgres", "mysql"), 2)]
    {
        for words in [&["status"][..], &["plan", "--json"], &["apply", "--yes"], &["doctor"], &["--help"]] {
            let ran = Ran::of(&one.command(words).env("OMNI_STORE", wrong).env("TEAM_STORE", &url).output().unwrap());
            assert!(!ran.text.contains(PASSWORD), "omni {words:?}:\n{}", ran.text);
            let ends = if *words == ["--help"] { 0 } else { code };
            assert_eq!(ran.code, Some(ends), "omni {words:?}:\n{}", ran.text);
        }
    }
}

#[tokio::test]
async fn an_apply_goes_on_where_its_connection_is_cut_or_the_server_was_killed() {
    let (mut server, store) = server().await;
    let middle = middle("cut", &store, "3000");
    assert!(server.cut("team").await >= 1);
    server.kill();
    server.start_again(&[]).await;
    let (world, before, ran) = middle.end();
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    assert_eq!(world.versions(), ["2".to_owned()].into());
    assert!(world.ids().values().all(|id| !before.values().any(|old| old == id)));
    assert!(world.ends(&["history"], 0).text.contains("v2"));
    assert!(world.anchors().is_empty());
    world.ends(&["plan", "--exit-code"], 0);
}

#[tokio::test]
async fn an_apply_whose_server_stays_away_ends_truthfully_and_is_recovered() {
    let (mut server, store) = server().await;
    let middle = middle("away", &store, "1500");
    server.kill();
    let (world, before, ran) = middle.end();
    // What it could not write down it may have undone; or it stopped, because it could not renew its lock either.
    assert!(matches!(ran.code, Some(3 | 5)) && ran.text.contains("omni recover"), "{:?}: {}", ran.code, ran.text);
    assert!(!ran.text.contains(PASSWORD), "{}", ran.text);
    server.start_again(&[]).await;
    // Another folder ends it.
    let other = world.beside();
    std::fs::copy(world.path("deploy.toml"), other.path("deploy.toml")).unwrap();
    other.ends(&["recover"], 0);
    assert_eq!(world.ids(), before, "{}", ran.text);
    assert!(world.leaked().is_empty() && world.anchors().is_empty());
    other.ends(&["apply", "--yes"], 0);
    assert_eq!(world.versions(), ["2".to_owned()].into());
}

#[tokio::test]
async fn an_omni_that_was_killed_is_recovered_by_another() {
    let (_server, store) = server().await;
    let mut middle = middle("slain", &store, "60000");
    let other = middle.world.beside();
    std::fs::copy(middle.world.path("deploy.toml"), other.path("deploy.toml")).unwrap();
    other.ends(&["apply", "--yes"], 5);
    middle.child.kill().unwrap();
    let (world, before, _) = middle.end();
    let killed = std::time::Instant::now();
    other.ends(&["recover"], 0);
    println!("recovered {:?} after the kill", killed.elapsed());
    assert_eq!(world.ids(), before);
    assert!(world.leaked().is_empty() && world.anchors().is_empty());
    let text = other.ends(&["lock", "status"], 0).text;
    assert!(text.contains("free"), "{text}");
}
