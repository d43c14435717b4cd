//! `Behaviour`: what the process in a container of the fake does.

use std::time::Duration;

use crate::provider::engine::NewContainer;

/// What the process in a container does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// It runs, and is healthy so long after its start.
    Serves(Duration),
    /// It runs and is never healthy.
    NeverHealthy,
    /// It ends with this code so long after its start.
    Ends(i64, Duration),
}

impl Behaviour {
    /// What a container does: the command `exit CODE MS`, else the variable `BEHAVIOUR` (`serve:MS`, `never`,
    /// `exit:CODE:MS`), else what its image does.
    pub(super) fn of(new: &NewContainer, image: Self) -> Self {
        let command: Vec<_> = new.container.command.iter().flatten().filter_map(|word| word.as_plain()).collect();
        if let ["exit", rest @ ..] = command.as_slice() {
            return Self::Ends(number(rest.first()), millis(rest.get(1)));
        }
        let variable = new.container.environment.get("BEHAVIOUR").and_then(|value| value.as_plain());
        let words: Vec<_> = variable.unwrap_or_default().split(':').collect();
        match words.as_slice() {
            ["serve", rest @ ..] => Self::Serves(millis(rest.first())),
            ["never"] => Self::NeverHealthy,
            ["exit", rest @ ..] => Self::Ends(number(rest.first()), millis(rest.get(1))),
            _ => image,
        }
    }
}

fn number(word: Option<&&str>) -> i64 {
    word.and_then(|word| word.parse().ok()).unwrap_or_default()
}

fn millis(word: Option<&&str>) -> Duration {
    Duration::from_millis(word.and_then(|word| word.parse().ok()).unwrap_or_default())
}
