"""What became of releases where they were deployed, in the words of the lists that people choose
from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from slipway.exceptions import RecordRefused
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.failed_deployments import FailedDeployments
from slipway.hooks.store.outcomes import DeploymentOutcomes
from slipway.model.facts.outcome import Outcome, PastDeployment
from slipway.model.text.inert import inert

# Deployments of an environment that are looked through; each is two or three small objects.
_LOOKED_AT = 25
_BAD = (Outcome.FAILED, Outcome.ROLLED_BACK)


def told_by_version(
    store: ArtifactStore,
    project: str,
    environments: Iterable[str],
    versions: Iterable[str],
    on: Mapping[str, str],
    warn: Callable[[str], None],
) -> dict[str, list[str]]:
    """Say of each release what became of it the last time it went to an environment.

    :param store: that has the notes.
    :param project: the project's name.
    :param environments: in the order in which they are told.
    :param versions: of the releases that are asked about.
    :param on: environment -> the version that serves there.
    :param warn: receives what is wrong with notes that steer nothing; a choice goes on without.
    :returns: version -> a line of Markdown for each environment; none where it has never been.
    :raises RecordRefused: when the note of a failure was not written by Slipway.
    """
    asked = list(versions)
    found: dict[str, list[str]] = {one: [] for one in asked}
    failures, outcomes = FailedDeployments(store), DeploymentOutcomes(store)
    for place in environments:
        past = _last_of_each(outcomes, project, place, warn)
        failed = failures.find(project, place, asked)
        for version in asked:
            last, note = past.get(version), failed.get(version)
            if on.get(place) == version:
                found[version].append(_serving(place, last))
            elif last is not None and last.outcome in _BAD and _is_noted(last):
                tasks = f" ({', '.join(map(inert, note.tasks))})" if note and note.tasks else ""
                found[version].append(f"**{_ended(place, last)}{tasks}**")
            elif note is not None:
                found[version].append(f"**{note}**")
            elif last is not None:
                found[version].append(_ended(place, last))
    return {version: lines for version, lines in found.items() if lines}


def _last_of_each(
    outcomes: DeploymentOutcomes, project: str, place: str, warn: Callable[[str], None]
) -> dict[str, PastDeployment]:
    found: dict[str, PastDeployment] = {}
    try:
        for one in outcomes.past(project, place, _LOOKED_AT):
            found.setdefault(one.release.version, one)
    except RecordRefused as refused:
        warn(f"what became of releases on {place} is not told: {refused}")
    return found


def _is_noted(one: PastDeployment) -> bool:
    """Tell what was noted when it happened from what is known by its failure alone."""
    return bool(one.notes[0].dag_id)


def _serving(place: str, last: PastDeployment | None) -> str:
    since = last is not None and last.outcome is Outcome.SUCCEEDED
    return f"on {place} now{f', since {_when(last)}' if last and since else ''}"


def _ended(place: str, one: PastDeployment) -> str:
    words = {
        Outcome.STARTED: f"on its way to {place} since",
        Outcome.FAILED: f"failed on {place}",
        Outcome.ROLLED_BACK: f"rolled back from {place}",
        Outcome.SUCCEEDED: f"served {place} from",
    }
    return f"{words[one.outcome]} {_when(one)}"


def _when(one: PastDeployment) -> str:
    """Name the day of its end, and who had begun it."""
    day = datetime.fromtimestamp(one.notes[-1].at, UTC)
    by = one.notes[0].by
    return f"{day:%Y-%m-%d}{f' by {inert(by)}' if by else ''}"
