"""What was rehearsed lately, and what was seen then: signed, since a release rests on it.

Most commits bring no migration. Whatever a rehearsal depends on is the same for them as it was for
the commit before, and so is what would be seen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.signed_records import SignedRecords
from slipway.hooks.store.signing_keys import RecordKeys, record_keys
from slipway.model.fact import Fact
from slipway.model.facts import Release, SchemaVersion

# Of each project.
_MOST = 20


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Rehearsed(Fact):
    """One rehearsal that went well.

    :param digest: of all that it depended on, in hexadecimal digits.
    :param release: whose commit's it was.
    :param at: when, in seconds since 1970.
    :param schema: what was seen.
    """

    digest: str
    release: Release
    at: float
    schema: SchemaVersion


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Record(Fact):
    rehearsed: tuple[Rehearsed, ...] = ()


class RehearsalRecords:
    """Records under ``rehearsals/<project>.json``, the newest rehearsal first.

    :param store: where they are kept.
    :param keys: gives the keys that they are signed with.
    """

    def __init__(self, store: ArtifactStore, keys: Callable[[], RecordKeys] = record_keys) -> None:
        self._records = SignedRecords(store, keys)

    def find(self, project: str, digest: str) -> Rehearsed | None:
        """Return a rehearsal; None where none like it is on record.

        :param project: the project's name.
        :param digest: of all that it depends on.
        :raises RecordRefused: when the record was not signed here.
        """
        return next((one for one in self._all(project) if one.digest == digest), None)

    def put(self, rehearsed: Rehearsed) -> None:
        """Note a rehearsal, in place of an older one like it; the oldest of many goes.

        Two tasks may write at once, and one of the rehearsals is not on record then: it is done
        once more some time, and that is all.

        :param rehearsed: that went well.
        :raises RecordRefused: when the record was not signed here.
        """
        project = rehearsed.release.project
        others = [one for one in self._all(project) if one.digest != rehearsed.digest]
        kept = _Record(rehearsed=(rehearsed, *others[: _MOST - 1]))
        self._records.put(_path(project), kept.to_json())

    def _all(self, project: str) -> tuple[Rehearsed, ...]:
        found = self._records.get(_path(project))
        return () if found is None else _Record.from_json(found).rehearsed


def _path(project: str) -> str:
    return f"rehearsals/{project}.json"
