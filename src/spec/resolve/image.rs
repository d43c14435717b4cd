//! Images: those that are pulled, one per reference, and those that are built, one per service.

use super::Resolver;
use super::shared::texts;
use crate::address::{Address, Kind};
use crate::fingerprint::Fingerprint;
use crate::resource::{Build, Image, ImageSource, ImageUse, Pin, Resource};
use crate::spec::problem::Problem;
use crate::spec::raw::{RawBuild, RawContainer};
use crate::spec::suggest;
use crate::spec::syntax::image;
use crate::spec::tree::{self, Node, below};

impl Resolver<'_> {
    /// The image of the container at a path; makes the image too.
    pub(super) fn image(&mut self, raw: &RawContainer, at: &[String], name: &str) -> ImageUse {
        let image_at = below(at, "image");
        match (&raw.image, &raw.build) {
            (Some(_), Some(_)) => {
                let problem = Problem::error(
                    "omni::spec::conflict",
                    at,
                    format!("`{}` has an image and a build", tree::joined(at)),
                );
                let build = self.tree.key(&below(at, "build"));
                let problem =
                    problem.label(self.tree.key(&image_at), "an image to pull").label(build, "an image to build");
                self.problems.push(problem.help("keep one; a built image is named by omni"));
                nothing()
            }
            (None, None) => {
                // A key that was meant to be one of the two was told already.
                let keys = self.tree.at(at).and_then(Node::table).into_iter().flat_map(|table| table.keys());
                let written = keys.into_iter().any(|key| suggest::near(key, ["image", "build"]).is_some());
                if !written {
                    let problem = Problem::error(
                        "omni::spec::missing_key",
                        &image_at,
                        format!("`{}` has neither an image nor a build", tree::joined(at)),
                    );
                    let problem = problem.label(self.tree.key(at), "runs nothing");
                    self.problems.push(problem.help("add `image = \"…\"` or `build = \"./folder\"`"));
                }
                nothing()
            }
            (Some(reference), None) => self.pulled(raw, reference, &image_at),
            (None, Some(build)) => self.built(raw, build, at, name),
        }
    }

    fn pulled(&mut self, raw: &RawContainer, reference: &str, at: &[String]) -> ImageUse {
        if self.policy.require_digest && !image::has_digest(reference) {
            let problem =
                Problem::error("omni::spec::policy", at, format!("the image `{reference}` is not named by its digest"));
            self.report(
                problem.help("write it as `name:tag@sha256:…`; `policy.require_digest` demands it"),
                at,
                "may change under its name",
            );
        }
        let image = Image {
            source: ImageSource::Reference(reference.to_owned()),
            platform: raw.platform.clone(),
            pull_policy: raw.pull_policy.unwrap_or_default(),
            pin: None,
        };
        self.one_image(reference, image, at);
        ImageUse { node: reference.to_owned(), reference: reference.to_owned(), pin: None }
    }

    fn built(&mut self, raw: &RawContainer, build: &RawBuild, at: &[String], name: &str) -> ImageUse {
        let build_at = below(at, "build");
        let table = self.tree.at(&build_at).is_some_and(|node| node.table().is_some());
        let context_at = if table { below(&build_at, "context") } else { build_at.clone() };
        let context = self.inside(&build.context, &context_at);
        let dockerfile = self.inside(&build.dockerfile, &below(&build_at, "dockerfile"));
        let sent = match (&context, &dockerfile) {
            (Some(context), Some(dockerfile)) => match self.files.context(context, dockerfile) {
                Ok(sent) => sent,
                Err(reason) => {
                    self.unreadable(context, dockerfile, &reason, &build_at, &context_at);
                    Fingerprint::of_bytes(&[])
                }
            },
            _ => Fingerprint::of_bytes(&[]),
        };
        let build = Build {
            context: context.unwrap_or_default(),
            dockerfile: dockerfile.unwrap_or_default(),
            target: build.target.clone(),
            args: texts(&build.args),
            content: sent,
        };
        let whole = Fingerprint::of(&build);
        let pin = Some(Pin::Build(whole));
        let image = Image {
            source: ImageSource::Build(build),
            platform: raw.platform.clone(),
            pull_policy: raw.pull_policy.unwrap_or_default(),
            pin: pin.clone(),
        };
        self.one_image(name, image, &build_at);
        ImageUse { node: name.to_owned(), reference: format!("{}/{name}:{}", self.scope.prefix(), whole.short()), pin }
    }

    /// Reports that a build context cannot be read, or that it can, and the Dockerfile is missing in it.
    fn unreadable(&mut self, context: &str, dockerfile: &str, reason: &str, at: &[String], context_at: &[String]) {
        let path = format!("{context}/{dockerfile}");
        let gone = self.files.find(&path).err().filter(|_| self.files.find(context).is_ok());
        let (message, place, label) = if let Some(reason) = gone {
            let message = format!("the Dockerfile `{path}` cannot be read: {}", crate::plain::plain(&reason));
            let named = below(at, "dockerfile");
            let is_named = self.tree.at(&named).is_some();
            let label = if is_named { "named here".to_owned() } else { format!("has no `{dockerfile}`") };
            (message, if is_named { named } else { context_at.to_vec() }, label)
        } else {
            let reason = crate::plain::plain(reason);
            let message = format!("the build context `{context}` cannot be read: {reason}");
            (message, context_at.to_vec(), "named here".to_owned())
        };
        let problem = Problem::error("omni::spec::unreadable", at, message);
        let problem = problem.help("paths are relative to deploy.toml; the Dockerfile's, to the context");
        self.report(problem, &place, label);
    }

    /// Keeps an image, of which there is one by each name.
    fn one_image(&mut self, name: &str, image: Image, at: &[String]) {
        let address = Address::new(Kind::Image, name);
        let place = self.tree.place(at);
        let Some(Resource::Image(other)) = self.resources.get(&address) else {
            self.places.insert(address.clone(), place);
            self.resources.insert(address, Resource::Image(image));
            return;
        };
        if *other == image {
            return;
        }
        let message = format!("the image `{name}` is wanted in two ways");
        let problem = Problem::error("omni::spec::conflict", at, message).label(place, "wanted here");
        let first = self.places.get(&address).cloned().unwrap_or_default();
        let help = if other.source == image.source {
            "give both the same `platform` and `pull_policy`"
        } else {
            "one is built and one is pulled; add a tag to the one that is pulled"
        };
        self.problems.push(problem.label(first, "wanted otherwise here").help(help));
    }
}

fn nothing() -> ImageUse {
    ImageUse { node: String::new(), reference: String::new(), pin: None }
}
