"""Why releases failed, beside the deployments of their environment, for whoever shows it later.

Nothing is decided by these records but which machine stays for somebody to look at, so they are not
signed: what stands in one is masked text of a stranger's, and is shown as text alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.model.cloud.failure_report import FailureReport

# Of one environment.
MOST = 20
_NAME = re.compile(r"\d{12}_[^/]+\.json")


class FailureReports:
    """Records under ``deployments/<project>/<environment>/failed/<seconds>_<version>.json``.

    :param store: where they are kept.
    """

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store

    def keep(self, report: FailureReport) -> str:
        """Keep one, and drop the oldest of more than :data:`MOST`.

        :param report: what is known of the failure.
        :returns: its key in the store.
        """
        folder = _folder(report.project, report.environment)
        key = f"{folder}/{int(report.at):012d}_{report.version}.json"
        self._store.put_json(key, report.to_json())
        for name in self._names(folder)[:-MOST]:
            self._store.delete(f"{folder}/{name}")
        return key

    def newest(self, project: str, environment: str) -> Iterator[FailureReport]:
        """Yield what is kept, the newest first; what cannot be read is passed over.

        :param project: the project's name.
        :param environment: the environment's.
        """
        folder = _folder(project, environment)
        for name in reversed(self._names(folder)):
            try:
                yield FailureReport.from_json(self._store.get_json(f"{folder}/{name}"))
            except (TypeError, ValueError, AttributeError, RecursionError):
                continue

    def of(
        self, project: str, environment: str, *, version: str, run_id: str
    ) -> FailureReport | None:
        """Return what one run noted of a release, or None.

        :param project: the project's name.
        :param environment: the environment's.
        :param version: the release's.
        :param run_id: the run's.
        """
        found = self.newest(project, environment)
        return next((one for one in found if (one.version, one.run_id) == (version, run_id)), None)

    def _names(self, folder: str) -> list[str]:
        return [name for name in self._store.keys(folder) if _NAME.fullmatch(name)]


def _folder(project: str, environment: str) -> str:
    return f"deployments/{project}/{environment}/failed"
