"""The last snapshot of every environment, one small record per project.

``environments/<installation>/now/<project>~<generation>.json`` is the record. To read a thousand of
them one by one takes longer than anybody waits for a page, so ``index~<generation>.json`` beside
that folder holds them all. It need not be up to date: a listing names the last record of each
project, and only what the index has of another generation is read by itself.

Each Airflow keeps its own, by the name of its installation: two that share a store may call two
environments alike. What is shown is what this Airflow has seen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

from slipway.exceptions import RecordRefused
from slipway.hooks.docker.connection import installation
from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.environments.chain import Chains
from slipway.hooks.store.signed_records import SignedRecords
from slipway.hooks.store.signing_keys import RecordKeys, record_keys
from slipway.model.board.snapshot import EnvironmentSnapshot, ProjectSnapshot
from slipway.model.facts import Json

Change: TypeAlias = Callable[[EnvironmentSnapshot], EnvironmentSnapshot]

_INDEX = "index"
_SIDE_BY_SIDE = 16
# What this process has read: an object never changes, so its name is enough. By folder.
_KNOWN: dict[str, dict[str, ProjectSnapshot]] = {}


class Snapshots:
    """The snapshots of one Airflow.

    :param store: where they are kept.
    :param name: of the installation.
    :param keys: gives the keys that they are signed with.
    """

    def __init__(
        self,
        store: ArtifactStore,
        name: str = "",
        keys: Callable[[], RecordKeys] = record_keys,
    ) -> None:
        self.installation = name or installation()
        folder = f"environments/{_plain(self.installation)}"
        self._records = SignedRecords(store, keys)
        self._projects = Chains(self._records, f"{folder}/now")
        self._index = Chains(self._records, folder)
        self._place = f"{store.place}/{folder}"

    def every(self) -> list[ProjectSnapshot]:
        """Return all projects, by their names; one that cannot be read says why."""
        heads = self._projects.heads()
        known = _KNOWN.get(self._place, {})
        if set(heads.values()) - known.keys():
            known = known | self._indexed()
        missing = {name: head for name, head in heads.items() if head not in known}
        # The first one alone: it opens the connections that the others then share.
        first = {head: self._read(name, head) for name, head in list(missing.items())[:1]}
        others = {name: head for name, head in missing.items() if head not in first}
        with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
            read = pool.map(self._read, others, others.values())
            known = known | first | dict(zip(others.values(), read, strict=True))
        found = {head: known[head] for head in heads.values()}
        # What could not be read is asked for again: a key may be put back.
        _KNOWN[self._place] = {head: one for head, one in found.items() if not one.problem}
        return [found[heads[name]] for name in sorted(heads)]

    def project(self, name: str) -> ProjectSnapshot:
        """Return one project; without environments where nothing was seen of it yet.

        :param name: the project's.
        """
        head = self._projects.heads().get(name)
        if head is None:
            return ProjectSnapshot(project=name)
        known = _KNOWN.get(self._place, {}).get(head)
        return known or self._read(name, head)

    def change(self, project: str, environment: str, change: Change) -> EnvironmentSnapshot:
        """Change what is said of an environment.

        :param project: the project's name.
        :param environment: the environment's.
        :param change: told what is said now, returns what should be; it may be asked again, when
            somebody else was quicker, so it does nothing else.
        :returns: what is said now.
        """
        blank = EnvironmentSnapshot(project=project, environment=environment)

        def make(before: Json | None) -> Json:
            there = _from_json(project, before)
            after = change(there.of(environment) or blank)
            own = dataclasses.replace(after, written_by=self.installation)
            others = (one for one in there.environments if one.environment != environment)
            return _in_order(project, [*others, own]).to_json()

        now = _from_json(project, self._projects.change(project, make))
        return now.of(environment) or blank

    def keep_only(self, project: str, environments: Iterable[str]) -> None:
        """Forget environments that a project has no more; the project, where it has none.

        :param project: the project's name.
        :param environments: that it has.
        """
        there = set(environments)
        if not there:
            self._projects.drop(project)
            return

        def make(before: Json | None) -> Json | None:
            if before is None:
                return None
            found = _from_json(project, before).environments
            return _in_order(project, [o for o in found if o.environment in there]).to_json()

        self._projects.change(project, make)

    def projects(self) -> list[str]:
        """List the projects of which something is said."""
        return sorted(self._projects.heads())

    def roll_up(self) -> None:
        """Bring the index up to date; to be called now and then, by anybody."""
        heads = self._projects.heads()
        read = {one.project: one for one in self.every() if not one.problem}
        entries = {
            heads[name]: _pruned(one.to_json()) for name, one in read.items() if name in heads
        }
        self._index.change(_INDEX, lambda _: {"projects": entries})

    def _indexed(self) -> dict[str, ProjectSnapshot]:
        try:
            index = self._index.last(_INDEX) or {}
            entries = index.get("projects", {}).items()
        except (RecordRefused, AttributeError):
            return {}  # each record is there by itself
        found = {head: _from_json("", one) for head, one in entries}
        return {head: one for head, one in found.items() if one.project}

    def _read(self, name: str, head: str) -> ProjectSnapshot:
        try:
            found = self._projects.read(head)
            # Behind by now: somebody wrote two more meanwhile.
            return _from_json(name, found or self._projects.last(name))
        except RecordRefused as refused:
            return ProjectSnapshot(project=name, problem=str(refused))


def snapshots() -> Snapshots:
    """Return this Airflow's, in the store of its configuration."""
    return Snapshots(artifact_store())


def _pruned(value: Any) -> Any:
    """Leave out what says nothing, and is filled in again when it is read: most of a snapshot."""
    if isinstance(value, dict):
        told = {name: _pruned(field) for name, field in value.items()}
        return {name: field for name, field in told.items() if field not in (None, "", [], {})}
    return [_pruned(one) for one in value] if isinstance(value, list | tuple) else value


def forget_read() -> None:
    """Forget what this process has read, as one that has just begun."""
    _KNOWN.clear()


def _from_json(project: str, value: Json | None) -> ProjectSnapshot:
    """Read a record; what a newer Slipway wrote and this one cannot read says nothing."""
    try:
        return ProjectSnapshot.from_json(value) if value else ProjectSnapshot(project=project)
    except (AttributeError, TypeError, ValueError):
        return ProjectSnapshot(project=project)


def _in_order(project: str, environments: Iterable[EnvironmentSnapshot]) -> ProjectSnapshot:
    ranked = sorted(environments, key=lambda one: (one.place, one.environment))
    return ProjectSnapshot(project=project, environments=tuple(ranked))


def _plain(name: str) -> str:
    """Write a name in characters that a folder's may hold, and two names never alike."""
    return "".join(char if char.isalnum() or char in "-_" else f"%{ord(char):x}." for char in name)
