"""Housekeeping: machine images and notes of runs whose time is over are taken away."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.hooks.aws.candidate_images import CANDIDATE, candidate_tags
from slipway.hooks.aws.connection import aws_client
from slipway.hooks.aws.image_cleanup import LAYER, ImageRetention
from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.deployments import DeploymentHistory, previous
from slipway.hooks.store.editions import Editions
from slipway.hooks.store.image_records import ImageRecords
from slipway.hooks.store.installation import installation_name
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.hooks.store.runs.folder import BUILT
from slipway.hooks.store.runs.retention import forget_old_runs
from slipway.model.cloud.account import Account
from slipway.model.cloud.stored_image import StoredImage
from slipway.model.cloud.tags import PROJECT
from slipway.model.edition import version_of
from slipway.model.facts import Release
from slipway.operators.trouble import own_trouble
from slipway.policies.image_retention import (
    Verdict,
    judge_bases,
    judge_candidates,
    judge_releases,
    own_images,
)
from slipway.tasks.freed import Freed, FreedKind
from slipway.tasks.retries import no_retry_on_input_error

if TYPE_CHECKING:
    from airflow.sdk import Context

_BASES_KEPT = 3


class _RetentionOperator(BaseOperator):
    """What both layers have in common.

    :param account: where the images live.
    """

    ui_color = "#fde68a"

    def __init__(self, *, account: Account, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.account = account

    def _clear(
        self,
        store: ArtifactStore,
        tags: Mapping[str, str],
        judge: Callable[..., tuple[Verdict, ...]],
        **known: Any,
    ) -> list[str]:
        """Retire one's own images of a layer, as they are judged."""
        installation, records = installation_name(store), ImageRecords(store)
        layer, gone = self._open(tags, installation), []
        images, verdicts = own_images(
            layer.images(),
            installation=installation,
            recorded=lambda image: records.find(image.image_id, self._release(image)) is not None,
        )
        used, now = layer.in_use(images), layer.now()
        freed, disks = Freed(FreedKind.IMAGE), Freed(FreedKind.DISK)
        for verdict in (*verdicts, *judge(images, in_use=used, now=now, **known)):
            self.log.info("%s", verdict)
            if verdict.goes:
                layer.retire(verdict.image)
                freed.add(verdict.image.size)
                gone.append(verdict.image.image_id)
        for disk in layer.sweep():
            self.log.info("deleted %s, whose image is gone", disk)
            disks.add()
        for one in (freed, disks):
            one.tell(self.log.info)
        return gone

    def _open(self, tags: Mapping[str, str], installation: str) -> ImageRetention:
        client = partial(aws_client, self.account.aws_conn_id, self.account.region)
        return ImageRetention(client, tags, installation)

    def _release(self, image: StoredImage) -> Release | None:
        """Return what must be in an image, by the record that would name it."""
        raise NotImplementedError


class RetireImagesOperator(_RetentionOperator):
    """Retire a project's machine images that no environment, standby or recent release needs.

    And those that were baked before their commit had passed, and that no release has taken on.

    :param project: the project's name.
    :param environments: names of all its environments.
    :param keep: how many of the last releases keep their image.
    :returns: ids of the images that went.

    Example::

        RetireImagesOperator(
            task_id="retire_images",
            account=Account(aws_conn_id="aws_default", region="eu-west-1"),
            project="shop",
            environments=["dev", "prod"],
            keep=10,
        )
    """

    def __init__(
        self, *, project: str, environments: Sequence[str], keep: int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.project = project
        self.environments = list(environments)
        self.keep = keep

    def execute(self, context: Context) -> list[str]:
        """Look, judge, retire; what a killed try left is found again."""
        with own_trouble(context):
            store = artifact_store()
            records = ReleaseCatalogue(store).recent(self.project, self.keep)
            last = [record.checkout.release.version for record in records]
            deployed = self._deployed(DeploymentHistory(store))
            tags = {LAYER: "app", PROJECT: self.project}
            known = {"last": last, "deployed": deployed, "kept": self._kept(store)}
            gone = self._clear(store, tags, judge_releases, **known)
            # None of them is on record, whatever its tags say.
            return gone + self._clear(store, candidate_tags(self.project), judge_candidates)

    def _release(self, image: StoredImage) -> Release:
        # No release is called so.
        version = image.version or CANDIDATE
        return Release(project=self.project, sha="", version=version)

    def _deployed(self, history: DeploymentHistory) -> frozenset[str]:
        found: set[str] = set()
        for name in self.environments:
            served = history.versions(self.project, name)
            if served:
                found |= {served[-1], previous(served, served[-1]) or served[-1]}
        # An image is one of a release; those of each edition are kept beside.
        return frozenset(map(version_of, found))

    def _kept(self, store: ArtifactStore) -> frozenset[str]:
        """Return the images of what served last, of which a release may have several."""
        editions, history = Editions(store), DeploymentHistory(store)
        found = (
            editions.find(self.project, name, version)
            for name in self.environments
            for version in dict.fromkeys(history.versions(self.project, name)[-self.keep :])
        )
        return frozenset(one.image_id for one in found if one is not None)


class RetireBaseImagesOperator(_RetentionOperator):
    """Retire base layers that are not new, and that no image was made of.

    :returns: ids of the images that went.

    Example::

        RetireBaseImagesOperator(
            task_id="retire_base_images",
            account=Account(aws_conn_id="aws_default", region="eu-west-1"),
        )
    """

    def execute(self, context: Context) -> list[str]:
        """Look, judge, retire; what a killed try left is found again."""
        with no_retry_on_input_error():
            store = artifact_store()
            # Of whomever: what somebody else made of a base layer needs it as well.
            apps = self._open({LAYER: "app"}, "").images()
            made_of = frozenset(image.base for image in apps)
            # A base that is being baked on right now has a machine, and so counts as used.
            return self._clear(
                store, {LAYER: "base"}, judge_bases, made_of=made_of, keep=_BASES_KEPT
            )

    def _release(self, image: StoredImage) -> None:
        return None


class ForgetRunsOperator(BaseOperator):
    """Take away what the tasks of runs signed that nobody takes up again, and what they built.

    That is what pull requests built which came to no package; what releases are made of stays.
    Approvals, releases and the history of deployments stay: they say who did what.

    :returns: how many runs went.

    Example::

        ForgetRunsOperator(task_id="forget_runs")
    """

    ui_color = "#fde68a"

    def execute(self, context: Context) -> int:
        """Look once a day; what a killed try left goes with the next."""
        notes, builds = Freed(FreedKind.NOTES), Freed(FreedKind.BUILD)

        def gone(folder: str, size: int) -> None:
            (builds if BUILT in folder.split("/") else notes).add(size)

        with no_retry_on_input_error():
            deque(forget_old_runs(artifact_store(), datetime.now(UTC), gone), maxlen=0)
        for freed in (notes, builds):
            freed.tell(self.log.info)
        return notes.things
