"""Housekeeping: machine images whose time is over are taken away."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.hooks.artifact_store import artifact_store
from slipway.hooks.aws_connection import aws_client
from slipway.hooks.deployment_history import DeploymentHistory, previous
from slipway.hooks.fleet_notes import PROJECT
from slipway.hooks.image_retention import LAYER, ImageRetention
from slipway.hooks.release_catalogue import ReleaseCatalogue
from slipway.operators.failure import explained
from slipway.retention import StoredImage, Verdict, judge_bases, judge_releases

if TYPE_CHECKING:
    from airflow.sdk import Context

_BASES_KEPT = 3


class _RetentionOperator(BaseOperator):
    """What both layers have in common.

    :param aws_conn_id: Airflow connection of the account.
    :param region: where the images live.
    """

    ui_color = "#fde68a"

    def __init__(self, *, aws_conn_id: str, region: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.aws_conn_id = aws_conn_id
        self.region = region

    def _open(self, tags: Mapping[str, str]) -> ImageRetention:
        return ImageRetention(partial(aws_client, self.aws_conn_id, self.region), tags)

    def _clear(
        self,
        layer: ImageRetention,
        judge: Callable[[tuple[StoredImage, ...], frozenset[str]], tuple[Verdict, ...]],
    ) -> list[str]:
        images = layer.images()
        gone = []
        for verdict in judge(images, layer.in_use(images)):
            self.log.info("%s", verdict)
            if verdict.goes:
                layer.retire(verdict.image)
                gone.append(verdict.image.image_id)
        for disk in layer.sweep():
            self.log.info("deleted %s, whose image is gone", disk)
        return gone


class RetireImagesOperator(_RetentionOperator):
    """Retire a project's machine images that no environment, standby or recent release needs.

    :param project: the project's name.
    :param environments: names of all its environments.
    :param keep: how many of the last releases keep their image.
    :returns: ids of the images that went.
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
        with explained():
            store = artifact_store()
            records = ReleaseCatalogue(store).recent(self.project, self.keep)
            last = [record.checkout.release.version for record in records]
            deployed = self._deployed(DeploymentHistory(store))
            judge = partial(_releases, last=last, deployed=deployed)
            return self._clear(self._open({LAYER: "app", PROJECT: self.project}), judge)

    def _deployed(self, history: DeploymentHistory) -> frozenset[str]:
        found: set[str] = set()
        for name in self.environments:
            served = history.versions(self.project, name)
            if served:
                found |= {served[-1], previous(served, served[-1]) or served[-1]}
        return frozenset(found)


class RetireBaseImagesOperator(_RetentionOperator):
    """Retire base layers that are not new, and that no image was made of.

    :returns: ids of the images that went.
    """

    def execute(self, context: Context) -> list[str]:
        """Look, judge, retire; what a killed try left is found again."""
        with explained():
            # A base that is being baked on right now has a machine, and so counts as used.
            layer = self._open({LAYER: "base"})
            made_of = frozenset(image.base for image in self._open({LAYER: "app"}).images())
            return self._clear(layer, partial(_bases, made_of=made_of))


def _releases(
    images: tuple[StoredImage, ...], in_use: frozenset[str], *, last: list[str],
    deployed: frozenset[str],
) -> tuple[Verdict, ...]:  # fmt: skip
    return judge_releases(images, in_use=in_use, last=last, deployed=deployed, now=time.time())


def _bases(
    images: tuple[StoredImage, ...], in_use: frozenset[str], *, made_of: frozenset[str]
) -> tuple[Verdict, ...]:
    return judge_bases(images, in_use=in_use, made_of=made_of, keep=_BASES_KEPT, now=time.time())
