"""Beside the tests: bake the image that the commit will need if it passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowRescheduleException, AirflowTaskTimeout

from slipway.exceptions import EarlyBakeFutile
from slipway.hooks.apt.aptly import Aptly
from slipway.hooks.apt.candidates import of_candidates
from slipway.hooks.apt.connection import AptRepository, apt_repository
from slipway.hooks.apt.publication import add_packages, as_published, kinds
from slipway.hooks.aws.connection import account, aws_client
from slipway.hooks.aws.machine_images import ImageCatalogue
from slipway.hooks.docker.connection import container_engine
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.image_records import ImageRecord
from slipway.hooks.store.installation import installation_name
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.hooks.tools.awaited import can_wait
from slipway.hooks.tools.packer import Bake
from slipway.model.event import EventKind
from slipway.model.facts import (
    Checkout,
    DebPackage,
    Json,
    PackageVariant,
    PublishedPackage,
    Release,
)
from slipway.operators.check_freeze import held_up
from slipway.operators.images.bakes import GRACE, BakeOperator, Baker, own_name
from slipway.policies.freeze_windows import FreezeWindow
from slipway.tasks.controls.allowed import require_open
from slipway.tasks.images.awaited_package import AwaitedPackage
from slipway.tasks.images.early import (
    as_candidate,
    candidate_name,
    from_candidates,
    signed_early,
    still_there,
)
from slipway.tasks.images.layers import Layers
from slipway.tasks.images.search import KnownImages, known_images
from slipway.tasks.kept_facts import CHECKOUT, forget_fact, keep_fact, run_facts, same_as_kept
from slipway.tasks.making_way.side_by_side import SideBySide
from slipway.tasks.naming import bake_name, container_name, labels

if TYPE_CHECKING:
    from airflow.sdk import Context


# Seconds for a publication whose container was taken away to let go of its turn.
_LAST = 10.0


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    """What is baked early.

    :param deb: the package.
    :param plan: of the release's image.
    :param variables: the playbook's, on the builder of the candidate.
    """

    deb: DebPackage
    plan: Bake
    variables: Mapping[str, Any]


class BakeEarlyOperator(BakeOperator):
    """Bake an image of a commit that is still being tested, for `bake_image` to take on.

    The package comes from a distribution of candidates, which no machine looks into, and the image
    carries nobody's version. It decides nothing: where it cannot be baked early, whatever the
    reason, the log says why, and the image is baked once the commit has passed.

    :param checkout: :class:`slipway.model.facts.Checkout` as JSON.
    :param environment: which one the image is for.
    :param admission: of it; nothing is baked early while its commits are held or stopped.
    :param windows: when nothing is deployed there, so that nothing is baked either.
    :param deploys_tags: the run of a tag deploys as well.
    :param apt_conn_id: the repository (:mod:`slipway.hooks.apt.connection`).
    :returns: :class:`slipway.hooks.store.image_records.ImageRecord` as JSON; None without image.

    Example::

        early = BakeEarlyOperator(
            task_id="bake_early",
            checkout=checkout.output,
            unit="shop.service",
            config={"PORT": "8000"},
            account=Account(aws_conn_id="aws_default", region="eu-west-1"),
            environment="dev",
        )
    """

    template_fields: Sequence[str] = ("checkout",)

    def __init__(
        self,
        *,
        checkout: Any,
        environment: str,
        windows: Sequence[FreezeWindow] = (),
        deploys_tags: bool = True,
        apt_conn_id: str = "slipway_apt",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.checkout = checkout
        self.environment = environment
        self.windows = tuple(windows)
        self.deploys_tags = deploys_tags
        self.apt_conn_id = apt_conn_id

    def execute(self, context: Context) -> Json | None:
        """Publish a candidate and bake of it; what an earlier try baked is found again."""
        ti: Any = context.get("ti")
        if ti is not None and ti.try_number > 1:
            # Before anything may end this one: a builder costs money for as long as it is there.
            self._sweep_before(context)
        with SideBySide(self, context):
            try:
                return self._early(context)
            except AirflowRescheduleException:
                raise
            except AirflowTaskTimeout:
                self.log.warning(
                    "not baked early, as it took too long; it is baked after the tests"
                )
                self.on_kill()
            except EarlyBakeFutile as futile:
                self._say(f"not baked early: {futile}")
            except Exception as error:
                # None of it is the commit's fault for certain, and all of it comes up again.
                self.log.warning("not baked early: %s\n  it is baked after the tests", error)
        return None

    def _sweep_before(self, context: Context) -> None:
        """Remove what a try left that was killed."""
        project = str(self.checkout["release"]["project"])
        name = bake_name(context, project, self.environment)
        try:
            engine = container_engine(self.docker_conn_id)
            engine.remove_labelled(labels(context), grace=GRACE)
            ec2 = aws_client(self.account.aws_conn_id, self.account.region, "ec2")
            catalogue = ImageCatalogue(ec2)
            left = catalogue.sweep(f"{name}-base", f"{name}-base")
            half = candidate_name(project)
            own = own_name(half, f"{name}-app", installation_name(artifact_store()))
            left += catalogue.sweep(f"{name}-app", own)
        except Exception as error:
            self.log.warning("what the last try may have left stays for now: %s", error)
            return
        for line in left:
            self._say(f"removed what the last try left: {line}")

    def _is_worthwhile(self, context: Context, release: Release) -> bool:
        """Tell whether the run is to deploy what it makes.

        :raises EnvironmentFrozen: within a freeze.
        :raises EnvironmentHeld: when somebody held the environment; when the line is stopped or
            the release rejected, it says so likewise.
        """
        if self.admission is not None:
            require_open(context, self.admission, release.version)
        held_up(self.windows, datetime.now(UTC), context, self.log)
        facts = run_facts(context)
        said = facts.announced() if facts is not None else None
        if said is None or said.event.kind is not EventKind.TAG or self.deploys_tags:
            return True
        self._say("not baked: a tag's run ends with its release")
        return False

    def _early(self, context: Context) -> Json | None:
        checkout = same_as_kept(context, CHECKOUT, Checkout.from_json(self.checkout))
        release = checkout.release
        if not self._is_worthwhile(context, release):
            return None
        awaited = AwaitedPackage(context, checkout, self._say)
        awaited.require_begun()
        catalogue = ImageCatalogue(aws_client(self.account.aws_conn_id, self.account.region, "ec2"))
        images = known_images(catalogue, self.account.region)
        baker = self._baker(context, release, self.environment, images)
        layers = self._layers()
        frame = self._frame(baker, release.project, layers)
        choose = partial(self._choose, context, baker, layers, frame)
        waiting = as_candidate(frame, release.project)
        # A release most likely has its image, which takes the package to find, and no builder.
        released = release.version in ReleaseCatalogue(artifact_store()).versions_of(release)
        if awaited.find() is None and can_wait(frame.files) and not released:
            forget_fact(context)
            chosen, image_id = self._beside(baker, waiting, awaited, choose)
        else:
            chosen = choose(awaited.wait(Event()))
            if before := self._made_before(context, chosen.plan, images):
                return keep_fact(context, release, before.to_json(), of=chosen.deb)
            forget_fact(context)
            image_id = self._made(baker, replace(waiting, variables=chosen.variables))
        made = images.describe(image_id, chosen.plan.tags, chosen.plan.inputs)
        return keep_fact(context, release, made.to_json(), of=chosen.deb)

    def _beside(
        self,
        baker: Baker,
        waiting: Bake,
        awaited: AwaitedPackage,
        choose: Callable[[DebPackage], _Chosen],
    ) -> tuple[_Chosen, str]:
        """Let the builder come up while the package is built; return what was baked, and its id."""
        chosen: list[_Chosen] = []
        done = Event()
        done.set()

        def find(over: Event) -> Mapping[str, Any]:
            done.clear()
            try:
                chosen.append(choose(awaited.wait(over)))
            finally:
                done.set()
            return chosen[0].variables

        self._say("the builder comes up while the package is built")
        try:
            image_id = self._made(baker, waiting, find)
        finally:
            # A builder that died may leave the candidate half published, in another thread.
            container_engine(self.docker_conn_id).remove_labelled(self._labels)
            done.wait(_LAST)
        return chosen[0], image_id

    def _choose(
        self, context: Context, baker: Baker, layers: Layers, frame: Bake, deb: DebPackage
    ) -> _Chosen:
        """Publish the package among the candidates, and say what is baked of it.

        :raises EarlyBakeFutile: when the commit has its image.
        """
        repository = apt_repository(self.apt_conn_id)
        package = as_published(deb, repository, "")
        chosen = layers.package(package)
        candidates = of_candidates(replace(repository, distribution=chosen.distribution))
        key = self._offer(context, candidates, _kind(deb, chosen))
        plan = layers.filled(frame, package, key)
        if baker.find(plan, deb.release):
            msg = "the commit is a release already, which has its image"
            raise EarlyBakeFutile(msg)
        return _Chosen(deb=deb, plan=plan, variables=from_candidates(plan, candidates))

    def _made_before(self, context: Context, plan: Bake, images: KnownImages) -> ImageRecord | None:
        """Return what an earlier try signed, if that is there and just the same."""
        before = signed_early(context, Release.from_json(self.checkout["release"]))
        if before is None:
            return None
        found, _ = still_there(before, plan, images.catalogue.candidates, images.region)
        if found is None:
            return None
        self._say(f"{before.name} ({before.image_id}) is there already")
        return before

    def _offer(
        self,
        context: Context,
        candidates: AptRepository,
        kind: DebPackage | PackageVariant,
    ) -> str:
        """Publish the package among the candidates, and return the key that they are signed with.

        :param kind: of the environment's machines.
        """
        aptly = Aptly(
            engine=container_engine(self.docker_conn_id),
            repository=candidates,
            account=account(candidates.aws_conn_id, candidates.region, "s3"),
            # Packer's container has the task's own name meanwhile.
            name=container_name(context, "offer"),
            labels=self._labels,
        )
        signed = add_packages(kind, aptly.offer, self._say)
        if signed.warning:
            self.log.warning("%s", signed.warning)
        return signed.public_key


def _kind(deb: DebPackage, chosen: PublishedPackage) -> DebPackage | PackageVariant:
    """Return the package that is published as the one for an environment's machines."""
    wanted = (chosen.suite, chosen.architecture, chosen.sha256)
    return next(one for one in kinds(deb) if (one.suite, one.architecture, one.sha256) == wanted)
