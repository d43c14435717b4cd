//! What a live container may use, and what the engine does when it ends.

use std::collections::BTreeMap;

use bollard::models::{HostConfig, RestartPolicy, RestartPolicyNameEnum};

use super::Known;
use crate::provider::docker::create::{EQUAL_SHARES, bytes, cpu_shares, nano_cpus};
use crate::provider::docker::reading::{number, sorted};
use crate::resource::{Limits, Logging, Reservations, Restart, Ulimit};
use crate::units::{Bytes, Cpus};

const BILLION: u64 = 1_000_000_000;

impl Known<'_> {
    pub(super) fn ulimits(&self) -> BTreeMap<String, Ulimit> {
        let asked = self.asked.map(|asked| &asked.container.ulimits);
        let all = self.host.ulimits.iter().flatten().filter_map(|limit| {
            Some((limit.name.clone()?, Ulimit { soft: limit.soft.unwrap_or(0), hard: limit.hard.unwrap_or(0) }))
        });
        all.filter(|(name, _)| asked.is_none_or(|asked| asked.contains_key(name))).collect()
    }

    pub(super) fn shm_size(&self) -> Option<Bytes> {
        match self.asked.map(|asked| asked.container.shm_size) {
            Some(None) => None,
            asked => number(self.host.shm_size, asked.flatten(), bytes, Bytes::new),
        }
    }

    pub(super) fn logging(&self) -> Option<Logging> {
        let live = self.host.log_config.as_ref()?;
        let mut options = sorted(live.config.as_ref());
        if let Some(asked) = self.asked {
            let asked = asked.container.logging.as_ref()?;
            options.retain(|name, _| asked.options.contains_key(name));
        }
        Some(Logging { driver: live.typ.clone().unwrap_or_default(), options })
    }
}

/// The most a container may use.
pub(super) fn limits(host: &HostConfig, asked: Option<Limits>) -> Limits {
    let asked = asked.unwrap_or_default();
    // Set by hand, processors may be given as a share of a period instead.
    let share = match (host.cpu_quota.unwrap_or(0), host.cpu_period.unwrap_or(0)) {
        (quota, _) if quota <= 0 => None,
        (quota, period) => quota.checked_mul(1_000_000_000).map(|all| all / if period > 0 { period } else { 100_000 }),
    };
    Limits {
        cpus: number(host.nano_cpus.filter(|nanos| *nanos > 0).or(share), asked.cpus, nano_cpus, Cpus::from_nanos),
        memory: number(host.memory, asked.memory, bytes, Bytes::new),
        pids: number(host.pids_limit, asked.pids, |pids| pids, |pids| i64::try_from(pids).unwrap_or(i64::MAX)),
    }
}

/// What is kept for a container.
pub(super) fn reservations(host: &HostConfig, asked: Option<Reservations>) -> Reservations {
    let asked = asked.unwrap_or_default();
    // Taken away by hand or by omni, a reservation leaves the weight that everybody has.
    let shares = host.cpu_shares.filter(|shares| asked.cpus.is_some() || *shares != EQUAL_SHARES);
    Reservations {
        cpus: number(shares, asked.cpus, cpu_shares, of_shares),
        memory: number(host.memory_reservation, asked.memory, bytes, Bytes::new),
    }
}

/// The roundest number of processors that has this weight: what people wrote is round, and a weight is coarse.
fn of_shares(shares: u64) -> Cpus {
    let (least, end) =
        (shares.saturating_mul(BILLION).div_ceil(1024), (shares + 1).saturating_mul(BILLION).div_ceil(1024));
    let grains = std::iter::successors(Some(BILLION), |grain| (*grain > 1).then_some(grain / 10));
    let round = grains.map(|grain| least.div_ceil(grain) * grain).find(|nanos| *nanos < end);
    Cpus::from_nanos(round.unwrap_or(least))
}

/// What the engine does when it ends.
pub(super) fn restart(policy: Option<&RestartPolicy>) -> Restart {
    let count = policy.and_then(|policy| policy.maximum_retry_count).and_then(|count| u32::try_from(count).ok());
    match policy.and_then(|policy| policy.name) {
        Some(RestartPolicyNameEnum::ALWAYS) => Restart::Always,
        Some(RestartPolicyNameEnum::UNLESS_STOPPED) => Restart::UnlessStopped,
        Some(RestartPolicyNameEnum::ON_FAILURE) => Restart::OnFailure(count.unwrap_or(0)),
        Some(RestartPolicyNameEnum::NO | RestartPolicyNameEnum::EMPTY) | None => Restart::No,
    }
}

#[cfg(test)]
mod tests {
    use super::of_shares;
    use crate::provider::docker::create::cpu_shares;
    use crate::units::Cpus;

    #[test]
    fn a_round_reservation_is_read_as_it_was_written() {
        for thousandths in 3..4_000 {
            let written = Cpus::from_nanos(thousandths * 1_000_000);
            let shares = u64::try_from(cpu_shares(written)).expect("a weight");
            assert_eq!(of_shares(shares), written);
        }
    }
}
