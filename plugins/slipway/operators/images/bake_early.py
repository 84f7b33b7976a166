"""Beside the tests: bake the image that the commit will need if it passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from slipway.hooks.apt.aptly import Aptly
from slipway.hooks.apt.candidates import of_candidates
from slipway.hooks.apt.connection import AptRepository, apt_repository
from slipway.hooks.apt.publication import add_packages, as_published, kinds
from slipway.hooks.aws.connection import account, aws_client
from slipway.hooks.aws.machine_images import ImageCatalogue
from slipway.hooks.docker.connection import container_engine
from slipway.hooks.store.image_records import ImageRecord
from slipway.hooks.tools.packer import Bake
from slipway.model.event import EventKind
from slipway.model.facts import DebPackage, Json, PackageVariant, PublishedPackage, Release
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.check_freeze import held_up
from slipway.policies.freeze_windows import FreezeWindow
from slipway.tasks.controls.allowed import require_open
from slipway.tasks.images.early import (
    COMPONENT,
    DISTRIBUTION,
    as_candidate,
    signed_early,
    still_there,
)
from slipway.tasks.images.search import KnownImages, known_images
from slipway.tasks.kept_facts import BUILD_DEB, forget_fact, keep_fact, run_facts, same_as_kept
from slipway.tasks.making_way.side_by_side import SideBySide
from slipway.tasks.naming import container_name

if TYPE_CHECKING:
    from airflow.sdk import Context


class BakeEarlyOperator(BakeImageOperator):
    """Bake an image of a commit that is still being tested, for `bake_image` to take on.

    The package comes from a distribution of candidates, which no machine looks into, and the image
    carries nobody's version. It decides nothing: where it cannot be baked early, whatever the
    reason, the log says why, and the image is baked once the commit has passed.

    :param package: :class:`slipway.model.facts.DebPackage` as JSON.
    :param environment: which one the image is for.
    :param admission: of it; nothing is baked early while its commits are held or stopped.
    :param windows: when nothing is deployed there, so that nothing is baked either.
    :param deploys_tags: the run of a tag deploys as well.
    :param apt_conn_id: the repository (:mod:`slipway.hooks.apt.connection`).
    :returns: :class:`slipway.hooks.store.image_records.ImageRecord` as JSON; None without image.

    Example::

        early = BakeEarlyOperator(
            task_id="bake_early",
            package=deb.output,
            unit="shop.service",
            config={"PORT": "8000"},
            account=Account(aws_conn_id="aws_default", region="eu-west-1"),
            environment="dev",
        )
    """

    template_fields: Sequence[str] = ("package",)

    def __init__(
        self,
        *,
        environment: str,
        windows: Sequence[FreezeWindow] = (),
        deploys_tags: bool = True,
        apt_conn_id: str = "slipway_apt",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.environment = environment
        self.windows = tuple(windows)
        self.deploys_tags = deploys_tags
        self.apt_conn_id = apt_conn_id

    def execute(self, context: Context) -> Json | None:  # type: ignore[override]
        """Publish a candidate and bake of it; what an earlier try baked is found again."""
        with SideBySide(self, context):
            try:
                return self._early(context) if self._is_worthwhile(context) else None
            except Exception as error:
                # None of it is the commit's fault for certain, and all of it comes up again.
                self.log.warning("not baked early: %s\n  it is baked after the tests", error)
                return None

    def _is_worthwhile(self, context: Context) -> bool:
        """Tell whether the run is to deploy what it makes.

        :raises EnvironmentFrozen: within a freeze.
        :raises EnvironmentHeld: when somebody held the environment; when the line is stopped or
            the release rejected, it says so likewise.
        """
        if self.admission is not None:
            version = Release.from_json(self.package["release"]).version
            require_open(context, self.admission, version)
        held_up(self.windows, datetime.now(UTC), context, self.log)
        facts = run_facts(context)
        said = facts.announced() if facts is not None else None
        if said is None or said.event.kind is not EventKind.TAG or self.deploys_tags:
            return True
        self._say("not baked: a tag's run ends with its release")
        return False

    def _early(self, context: Context) -> Json | None:
        deb = same_as_kept(context, BUILD_DEB, DebPackage.from_json(self.package))
        catalogue = ImageCatalogue(aws_client(self.account.aws_conn_id, self.account.region, "ec2"))
        images = known_images(catalogue, self.account.region)
        baker = self._baker(context, deb.release, self.environment, images)
        repository = apt_repository(self.apt_conn_id)
        package = as_published(deb, repository, "")
        layers = self._layers()
        chosen = layers.package(package)
        candidates = of_candidates(replace(repository, distribution=chosen.distribution))
        key = self._offer(context, candidates, _kind(deb, chosen))
        plan = self._plan(baker, package, layers, key)
        if baker.find(plan, deb.release):
            return None  # the commit is a release already, and has its image
        made = self._made_before(context, plan, images)
        if made is None:
            forget_fact(context)
            where = {DISTRIBUTION: candidates.distribution, COMPONENT: candidates.component}
            image_id = self._made(baker, as_candidate(plan, deb.release.project, where))
            made = images.describe(image_id, plan.tags, plan.inputs)
        return keep_fact(context, deb.release, made.to_json(), of=deb)

    def _made_before(self, context: Context, plan: Bake, images: KnownImages) -> ImageRecord | None:
        """Return what an earlier try signed, if that is there and just the same."""
        before = signed_early(context, Release.from_json(self.package["release"]))
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
            name=container_name(context),
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
