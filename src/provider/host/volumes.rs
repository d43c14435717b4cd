//! Volumes: making one without taking over another's, and removing one that this very order made.

use crate::address::{Address, Kind};
use crate::journal::Effect;
use crate::plain::plain;
use crate::plan::Action;
use crate::provider::engine::{Engine, Labels, LiveVolume};
use crate::provider::host::{Doing, labels};
use crate::provider::{Fault, FaultKind};
use crate::resource::{Resource, Volume};

impl<E: Engine> Doing<'_, E> {
    pub(super) async fn make_volume(&self, volume: &Volume) -> Result<Effect, Fault> {
        let effect = |note: &str| Effect { objects: vec![volume.name.clone()], note: note.to_owned() };
        if volume.external {
            self.need_volume(&volume.name, true).await?;
            return Ok(effect("present"));
        }
        if !matches!(self.order.change.action, Action::Create | Action::Replace(_)) {
            return Ok(effect(""));
        }
        let resource = Resource::Volume(volume.clone());
        let wanted = labels::all(&self.order, &volume.labels, &resource, 1);
        let live = self.calls.settled(|| self.calls.engine.create_volume(volume, &wanted)).await?;
        // The engine answers with the volume that was there before as if it had made it.
        if labels::has(&live.labels, &labels::node(self.order.scope, self.order.address())) {
            return Ok(effect(""));
        }
        let text = format!("the volume `{}` is there already and belongs to {}", volume.name, owner(&live.labels));
        Err(Fault::new(FaultKind::Conflict, text)
            .help("give it another `name`, or use it as it is with `external = true`"))
    }

    /// Removes the volume if this order made it.
    pub(super) async fn drop_volume(&self) -> Result<(), Fault> {
        let Some(Resource::Volume(volume)) = &self.order.change.after else { return Ok(()) };
        if volume.external {
            return Ok(());
        }
        let ours = |live: &LiveVolume| labels::is_made_by(&live.labels, &self.order);
        let look = || async { Ok(self.calls.volume(&volume.name).await?.filter(ours).into_iter().collect()) };
        let remove = |live: LiveVolume| async move {
            self.calls.gone(|| self.calls.engine.remove_volume(&live.volume.name)).await
        };
        self.calls.sweep(self.late(), look, remove).await
    }

    /// The engine's name of the volume that a container mounts; an engine would make a missing one on its own.
    pub(super) async fn volume_name(&self, node: &str) -> Result<String, Fault> {
        let address = Address::new(Kind::Volume, node);
        let Some(Resource::Volume(volume)) = self.order.requirement(&address) else {
            return Err(Fault::new(FaultKind::Failed, format!("the plan does not say what {address} is")));
        };
        self.need_volume(&volume.name, volume.external).await?;
        Ok(volume.name.clone())
    }

    async fn need_volume(&self, name: &str, external: bool) -> Result<(), Fault> {
        if self.calls.volume(name).await?.is_some() {
            return Ok(());
        }
        let fault = Fault::new(FaultKind::NotFound, format!("there is no volume `{name}`"));
        Err(if external {
            fault.help(format!("it is external: make it with docker volume create {name}"))
        } else {
            fault.help("run `omni plan` again: it makes what is missing")
        })
    }
}

fn owner(found: &Labels) -> String {
    match (found.get(labels::PROJECT), found.get(labels::NODE)) {
        (Some(project), Some(node)) => format!("{} of `{}`", plain(node), plain(project)),
        _ => "somebody else".to_owned(),
    }
}
