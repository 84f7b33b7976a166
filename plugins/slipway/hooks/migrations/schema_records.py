"""Where each environment's database stands, as whoever migrated it wrote down.

So a rehearsal can begin there without a right on the database: with the files of the commit that
migrated it last, up to the version that it came to.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.signed_records import SignedRecords
from slipway.hooks.store.signing_keys import RecordKeys, record_keys
from slipway.model.fact import Fact
from slipway.model.facts import Release


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SchemaRecord(Fact):
    """What one database was migrated with.

    :param release: whose files were applied last.
    :param version: how far it came with them, goose's number.
    :param before: where it stood before that release came.
    :param irreversible: names of the files up to there that cannot be undone.
    """

    release: Release
    version: int
    before: int = 0
    irreversible: tuple[str, ...] = ()

    def irreversible_above(self, version: int) -> list[str]:
        """List those with a higher number: what a release of that schema was not written for."""
        return [one for one in self.irreversible if version < _number(one) <= self.version]


class SchemaRecords:
    """Records under ``schemas/<project>/<environment>.json``.

    :param store: where they are kept.
    :param keys: gives the keys that they are signed with.
    """

    def __init__(self, store: ArtifactStore, keys: Callable[[], RecordKeys] = record_keys) -> None:
        self._records = SignedRecords(store, keys)

    def put(self, environment: str, record: SchemaRecord) -> None:
        """Write down where an environment's database stands now.

        :param environment: the environment's name.
        :param record: where it stands.
        """
        path = _key(record.release.project, environment)
        if self._records.get(path) != record.to_json():
            self._records.put(path, record.to_json())

    def find(self, project: str, environment: str) -> SchemaRecord | None:
        """Return where an environment's database stands; None where nobody wrote it down.

        :raises RecordRefused: when the record was not signed here.
        """
        found = self._records.get(_key(project, environment))
        return None if found is None else SchemaRecord.from_json(found)


def _key(project: str, environment: str) -> str:
    return f"schemas/{project}/{environment}.json"


def _number(name: str) -> int:
    return int(name.partition("_")[0])
