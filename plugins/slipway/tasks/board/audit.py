"""Everything that people did, out of the artifact store, in the order in which they did it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from slipway.hooks.store.approvals import ApprovalBook
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.controls import ControlBook
from slipway.hooks.store.outcomes import DeploymentOutcomes
from slipway.model.board.audit import Line
from slipway.model.controls import Action
from slipway.model.facts.outcome import Outcome

# More deployments of one environment than anybody has.
_ALL = 1_000_000


def audit(store: ArtifactStore, places: Iterable[tuple[str, str]], project: str) -> list[Line]:
    """Return everything that is on record, the oldest first.

    :param store: where it is kept.
    :param places: the environments, each with its project.
    :param project: of one project alone; empty for all.
    :raises RecordRefused: when something was not signed by this Slipway.
    """
    found = list(_controls(store, project))
    for name, environment in places:
        found += _approvals(store, name, environment)
        found += _deployments(store, name, environment)
    return sorted(found)


def _controls(store: ArtifactStore, project: str) -> Iterator[Line]:
    book = ControlBook(store)
    for scope in book.scopes():
        # What is said of everything is said of each project as well.
        if project and scope.project not in ("", project):
            continue
        for one in book.events(scope):
            more = f"(may pass: {', '.join(one.may_pass)})" if one.may_pass else ""
            if one.action is Action.CANCEL:
                more = f"(run: {one.run or 'each that waited for its time'})"
            yield Line(
                at=_time(one.at),
                what=one.action.value,
                who=one.by,
                project=one.project,
                environment=one.environment,
                version=one.version,
                why=f"{one.why} {more}".strip(),
                run=f"{one.dag_id} {one.run_id}",
            )


def _approvals(store: ArtifactStore, project: str, environment: str) -> Iterator[Line]:
    book = ApprovalBook(store, project=project, environment=environment)
    for asked, answers in book.every():
        common = {
            "project": project,
            "environment": environment,
            "version": asked.release.version,
            "run": f"{asked.dag_id} {asked.run_id}",
        }
        yield Line(at=_time(asked.made_at), what="asked", who=asked.started_by, why="", **common)
        for one in answers:
            word = "approved" if one.approved else "refused"
            if one.digest != asked.digest:
                word = f"{word} an earlier plan"
            yield Line(at=_time(one.at), what=word, who=one.by, why=one.reason, **common)


def _deployments(store: ArtifactStore, project: str, environment: str) -> Iterator[Line]:
    for past in DeploymentOutcomes(store).past(project, environment, _ALL):
        for one in past.notes:
            yield Line(
                at=_time(one.at),
                what="deployed" if one.outcome is Outcome.STARTED else one.outcome.value,
                who=one.by,
                project=project,
                environment=environment,
                version=one.release.version,
                why=one.why,
                run=f"{one.dag_id} {one.run_id}".strip(),
            )


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(int(seconds), UTC):%Y-%m-%dT%H:%M:%SZ}"
