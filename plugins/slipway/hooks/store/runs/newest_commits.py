"""Which commit was announced last, of each branch and each pull request.

It is signed, since it ends runs. Two that look at a repository at once may write it in the wrong
order, so nobody goes by it alone: what came after what is git's to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.runs.folder import line_folder
from slipway.hooks.store.signed_records import SignedRecords
from slipway.hooks.store.signing_keys import RecordKeys, record_keys
from slipway.model.event import Event

_SHA = re.compile(r"[0-9a-f]{40}")


class NewestCommits:
    """Commits under ``runs/<digest of DAG and line>/@newest.json``.

    :param store: where they are kept.
    :param dag_id: whose runs they get.
    :param keys: gives the keys that they are signed with.
    """

    def __init__(
        self,
        store: ArtifactStore,
        *,
        dag_id: str,
        keys: Callable[[], RecordKeys] = record_keys,
    ) -> None:
        self._records = SignedRecords(store, keys)
        self._dag_id = dag_id

    def announce(self, event: Event, sha: str) -> None:
        """Note that a commit gets a run; of several the newest comes last.

        :param event: what happened; one that no newer one replaces is not noted.
        :param sha: the commit that it happened to.
        :raises EnvironmentMisconfigured: when there is no key.
        """
        if event.line:
            self._records.put(self._path(event), {"sha": sha})

    def of(self, event: Event) -> str | None:
        """Return the commit that was announced last where an event happened, if one was.

        :param event: what happened.
        :raises RecordRefused: when somebody else wrote what is there.
        """
        found = self._records.get(self._path(event)) if event.line else None
        sha = str(found.get("sha", "")) if found else ""
        return sha if _SHA.fullmatch(sha) else None

    def _path(self, event: Event) -> str:
        return f"{line_folder(self._dag_id, event.line)}/@newest.json"
