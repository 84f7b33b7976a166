"""Which pull requests are not open any more, and which runs were stopped for it.

Both are signed, since they end runs.
"""

from __future__ import annotations

from collections.abc import Callable

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.runs.folder import line_folder, run_folder
from slipway.hooks.store.signed_records import SignedRecords
from slipway.hooks.store.signing_keys import RecordKeys, record_keys
from slipway.model.event import pull_request_line
from slipway.model.forge.pull_request import PullRequestState

_STATE = "state"


class Closings:
    """States under ``@closed.json``, in the folder of a pull request and in that of a run.

    :param store: where they are kept.
    :param dag_id: whose runs.
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

    def close(self, number: int, state: PullRequestState) -> None:
        """Note that a pull request is not open any more.

        :param number: the pull request's.
        :param state: what has become of it.
        :raises EnvironmentMisconfigured: when there is no key.
        """
        self._records.put(self._of_line(number), {_STATE: state.value})

    def reopen(self, number: int) -> None:
        """Note that a pull request is open; that is so where nothing was noted.

        :param number: the pull request's.
        """
        self._records.store.delete(self._of_line(number))

    def of(self, number: int) -> PullRequestState | None:
        """Return what has become of a pull request that is not open any more; None where it is.

        :param number: the pull request's.
        :raises RecordRefused: when somebody else wrote what is there.
        """
        return self._read(self._of_line(number))

    def stop(self, run_id: str, state: PullRequestState) -> None:
        """Note that a run is stopped, all of it, also where its pull request is opened again.

        :param run_id: the run.
        :param state: what has become of its pull request.
        :raises EnvironmentMisconfigured: when there is no key.
        """
        self._records.put(self._of_run(run_id), {_STATE: state.value})

    def go_on(self, run_id: str) -> None:
        """Note that a run is not stopped after all.

        :param run_id: the run.
        """
        self._records.store.delete(self._of_run(run_id))

    def stopped(self, run_id: str) -> PullRequestState | None:
        """Return what a run was stopped for; None where it was not.

        :param run_id: the run.
        :raises RecordRefused: when somebody else wrote what is there.
        """
        return self._read(self._of_run(run_id))

    def _read(self, path: str) -> PullRequestState | None:
        found = self._records.get(path)
        if found is None:
            return None
        known = {one.value: one for one in PullRequestState}
        # A later version may know more of them.
        return known.get(str(found.get(_STATE)), PullRequestState.CLOSED)

    def _of_line(self, number: int) -> str:
        return f"{line_folder(self._dag_id, pull_request_line(number))}/@closed.json"

    def _of_run(self, run_id: str) -> str:
        return f"{run_folder(self._dag_id, run_id)}/@closed.json"  # no task's id has an at
