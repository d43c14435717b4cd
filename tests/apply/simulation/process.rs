//! `Process`: one omni as its machine sees it: it runs, is stopped for a while, and may die at any moment.
//!
//! A process that is stopped (SIGSTOP) is not polled, and one that dies is dropped: what it had called goes on without
//! it. Every call that it sends is noted as its own.

use std::pin::Pin;
use std::task::{Context, Poll};

use omni::lock::Holder;
use tokio::time::{Instant, Sleep};

use crate::apply::simulation::annals::Annals;
use crate::apply::simulation::nature;

/// What will happen to a process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fate {
    pub(crate) dies: Option<Instant>,
    /// When it is stopped, and when it goes on.
    pub(crate) stops: Vec<(Instant, Instant)>,
}

/// One omni.
pub(crate) struct Process<'a, T> {
    life: Pin<Box<dyn Future<Output = T> + 'a>>,
    host: usize,
    who: usize,
    holder: Holder,
    fate: Fate,
    annals: &'a Annals,
    alarm: Pin<Box<Sleep>>,
    was_stopped: bool,
}

impl<'a, T> Process<'a, T> {
    pub(crate) fn new(
        (who, host): (usize, usize),
        holder: Holder,
        fate: Fate,
        annals: &'a Annals,
        life: impl Future<Output = T> + 'a,
    ) -> Self {
        let alarm = Box::pin(tokio::time::sleep_until(Instant::now()));
        nature::lives(&holder, true);
        Self { life: Box::pin(life), host, who, holder, fate, annals, alarm, was_stopped: false }
    }

    /// Waits for a moment; ready where it is there.
    fn wait(&mut self, until: Instant, cx: &mut Context<'_>) -> Poll<()> {
        self.alarm.as_mut().reset(until);
        self.alarm.as_mut().poll(cx)
    }
}

impl<T> Future for Process<'_, T> {
    /// None where it died.
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            let now = Instant::now();
            if this.fate.dies.is_some_and(|dies| dies <= now) {
                nature::lives(&this.holder, false);
                this.annals.died(this.who);
                return Poll::Ready(None);
            }
            if let Some((_, until)) = this.fate.stops.iter().copied().find(|(from, until)| *from <= now && now < *until)
            {
                if !this.was_stopped {
                    this.was_stopped = true;
                    this.annals.stopped(this.who, until - now);
                }
                let until = this.fate.dies.map_or(until, |dies| dies.min(until));
                if this.wait(until, cx).is_ready() {
                    continue;
                }
                return Poll::Pending;
            }
            this.was_stopped = false;
            nature::at(this.host);
            this.annals.polls(Some(this.who));
            let answer = this.life.as_mut().poll(cx);
            this.annals.polls(None);
            if let Poll::Ready(answer) = answer {
                nature::lives(&this.holder, false);
                return Poll::Ready(Some(answer));
            }
            let stops = this.fate.stops.iter().map(|(from, _)| *from);
            let Some(next) = stops.chain(this.fate.dies).filter(|at| *at > now).min() else { return Poll::Pending };
            if this.wait(next, cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}
