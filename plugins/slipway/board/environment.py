"""An environment's page: what serves, what waits, and each deployment with what it brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slipway.board.cells import CONTROLS, Cell, dag_of
from slipway.board.reading import Allowing, ReadModel, Watching
from slipway.hooks.airflow_people import Person
from slipway.hooks.store.releases import ReleaseRecord
from slipway.model.board.deployment import CommitLine, DeploymentRecord
from slipway.model.edition import version_of

# Deployments on a page.
PER_PAGE = 25
# Releases that are looked at for what a deployment brought, and for what waits.
_MOST_RELEASES = 300
_MOST_WAITING = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseLine:
    """A release in one line.

    :param version: the release's version.
    :param commit: that it was made of.
    """

    version: str
    commit: CommitLine


@dataclass(frozen=True, kw_only=True, slots=True)
class PastLine:
    """A deployment, with what it brought.

    :param record: of the deployment.
    :param brought: the releases after the one that it replaced, up to its own; the newest first.
    :param took_back: of a way back: the releases that are served no more.
    """

    record: DeploymentRecord
    brought: tuple[ReleaseLine, ...] = ()
    took_back: tuple[ReleaseLine, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Rights:
    """What somebody may do on an environment.

    :param deploy: start runs of its DAG.
    :param approve: answer what its runs ask.
    :param control: hold, resume and reject.
    """

    deploy: bool
    approve: bool
    control: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvironmentView:
    """What the page shows.

    :param cell: the environment, as it is now.
    :param rights: of whoever looks.
    :param waiting: releases that are newer than what serves, the newest first.
    :param previous: what a roll back would bring; empty where it would bring nothing.
    :param past: deployments, the newest first.
    :param page: which page it is, from 1.
    :param older: there are more of them.
    """

    cell: Cell
    rights: Rights
    waiting: tuple[ReleaseLine, ...]
    previous: str
    past: tuple[PastLine, ...]
    page: int
    older: bool


def rights_of(allowing: Allowing, watching: Watching, person: Person, cell: Cell) -> Rights:
    """Ask what somebody may do on an environment.

    :param allowing: who says.
    :param watching: knows which DAGs there are.
    :param person: who looks.
    :param cell: the environment.
    """
    dag_id = dag_of(cell.snapshot)
    asking = {one.dag_id for one in cell.questions} or {dag_id}
    return Rights(
        deploy=allowing.may_start(person, dag_id),
        approve=all(allowing.may_answer(person, one) for one in asking),
        control=watching.is_there(CONTROLS) and allowing.may_start(person, CONTROLS),
    )


def environment_view(
    model: ReadModel, cell: Cell, rights: Rights, page: int = 1
) -> EnvironmentView:
    """Put the page together.

    :param model: what runs where.
    :param cell: the environment, as it is now.
    :param rights: of whoever looks.
    :param page: of its history, counting from 1.
    """
    seen = cell.snapshot
    serving = seen.serving.version if seen.serving else ""
    releases = [_line(one) for one in model.releases(seen.project, _MOST_RELEASES)]
    skip = (page - 1) * PER_PAGE
    past = model.history(seen.project, seen.environment, PER_PAGE + 1, skip)
    places = {one.version: place for place, one in enumerate(releases)}
    rejected = model.rejected(seen.project)
    place = places.get(version_of(serving))
    newer = releases[:place] if place is not None else releases
    waiting = [one for one in newer if one.version not in rejected]
    return EnvironmentView(
        cell=cell,
        rights=rights,
        waiting=tuple(waiting[:_MOST_WAITING]),
        previous=model.previous(seen.project, seen.environment, serving) or "" if serving else "",
        past=tuple(_past(one, releases, places) for one in past[:PER_PAGE]),
        page=page,
        older=len(past) > PER_PAGE,
    )


def _past(
    record: DeploymentRecord, releases: Sequence[ReleaseLine], places: Mapping[str, int]
) -> PastLine:
    names = record.release.version, record.replaced
    came, before = (places.get(version_of(one)) for one in names)
    if came is None or before is None or came == before:
        return PastLine(record=record)
    if came < before:
        return PastLine(record=record, brought=tuple(releases[came:before]))
    return PastLine(record=record, took_back=tuple(releases[before:came]))


def _line(record: ReleaseRecord) -> ReleaseLine:
    checkout = record.checkout
    return ReleaseLine(version=checkout.release.version, commit=CommitLine.of(checkout))
