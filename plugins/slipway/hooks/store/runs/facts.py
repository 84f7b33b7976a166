"""What the tasks of one run did, as they signed it: no XCom, so nobody edits it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from typing import Any

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.runs.folder import run_folder
from slipway.hooks.store.runs.newest_commits import NewestCommits
from slipway.hooks.store.signed_records import SignedRecords
from slipway.hooks.store.signing_keys import RecordKeys, record_keys
from slipway.model.event import Event
from slipway.model.facts import Fact, Json, Release


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class KeptFact(Fact):
    """What a task returned.

    :param release: what it was about, also where the fact itself names none.
    :param told: the fact as JSON.
    :param made_of: :func:`digest` of the fact that the task was given; empty for a run's first
        task, and in what was written before there were digests.
    """

    release: Release
    told: Json
    made_of: str = ""


def digest(fact: Fact) -> str:
    """Return a SHA-256 of all that a fact says, in hexadecimal digits.

    What a field says by default counts for nothing, so that a field more, after an upgrade, leaves
    the digests of facts as they are that do not use it.
    """
    words = json.dumps(_said(fact), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(words.encode()).hexdigest()


def _said(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        fields = ((one, getattr(value, one.name)) for one in dataclasses.fields(value))
        return {one.name: _said(said) for one, said in fields if said != one.default}
    return [_said(one) for one in value] if isinstance(value, tuple) else value


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SwapNote(Fact):
    """That a run was let in to change its environment.

    :param version: the release that it brings in.
    :param name: of the swap alone, as the lease has it on record; empty in notes of before swaps
        had names.
    :param finished: the release has taken the traffic over, and what it replaced has left.
    """

    version: str
    name: str = ""
    finished: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Announcement(Fact):
    """What a run is made for, as whoever made it knew.

    :param event: what happened.
    :param sha: the commit that it happened to; the run of another one is none of this event's.
    """

    event: Event
    sha: str


class RunFacts:
    """Facts under ``runs/<digest of DAG and run>/<task>.json``, the last try's of each task.

    :param store: where they are kept.
    :param dag_id: whose run.
    :param run_id: which run.
    :param keys: gives the keys that they are signed with.
    """

    def __init__(
        self,
        store: ArtifactStore,
        *,
        dag_id: str,
        run_id: str,
        keys: Callable[[], RecordKeys] = record_keys,
    ) -> None:
        self._records = SignedRecords(store, keys)
        self._folder = run_folder(dag_id, run_id)
        self._newest = NewestCommits(store, dag_id=dag_id, keys=keys)

    def announce(self, event: Event, sha: str) -> None:
        """Sign what a run is made for, before it is made; what was announced first counts.

        A run's conf can say anything, since whoever starts one writes it; this cannot be written.
        Of several commits the newest is announced last: it may take the others' place.

        :param event: what happened.
        :param sha: the commit that it happened to.
        :raises EnvironmentMisconfigured: when there is no key.
        """
        self._records.put_new(self._event, Announcement(event=event, sha=sha).to_json())
        self._newest.announce(event, sha)

    def announced(self) -> Announcement | None:
        """Return what the run was made for; None where nobody said so, as by hand.

        :raises RecordRefused: when somebody else wrote what is there.
        """
        found = self._records.get(self._event)
        return Announcement.from_json(found) if found is not None else None

    def keep(self, task_id: str, fact: KeptFact) -> None:
        """Sign what a task returned, in place of what an earlier try of it did.

        :param task_id: the task's.
        :param fact: what it returned.
        :raises EnvironmentMisconfigured: when there is no key.
        """
        self._records.put(self._path(task_id), fact.to_json())

    def forget(self, task_id: str) -> None:
        """Drop what an earlier try of a task returned; nothing there is fine.

        :param task_id: the task's.
        """
        self._records.store.delete(self._path(task_id))

    def find(self, task_id: str) -> KeptFact | None:
        """Return what a task returned; None when it never did in this run.

        :param task_id: the task's.
        :raises RecordRefused: when somebody else wrote it.
        """
        found = self._records.get(self._path(task_id))
        return KeptFact.from_json(found) if found is not None else None

    def begin_swap(self, version: str, name: str) -> None:
        """Note that the run begins to change its environment, when it may.

        :param version: the release that it brings in.
        :param name: of this swap alone.
        """
        self._records.put(self._swap, SwapNote(version=version, name=name).to_json())

    def swap(self) -> SwapNote | None:
        """Return the swap that the run was let in for last; None when it was not, or went back.

        :raises RecordRefused: when somebody else wrote what is there.
        """
        found = self._records.get(self._swap)
        return SwapNote.from_json(found) if found is not None else None

    def finish_swap(self, note: SwapNote) -> None:
        """Note that a swap has come to its end, forwards.

        :param note: of the swap.
        """
        self._records.put(self._swap, dataclasses.replace(note, finished=True).to_json())

    def forget_swap(self) -> None:
        """Note that the swap has come to its end, backwards."""
        self._records.store.delete(self._swap)

    @property
    def _event(self) -> str:
        return f"{self._folder}/@event.json"  # no task's id has an at

    @property
    def _swap(self) -> str:
        return f"{self._folder}/swap/begun.json"  # no task's id has a slash

    def _path(self, task_id: str) -> str:
        return f"{self._folder}/{task_id}.json"
