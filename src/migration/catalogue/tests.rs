use std::collections::BTreeMap;

use super::*;

/// A schema of lines `kind | name | attribute | value`; `kind | name` stands for one that exists.
fn catalogue(text: &str) -> Catalogue {
    let facts = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| {
        let mut words = line.split(" | ").map(str::to_owned);
        let mut word = |usual: &str| words.next().unwrap_or_else(|| usual.to_owned());
        (Fact { kind: word(""), name: word(""), attribute: word("exists") }, word("yes"))
    });
    Catalogue(facts.collect::<BTreeMap<_, _>>())
}

const USERS: &str = "
    schema | public
    table | public.users
    column | public.users.id
    column | public.users.name
    column | public.users.name | not null | yes
    column order | public.users | columns | id, name
    index | public.users.users_name_idx
    index | public.users.users_pkey
    index | public.users.users_pkey | backs constraint | users_pkey
    constraint | public.users.users_pkey
    trigger | public.users.touch
    table | public.users | grant to app | INSERT, SELECT
    enum | public.mood
    enum | public.mood | labels | 'a', 'b, c'
    sequence | public.users_id_seq
    sequence | public.users_id_seq | owned by | public.users.id
";

fn texts(before: &str, after: &str) -> Vec<String> {
    let (before, after) = (catalogue(before), catalogue(after));
    before.differences(&after).into_iter().map(|one| format!("{} | {}", one.text, one.brief)).collect()
}

/// The differences from `USERS` when its lines that contain `old` are written with `new`; removed where it is empty.
fn changed(old: &str, new: &str) -> Vec<String> {
    let write = |line: &str| match line.contains(old) {
        true if new.is_empty() => String::new(),
        true => line.replace(old, new),
        false => line.to_owned(),
    };
    let after = USERS.lines().map(write).collect::<Vec<_>>().join("\n");
    assert_ne!(after, USERS, "`{old}` is there");
    texts(USERS, &after)
}

#[test]
fn the_same_facts_differ_in_nothing() {
    assert_eq!(texts(USERS, USERS), Vec::<String>::new());
}

#[test]
fn what_is_kept_as_text_is_the_same_schema() {
    let before = catalogue(USERS);
    let text = before.to_text();
    assert_eq!(Catalogue::of_text(&text), Some(before.clone()));
    assert_eq!(Catalogue::of_text(&text).unwrap().fingerprint(), before.fingerprint());
    assert_eq!(Catalogue::of_text("[]"), None);
    assert!(text.len() < USERS.len() * 2, "{text}");
}

#[test]
fn what_has_become_of_a_schema_is_said_as_it_is_seen_later() {
    let since = |old: &str, new: &str| {
        let now = catalogue(&USERS.replace(old, new));
        catalogue(USERS).changes_until(&now).into_iter().map(|one| one.text).collect::<Vec<_>>()
    };
    assert_eq!(since("    index | public.users.users_name_idx\n", ""), ["index users_name_idx is gone"]);
    assert_eq!(
        since("    schema | public\n", "    schema | public\n    table | public.strays\n"),
        ["table strays is new"]
    );
    assert_eq!(since("INSERT, SELECT", "SELECT"), ["grant INSERT on users to app is gone"]);
    assert_eq!(since("INSERT, SELECT", "INSERT, SELECT, UPDATE"), ["grant UPDATE on users to app is new"]);
    assert_eq!(since("not null | yes", "not null | no"), ["column users.name: not null yes → no"]);
    assert_eq!(since("id, name", "name, id"), ["columns of users: in another order"]);
    assert_eq!(since("'a', 'b, c'", "'a'"), ["value 'b, c' of enum mood is gone"]);
}

#[test]
fn each_kind_is_said_in_one_line() {
    let name = "index users_name_idx";
    assert_eq!(changed("users_name_idx", ""), [format!("{name} is missing | LOSES {name}")]);
    assert_eq!(changed("touch", ""), ["trigger touch of users is missing | LOSES trigger touch of users"]);
    assert_eq!(
        changed("column | public.users.name | not null", ""),
        ["column users.name: not null is lost | LOSES not null of column users.name"]
    );
    assert_eq!(
        changed("INSERT, SELECT", "SELECT*, SELECT"),
        ["grant INSERT on users to app is missing, grant SELECT* on users to app is left behind | \
          LOSES grant INSERT on users to app"]
    );
    assert_eq!(changed("'a', 'b, c'", "'b, c'"), ["value 'a' of enum mood is missing | LOSES value 'a' of enum mood"]);
    assert_eq!(
        changed("'a', 'b, c'", "'b, c', 'a'"),
        ["enum mood: values in another order | CHANGES the order of enum mood"]
    );
    assert_eq!(
        changed("owned by | public.users.id", "owned by | public.users.name"),
        ["sequence users_id_seq: owned by public.users.id → public.users.name | \
          CHANGES owned by of sequence users_id_seq"]
    );
}

#[test]
fn what_is_left_behind_is_said_so() {
    let more = format!("{USERS}\nindex | app.users.other\nindex | public.users.users_name_idx | valid | no");
    assert_eq!(
        texts(USERS, &more),
        [
            "index users_name_idx is not valid | LEAVES index users_name_idx not valid",
            "index app.other is left behind | LEAVES index app.other behind",
        ]
    );
}

#[test]
fn what_goes_with_another_thing_is_not_said() {
    assert_eq!(changed("users", ""), ["table users is missing | LOSES table users"]);
    assert_eq!(
        changed("users_pkey", ""),
        ["constraint users_pkey of users is missing | LOSES constraint users_pkey of users"]
    );
    let gone = USERS.replace("column | public.users.id", "").replace("id, name", "name");
    let gone = gone.lines().filter(|line| !line.contains("users_id_seq")).collect::<Vec<_>>().join("\n");
    assert_eq!(texts(USERS, &gone), ["column users.id is missing | LOSES column users.id"]);
    let not_null = format!("{USERS}\nnot null constraint | public.users.name");
    let none = USERS.replace("column | public.users.name | not null | yes", "");
    assert_eq!(texts(&not_null, &none), ["column users.name: not null is lost | LOSES not null of column users.name"]);
}

#[test]
fn the_order_of_columns_stands_apart() {
    let (before, after) = (catalogue(USERS), catalogue(&USERS.replace("id, name", "name, id")));
    let order = before.differences(&after);
    assert_eq!(order.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(), ["column order of users"]);
    assert!(SchemaDifference::is_order_only(&order));
    assert!(!SchemaDifference::is_order_only(&[]));
    let worse = before.differences(&catalogue(&USERS.replace("id, name", "name, id").replace("'a', ", "")));
    assert_eq!(worse.len(), 2);
    assert!(!SchemaDifference::is_order_only(&worse));
}

#[test]
fn the_names_of_a_file_have_no_schema() {
    let before = "
        table | public
        column | public.a
        table | public | sql | create table
        index | public.i
        constraint | public | foreign key (a) references p (id) | on update NO ACTION";
    let after = "
        table | public
        column | public.a
        column | public.b
        table | public | sql | create table otherwise";
    assert_eq!(
        texts(before, after),
        [
            "index i is missing | LOSES index i",
            "foreign key (a) references p (id) of public is missing | \
             LOSES foreign key (a) references p (id) of public",
            "column public.b is left behind | LEAVES column public.b behind",
        ]
    );
}

#[test]
fn something_is_said_wherever_a_fact_differs() {
    // Nothing but an order of columns in which none moved: no database tells this.
    let after = USERS.replace("id, name", "id,  name");
    assert_eq!(texts(USERS, &after).len(), 1);
}
