//! Which fields only omni knows: the engine's objects do not carry them, so changing them touches no object.

use crate::resource::{Health, Probe, Resource};

impl Resource {
    /// Takes over from `recorded`, an earlier record of the same thing, the fields that only omni knows.
    pub fn adopt_settings(&mut self, recorded: &Self) {
        match (&mut *self, recorded) {
            (Self::Service(mine), Self::Service(theirs)) => {
                mine.replicas = theirs.replicas;
                mine.update = theirs.update;
                mine.rollback.clone_from(&theirs.rollback);
                if !is_engines(mine.healthcheck.as_ref()) && !is_engines(theirs.healthcheck.as_ref()) {
                    mine.healthcheck.clone_from(&theirs.healthcheck);
                }
            }
            (Self::Job(mine), Self::Job(theirs)) => {
                mine.timeout = theirs.timeout;
                mine.rollback.clone_from(&theirs.rollback);
                mine.side_effects = theirs.side_effects;
            }
            (Self::Volume(mine), Self::Volume(theirs)) => mine.shared = theirs.shared,
            _ => {}
        }
        if let (Some(mine), Some(theirs)) = (self.container_mut(), recorded.container()) {
            mine.depends_on.clone_from(&theirs.depends_on);
            mine.databases.clone_from(&theirs.databases);
            if mine.image.pin == theirs.image.pin {
                mine.image.clone_from(&theirs.image);
            }
        }
    }

    /// Whether going from `self` to `after` leaves every object on the engine as it is.
    #[must_use]
    pub fn differs_in_settings_only(&self, after: &Self) -> bool {
        let mut settled = self.clone();
        settled.adopt_settings(after);
        if let (Self::Service(settled), Self::Service(before)) = (&mut settled, self) {
            settled.replicas = before.replicas;
        }
        settled == *after
    }

    /// Whether going from `self` to `after` can be done where the objects stand, without making new ones: another
    /// number of replicas, other limits (the engine can change a limit but not lift it, so setting the first one could
    /// not be taken back), another restart rule.
    #[must_use]
    pub fn can_update_to(&self, after: &Self) -> bool {
        let (Self::Service(from), Self::Service(to)) = (self, after) else {
            return self.differs_in_settings_only(after);
        };
        let (old, new) = (&from.container, &to.container);
        let sets_or_lifts = old.limits.cpus.is_some() != new.limits.cpus.is_some()
            || old.limits.memory.is_some() != new.limits.memory.is_some()
            || old.limits.pids.is_some() != new.limits.pids.is_some()
            || old.reservations.cpus.is_some() != new.reservations.cpus.is_some()
            || old.reservations.memory.is_some() != new.reservations.memory.is_some();
        if sets_or_lifts {
            return false;
        }
        let mut moved = from.clone();
        moved.replicas = to.replicas;
        moved.container.limits = to.container.limits;
        moved.container.reservations = to.container.reservations;
        moved.container.restart = to.container.restart;
        Self::Service(moved).differs_in_settings_only(after)
    }
}

/// Whether the engine runs this health check, so that its container carries it.
fn is_engines(health: Option<&Health>) -> bool {
    matches!(health.map(|health| &health.probe), Some(Probe::Command(_) | Probe::Off))
}
