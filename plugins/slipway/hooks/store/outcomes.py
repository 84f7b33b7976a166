"""What became of each deployment: started, failed, rolled back, succeeded; by whom, and why.

:mod:`slipway.hooks.store.deployments` has what served, in an order that steers the way back. These
notes steer nothing: they are what people ask about, and what figures are made of. They are signed
all the same, and like that history they stay for good: a deployment leaves two or three of them.

A note is one object that is written whole or not at all, under a name that is made of the swap's
and of what happened: so a writer that is killed and run again writes the same one, which is there.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable

from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.failed_deployments import FailedDeployments
from slipway.hooks.store.signed_records import SignedBook
from slipway.metrics.catalogue import DEPLOYMENT_TIME, DEPLOYMENTS, LEAD_TIME
from slipway.metrics.emit import count, observe
from slipway.model.facts.outcome import DeploymentNote, Outcome, PastDeployment
from slipway.model.facts.release import Release

# Seconds at which the deployment began, the swap's name, and what happened.
_NAME = re.compile(r"(?P<began>\d{12})_(?P<swap>[0-9a-f]{32})_(?P<what>[a-z_]+)\.json")
# Characters of a reason: what a gate says can be long.
_LONGEST = 2000


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Unended:
    """A deployment of which only the start was noted.

    :param swap: its name.
    :param start: what was noted of it.
    :param is_last: none began in its environment after it.
    """

    swap: str
    start: DeploymentNote
    is_last: bool


class DeploymentOutcomes(SignedBook):
    """Notes under ``deployments/<project>/<environment>/outcomes/``."""

    def note(self, swap: str, note: DeploymentNote) -> None:
        """Note what happened, unless it is noted already.

        :param swap: the name of this swap alone; empty in what began before swaps had names.
        :param note: its time is that of the clock.
        """
        folder = _folder(note.release.project, note.environment)
        name = swap or _name_of_run(note)
        there = [found for found in map(_NAME.fullmatch, self._store.keys(folder)) if found]
        own = [found for found in there if found["swap"] == name]
        if any(found["what"] == note.outcome.value for found in own):
            return
        at = self._clock()
        began = own[0]["began"] if own else f"{int(at):012d}"
        told = dataclasses.replace(note, at=at, why=note.why[:_LONGEST])
        path = f"{folder}/{began}_{name}_{note.outcome.value}.json"
        self._records.put_new(path, told.to_json())
        _measure(told, int(began))

    def has_begun(self, project: str, environment: str, swap: str) -> bool:
        """Tell whether the start of a swap was noted here."""
        marked = f"_{swap}_{Outcome.STARTED.value}.json"
        names = self._store.keys(_folder(project, environment))
        return bool(swap) and any(_NAME.fullmatch(one) and one.endswith(marked) for one in names)

    def unended(self, project: str, environment: str) -> list[Unended]:
        """Return the deployments of which only the start was noted, the oldest first.

        :param project: the project's name.
        :param environment: the environment's.
        :raises RecordRefused: when one was not signed here.
        """
        folder = _folder(project, environment)
        names = sorted(name for name in self._store.keys(folder) if _NAME.fullmatch(name))
        noted: dict[str, list[str]] = defaultdict(list)
        for name in names:
            noted[name.split("_")[1]].append(name)
        found = []
        for swap, own in noted.items():
            if [name for name in own if not name.endswith(f"_{Outcome.STARTED.value}.json")]:
                continue
            if record := self._records.get(f"{folder}/{own[0]}"):
                last = swap == names[-1].split("_")[1]
                note = DeploymentNote.from_json(record)
                found.append(Unended(swap=swap, start=note, is_last=last))
        return found

    def past(self, project: str, environment: str, most: int) -> list[PastDeployment]:
        """Return the last deployments of an environment, the newest first.

        What ended before there were notes is among them, as far as it is on record.

        :param project: the project's name.
        :param environment: the environment's.
        :param most: how many.
        :raises RecordRefused: when one was not signed here.
        """
        noted = [one for _, one in self.swaps(project, environment, most)]
        earlier = self.before_notes(project, environment, noted, most)
        every = sorted([*noted, *earlier], key=lambda one: one.started_at, reverse=True)
        return every[:most]

    def swaps(self, project: str, environment: str, most: int) -> list[tuple[str, PastDeployment]]:
        """Return the last deployments of which there are notes, by their swaps, the newest first.

        :param project: the project's name.
        :param environment: the environment's.
        :param most: how many.
        :raises RecordRefused: when one was not signed here.
        """
        folder = _folder(project, environment)
        swaps: dict[str, list[str]] = defaultdict(list)
        for found in map(_NAME.fullmatch, self._store.keys(folder)):
            if found:
                swaps[found["swap"]].append(found[0])
        newest = sorted(swaps.items(), key=lambda one: min(one[1]), reverse=True)[:most]
        return [(swap, self._read(folder, names)) for swap, names in newest]

    def of_swap(self, project: str, environment: str, swap: str) -> PastDeployment | None:
        """Return one deployment by the name of its swap; None where nothing is noted.

        :raises RecordRefused: when a note was not signed here.
        """
        folder = _folder(project, environment)
        matches = (_NAME.fullmatch(name) for name in self._store.keys(folder))
        own = [found[0] for found in matches if found and found["swap"] == swap]
        return self._read(folder, own) if own else None

    def _read(self, folder: str, names: Iterable[str]) -> PastDeployment:
        records = (self._records.get(f"{folder}/{name}") for name in names)
        return PastDeployment.of(DeploymentNote.from_json(one) for one in records if one)

    def before_notes(
        self,
        project: str,
        environment: str,
        noted: Iterable[PastDeployment],
        most: int = 1_000_000_000,
    ) -> list[PastDeployment]:
        """Make deployments of what else is on record: what served, and what failed last.

        :param project: the project's name.
        :param environment: the environment's.
        :param noted: of which there are notes.
        :param most: how many entries of what served are looked through.
        """
        known = {(n.release.version, n.run_id) for one in noted for n in one.notes}
        served = DeploymentHistory(self._store, keys=lambda: self._records.keys)
        failed = FailedDeployments(self._store, keys=lambda: self._records.keys)
        found = [
            DeploymentNote(
                release=one.release,
                environment=environment,
                outcome=Outcome.SUCCEEDED,
                at=one.at,
                dag_id="",
                run_id=one.run_id,
                serves=one.release.version,
            )
            for one in served.served(project, environment, most)
        ]
        found += [
            DeploymentNote(
                release=Release(project=project, sha="", version=one.version),
                environment=environment,
                outcome=Outcome.ROLLED_BACK,
                at=one.at,
                dag_id="",
                run_id=one.run_id,
                tasks=one.tasks,
            )
            for one in failed.on(project, environment)
        ]
        return [
            PastDeployment.of([one])
            for one in found
            if (one.release.version, one.run_id) not in known
        ]


def _measure(note: DeploymentNote, began: int) -> None:
    """Tell of a note that was not there before, in figures.

    :param note: what happened.
    :param began: when its swap did, seconds since 1970.
    """
    where = {"project": note.release.project, "environment": note.environment}
    count(DEPLOYMENTS, **where, outcome=note.outcome)
    # One that failed is over when it was rolled back, or has succeeded after all.
    if note.outcome in (Outcome.SUCCEEDED, Outcome.ROLLED_BACK):
        observe(DEPLOYMENT_TIME, note.at - began, **where, outcome=note.outcome)
    if note.outcome is Outcome.SUCCEEDED and note.committed_at:
        observe(LEAD_TIME, note.at - note.committed_at, **where)


def _name_of_run(note: DeploymentNote) -> str:
    words = "\0".join((note.dag_id, note.run_id, note.release.version))
    return hashlib.sha256(words.encode()).hexdigest()[:32]


def _folder(project: str, environment: str) -> str:
    return f"deployments/{project}/{environment}/outcomes"
