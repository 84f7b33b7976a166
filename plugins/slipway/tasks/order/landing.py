"""An older commit never lands after a newer one where each commit lands by itself.

Runs end out of order, are tried again and cleared, and two Airflows may deliver one branch. So the
question is put when a swap is about to begin, under the environment's lease: does what serves come
after this commit? Git says, from the commits that were recorded of both. What a force-push has
dropped has no say: the branch of today decides.

What a person brought to the same commit's machines without a commit, by ``same``, counts as newer
than what the commit's own run would bring again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowSkipException

from slipway.exceptions import ReleaseNotFound, RepositoryUnreachable
from slipway.fleet.capacity import serving_version
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.edition import is_later, version_of
from slipway.tasks.controls.allowed import tell_held
from slipway.tasks.order.branch_order import BranchOrder

if TYPE_CHECKING:
    from airflow.sdk import Context

    from slipway.model.cloud.lease import LeaseRecord
    from slipway.model.facts import Checkout
    from slipway.model.fleet import Fleet
    from slipway.model.target import DeployTarget

_SHORT = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class Overtaken:
    """That something newer has landed.

    :param own: the commit that would have come after it.
    :param newer: what has landed.
    :param environment: where.
    """

    own: Checkout
    newer: Checkout
    environment: str

    @property
    def by(self) -> str:
        """The newer commit, abbreviated."""
        return self.newer.release.sha[:_SHORT]

    def __str__(self) -> str:
        """Say what is the matter, and what can be done."""
        own, newer = self.own.release, self.newer.release
        return (
            f"{own.version} does not go to {self.environment}, where {newer.version} has landed: "
            f"{_why(self.own, self.newer)}, and an older commit never lands after a newer one by "
            f"itself. Nothing was changed\n  what to do: nothing, if {newer.version} is to stay; "
            f"to put {own.version} there on purpose, run {own.project}.{self.environment} with "
            f"it: `fab deploy {own.project} {self.environment} {own.version}`"
        )


def _why(own: Checkout, newer: Checkout) -> str:
    return f"{newer.release.sha[:_SHORT]} comes after {own.release.sha[:_SHORT]} on {own.branch}"


def landed(fleet: Fleet, held: LeaseRecord | None) -> list[str]:
    """List the versions that have landed on an environment, or are certain to.

    :param fleet: as observed.
    :param held: its lease: what has passed its soak is brought to its end by whoever comes next.
    """
    serving = serving_version(fleet)
    soaked = [one.release for one in held.swaps if one.soaked] if held else []
    return [*([serving] if serving else []), *soaked]


def overtaken(
    order: BranchOrder,
    project: str,
    environment: str,
    version: str,
    others: Iterable[str],
    warn: Callable[[str], None],
) -> Overtaken | None:
    """Return what must not be followed by a release; None where nothing must not.

    :param order: of the project's commits.
    :param project: the project's name.
    :param environment: where.
    :param version: the release that would land.
    :param others: versions that have landed (:func:`landed`).
    :param warn: is told what cannot be compared.
    :raises RecordRefused: when a record was not signed here.
    :raises RepositoryUnreachable: when nobody can say which is the newer one.
    """
    catalogue = ReleaseCatalogue(artifact_store())
    own = catalogue.find(project, version).checkout
    for other in others:
        if other == version:
            continue
        try:
            there = catalogue.find(project, other).checkout
        except ReleaseNotFound:
            warn(f"{other} is no release on record, so nobody can say whether it is the newer one")
            continue
        if _is_behind(order, own, there):
            return Overtaken(own=own, newer=there, environment=environment)
    return None


def skip_if_landed(
    context: Context, target: DeployTarget, version: str, others: Iterable[str]
) -> None:
    """Leave a later edition of the same release where it is; for runs that nobody started by hand.

    :param context: the task's, which is skipped; its commit's page says why.
    :param target: the environment.
    :param version: that would land.
    :param others: versions that have landed (:func:`landed`).
    :raises AirflowSkipException: when the release has landed, and was given other settings since.
    """
    for other in others:
        if other != version and is_later(other) and version_of(other) == version_of(version):
            project, environment = target.project, target.environment
            said = (
                f"{version} has landed on {environment} already, and serves as {other}: with the "
                "settings and the base image that somebody brought since"
            )
            tell_held(context, said)
            msg = (
                f"{said}, which a commit never takes back by itself. Nothing was changed\n"
                f"  what to do: nothing, if {other} is to stay; to go back on purpose, "
                f"`fab deploy {project} {environment} {version}`"
            )
            raise AirflowSkipException(msg)


def _is_behind(order: BranchOrder, own: Checkout, there: Checkout) -> bool:
    mine, theirs = own.release.sha, there.release.sha
    try:
        if mine == theirs or order.precedes(theirs, mine):
            return False
        if order.precedes(mine, theirs):
            return order.has(theirs)
        # Neither came of the other: a branch beside it, or one that was written anew.
        return not order.has(mine) and order.has(theirs)
    except RepositoryUnreachable:
        if _noted_behind(there, own):
            return False
        raise


def _noted_behind(older: Checkout, newer: Checkout) -> bool:
    """Tell whether two commits were noted in this order when they were checked out."""
    places = older.position, newer.position
    if None in places or older.delivered != newer.delivered or not newer.delivered:
        return False
    return int(places[0] or 0) < int(places[1] or 0)
