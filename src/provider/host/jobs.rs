//! Jobs: running one to its end, and running its rollback command in a container of the same make.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::failpoint::hastened;
use crate::journal::Effect;
use crate::lock::LONGEST_CALL;
use crate::observed::Status;
use crate::provider::engine::{Engine, LiveContainer};
use crate::provider::host::calls::sent;
use crate::provider::host::make::Wanted;
use crate::provider::host::{Doing, names};
use crate::provider::{Ended, Fault, FaultKind};
use crate::resource::{Job, Resource};

/// The wait before an engine that does not answer is asked again.
const PAUSE: Duration = Duration::from_millis(500);

impl<E: Engine> Doing<'_, E> {
    pub(super) async fn run_job(&self, job: &Job) -> Result<Effect, Fault> {
        let live = self.make(&self.wanted_job(job, false)).await?;
        self.run_to_end(&live, job, "the job").await?;
        Ok(Effect { objects: vec![live.id], note: "exit 0".to_owned() })
    }

    /// Runs the job's rollback command if the job was ever started; its own container is the proof that it was.
    pub(super) async fn roll_job_back(&self) -> Result<(), Fault> {
        let Some(Resource::Job(job)) = &self.order.change.after else { return Ok(()) };
        if job.rollback.is_none() {
            return Ok(());
        }
        let name = names::container(self.order.scope, self.order.address(), self.order.fence, 1);
        let ran = self.calls.container(&name).await?;
        let Some(ran) = ran.filter(|live| live.status != Status::Created) else { return Ok(()) };
        // The job must not go on while its effect is taken back.
        self.calls.stop(&ran.id, job.container.stop_grace_period.duration()).await?;
        let wanted = self.wanted_job(job, true);
        let mut live = self.make(&wanted).await?;
        if matches!(live.status, Status::Exited { code } if code != 0) {
            self.calls.remove(&live.id).await?;
            live = self.make(&wanted).await?;
        }
        (self.order.progress)("running its rollback".to_owned());
        self.run_to_end(&live, job, "the rollback of the job").await
    }

    fn wanted_job<'m>(&'m self, job: &'m Job, back: bool) -> Wanted<'m> {
        let (scope, address, fence) = (self.order.scope, self.order.address(), self.order.fence);
        let name =
            if back { names::rollback(scope, address, fence) } else { names::container(scope, address, fence, 1) };
        let resource = self.order.change.after.as_ref();
        Wanted {
            name,
            replica: 1,
            resource: resource.expect("a job is run only where the plan says what it is"),
            container: &job.container,
            command: job.rollback.as_ref().filter(|_| back),
        }
    }

    async fn run_to_end(&self, live: &LiveContainer, job: &Job, what: &str) -> Result<(), Fault> {
        if !matches!(live.status, Status::Exited { .. }) {
            self.start(live, &job.container).await?;
        }
        let Ok(ended) = timeout(job.timeout.duration(), self.until_ended(&live.id)).await else {
            let text = format!("{what} did not end within {}", job.timeout);
            return Err(Fault::new(FaultKind::Failed, text).log(self.log_of(&live.id).await));
        };
        let code = ended?;
        if code == 0 {
            return Ok(());
        }
        // The wait tells no more than the code.
        let ended = self.existing(&live.id).await.ok().and_then(|live| live.ended).filter(|ended| ended.code == code);
        let ended = ended.unwrap_or(Ended { code, out_of_memory: false });
        let fault = Fault::new(FaultKind::Failed, format!("{what} {ended}")).log(self.log_of(&live.id).await);
        Err(match ended.help() {
            Some(help) => fault.help(help),
            None => fault,
        })
    }

    /// The exit code, once it has ended. An engine that is away for a while does not end the wait.
    async fn until_ended(&self, id: &str) -> Result<i64, Fault> {
        let mut away: Option<Instant> = None;
        loop {
            match sent(self.calls.engine.wait(id)).await {
                Err(fault) if fault.kind.is_passing() => {
                    if away.get_or_insert_with(Instant::now).elapsed() >= hastened(LONGEST_CALL) {
                        return Err(fault);
                    }
                    sleep(PAUSE).await;
                }
                answer => return answer,
            }
        }
    }
}
