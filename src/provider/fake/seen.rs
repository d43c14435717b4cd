//! What the fake tells of a container in the words of the spec: what was asked for, told apart from what the image
//! brought, with secrets as holes again wherever the value still has its mark.

use crate::fingerprint::Key;
use crate::provider::engine::{Asked, Labels, Seen};
use crate::provider::fake::container::FakeContainer;
use crate::provider::fake::image::FakeImage;
use crate::resource::{Health, Probe};
use crate::template::{Part, Template};

/// What the engine can tell of a container.
pub(super) fn seen(live: &FakeContainer, image: Option<&FakeImage>, asked: Option<&Asked>) -> Seen {
    let key = live.new.labels.get("omni.key").and_then(|hex| Key::from_hex(hex).ok());
    let as_asked = |asked: Option<&Template>, value: &Template| unfilled(asked, value, key.as_ref());
    let list = |asked: Option<&Vec<Template>>, live: &[Template]| -> Vec<Template> {
        live.iter().enumerate().map(|(at, word)| as_asked(asked.and_then(|words| words.get(at)), word)).collect()
    };
    let wanted = asked.map(|asked| &asked.container);
    let mut container = live.new.container.clone();
    container.networks.retain(|node, _| live.new.networks.iter().any(|joined| joined.node == *node));
    let command = |words: Vec<Template>| list(wanted.and_then(|wanted| wanted.command.as_ref()), &words);
    container.command = container.command.map(command);
    let entrypoint = |words: Vec<Template>| list(wanted.and_then(|wanted| wanted.entrypoint.as_ref()), &words);
    container.entrypoint = container.entrypoint.map(entrypoint);
    for (name, value) in image.map(|image| image.environment.clone()).unwrap_or_default() {
        let by_image = wanted.is_some_and(|wanted| !wanted.environment.contains_key(&name));
        if !by_image {
            container.environment.entry(name).or_insert_with(|| Template::plain(value));
        }
    }
    for (name, value) in &mut container.environment {
        *value = as_asked(wanted.and_then(|wanted| wanted.environment.get(name)), value);
    }
    container.labels = users(&live.new.labels, image);
    if let Some(wanted) = wanted {
        container.image = wanted.image.clone();
        container.configs.clone_from(&wanted.configs);
        container.depends_on.clone_from(&wanted.depends_on);
    }
    let health = asked.and_then(|asked| asked.health.as_ref());
    Seen {
        container,
        ports: live.new.ports.clone(),
        expose: live.new.expose.clone(),
        health: checked(live, health, key.as_ref()),
    }
}

/// Labels beside omni's own and the image's.
fn users(labels: &Labels, image: Option<&FakeImage>) -> Labels {
    let by_image = |name: &str, value: &str| {
        image.is_some_and(|image| image.live.labels.get(name).is_some_and(|brought| brought == value))
    };
    let own = labels.iter().filter(|(name, value)| !name.starts_with("omni.") && !by_image(name, value));
    own.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn checked(live: &FakeContainer, asked: Option<&Health>, key: Option<&Key>) -> Option<Health> {
    let mut health = live.new.health.clone()?;
    match (&mut health.probe, asked.map(|asked| &asked.probe)) {
        (Probe::Http { .. } | Probe::Tcp(_), _) => return asked.cloned(),
        (Probe::Command(words), Some(Probe::Command(wanted))) => {
            for (at, word) in words.iter_mut().enumerate() {
                *word = unfilled(wanted.get(at), word, key);
            }
        }
        _ => {}
    }
    Some(health)
}

/// The template that was asked for where the value is one that it makes; the value itself otherwise.
fn unfilled(asked: Option<&Template>, live: &Template, key: Option<&Key>) -> Template {
    let value = live.as_plain().unwrap_or_default();
    match asked.filter(|asked| makes(asked.parts(), value, key)) {
        Some(asked) => asked.clone(),
        None => live.clone(),
    }
}

fn makes(parts: &[Part], value: &str, key: Option<&Key>) -> bool {
    match parts.split_first() {
        None => value.is_empty(),
        Some((Part::Text(text), rest)) => value.strip_prefix(text.as_str()).is_some_and(|left| makes(rest, left, key)),
        Some((Part::Secret { name, mark }, rest)) => key.is_some_and(|marks| {
            let ends = (0..=value.len()).filter(|end| value.is_char_boundary(*end));
            ends.into_iter().any(|end| marks.mark(name, &value[..end]) == *mark && makes(rest, &value[end..], key))
        }),
    }
}
