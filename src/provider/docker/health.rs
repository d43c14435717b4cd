//! Health checks as the engine runs them, and what it runs in the words of the spec.

use std::time::Duration;

use bollard::models::HealthConfig;

use crate::provider::Fault;
use crate::provider::docker::words;
use crate::resource::{Health, Probe};
use crate::template::Template;
use crate::units::Period;

/// The engine's own answers where a check leaves them open.
const INTERVAL: Period = Period::seconds(30);
const TIMEOUT: Period = Period::seconds(30);
const RETRIES: u32 = 3;
const SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// The check to give to the engine; none where it is omni's to run or the image's own holds.
pub(super) fn config(health: Option<&Health>) -> Result<Option<HealthConfig>, Fault> {
    let Some(health) = health else { return Ok(None) };
    let test = match &health.probe {
        Probe::Off => return Ok(Some(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..Default::default() })),
        Probe::Http { .. } | Probe::Tcp(_) => return Ok(None),
        Probe::Command(command) => {
            let mut test = vec!["CMD".to_owned()];
            test.extend(words::filled(command)?);
            test
        }
    };
    Ok(Some(HealthConfig {
        test: Some(test),
        interval: Some(nanos(health.interval)),
        timeout: Some(nanos(health.timeout)),
        retries: Some(i64::from(health.retries)),
        start_period: Some(nanos(health.start_period)),
        start_interval: None,
    }))
}

/// Whether the engine runs the image's own check, if any, where this is asked for.
pub(super) fn left_to_image(asked: Option<&Health>) -> bool {
    asked.is_none_or(|asked| matches!(asked.probe, Probe::Http { .. } | Probe::Tcp(_)))
}

/// The check that a live container has, as asked for where it may be that. `image` is the image's own.
pub(super) fn seen(
    live: Option<&HealthConfig>,
    image: Option<&HealthConfig>,
    asked: Option<&Health>,
    shell: Option<&[String]>,
) -> Option<Health> {
    let live = live.filter(|live| !live.test.as_deref().unwrap_or_default().is_empty());
    let is_image = live == image || live.is_none();
    if is_image && left_to_image(asked) { asked.cloned() } else { told(live?, asked, image, shell) }
}

/// The check in the words of the spec; none where the engine has none.
pub(super) fn told(
    live: &HealthConfig,
    asked: Option<&Health>,
    image: Option<&HealthConfig>,
    shell: Option<&[String]>,
) -> Option<Health> {
    let (kind, rest) = live.test.as_deref().unwrap_or_default().split_first()?;
    let off = kind == "NONE";
    if off && asked.is_some_and(|asked| asked.probe == Probe::Off) {
        return asked.cloned();
    }
    let probe = if off {
        Probe::Off
    } else {
        let asked = asked.and_then(|asked| match &asked.probe {
            Probe::Command(words) => Some(words.as_slice()),
            Probe::Http { .. } | Probe::Tcp(_) | Probe::Off => None,
        });
        Probe::Command(words::seen_list(&command(kind, rest, shell), asked))
    };
    let image = image.cloned().unwrap_or_default();
    let time = |live: Option<i64>, image: Option<i64>, asked: Option<Period>, default: Period| match asked {
        // The engine fills a time of zero with the image's.
        Some(asked) if live.unwrap_or(0) == nanos(asked) || (nanos(asked) == 0 && live == image) => asked,
        _ => live.filter(|live| *live > 0).map_or(default, period),
    };
    let retries = live.retries.and_then(|retries| u32::try_from(retries).ok()).filter(|retries| *retries > 0);
    let retries_kept = |asked: &Health| asked.retries == 0 && live.retries.unwrap_or(0) == image.retries.unwrap_or(0);
    Some(Health {
        probe,
        interval: time(live.interval, image.interval, asked.map(|asked| asked.interval), INTERVAL),
        timeout: time(live.timeout, image.timeout, asked.map(|asked| asked.timeout), TIMEOUT),
        retries: if asked.is_some_and(retries_kept) { 0 } else { retries.unwrap_or(RETRIES) },
        start_period: time(
            live.start_period,
            image.start_period,
            asked.map(|asked| asked.start_period),
            Period::seconds(0),
        ),
    })
}

/// The check an image brings, as the words of its command.
pub(super) fn of_image(config: Option<&HealthConfig>, shell: Option<&[String]>) -> Option<Health> {
    let health = told(config?, None, None, shell)?;
    Some(health).filter(|health| health.probe != Probe::Off && health.probe != Probe::Command(Vec::<Template>::new()))
}

fn command(kind: &str, rest: &[String], shell: Option<&[String]>) -> Vec<String> {
    if kind != "CMD-SHELL" {
        return rest.to_vec();
    }
    let shell = shell.filter(|shell| !shell.is_empty());
    let shell = shell.map_or_else(|| SHELL.map(str::to_owned).to_vec(), <[String]>::to_vec);
    shell.into_iter().chain(rest.iter().cloned()).collect()
}

fn nanos(period: Period) -> i64 {
    i64::try_from(period.duration().as_nanos()).unwrap_or(i64::MAX)
}

fn period(nanos: i64) -> Period {
    let duration = Duration::from_nanos(u64::try_from(nanos).unwrap_or(0));
    format!("{}us", duration.as_micros()).parse().unwrap_or_default()
}
