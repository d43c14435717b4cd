//! Signals as wishes to stop: the first asks, the second insists.

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::apply::Stop;

/// Hears the signals that ask a process to end, for as long as it is kept.
pub(crate) struct Signals {
    /// Where the wishes come out.
    pub(crate) stops: mpsc::Receiver<Stop>,
    _listening: JoinSet<()>,
}

impl Signals {
    /// Wishes that do not come from the system.
    #[cfg(feature = "failpoints")]
    pub(crate) fn of(stops: mpsc::Receiver<Stop>) -> Self {
        Self { stops, _listening: JoinSet::new() }
    }

    /// Begins to listen.
    ///
    /// # Errors
    /// When the system does not let it.
    #[cfg(unix)]
    pub(crate) fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let (say, stops) = mpsc::channel(4);
        let mut listening = JoinSet::new();
        listening.spawn(async move {
            let mut heard = 0;
            loop {
                let name = tokio::select! {
                    Some(()) = interrupt.recv() => "SIGINT",
                    Some(()) = terminate.recv() => "SIGTERM",
                    Some(()) = hangup.recv() => "SIGHUP",
                    else => return,
                };
                heard += 1;
                let stop = if heard == 1 { Stop::Asked(name.to_owned()) } else { Stop::Now };
                if say.send(stop).await.is_err() {
                    return;
                }
            }
        });
        Ok(Self { stops, _listening: listening })
    }

    /// Begins to listen.
    ///
    /// # Errors
    /// When the system does not let it.
    #[cfg(not(unix))]
    pub(crate) fn listen() -> std::io::Result<Self> {
        let (say, stops) = mpsc::channel(4);
        let mut listening = JoinSet::new();
        listening.spawn(async move {
            let mut heard = 0;
            while tokio::signal::ctrl_c().await.is_ok() {
                heard += 1;
                let stop = if heard == 1 { Stop::Asked("SIGINT".to_owned()) } else { Stop::Now };
                if say.send(stop).await.is_err() {
                    return;
                }
            }
        });
        Ok(Self { stops, _listening: listening })
    }
}
