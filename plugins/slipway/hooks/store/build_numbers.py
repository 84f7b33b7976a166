"""Numbers for builds that only grow, one project after another.

Airflow has none to give: a run that is cleared keeps its id in the database, and a count of runs
falls when old ones are cleaned away. So a number is claimed in the artifact store, by a key that
can be made only once: of two workers at the same moment one is told no, and takes the next.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from slipway.exceptions import ToolFailed
from slipway.hooks.store.artifacts import ArtifactStore

_CLAIM = re.compile(r"([1-9][0-9]{0,14})\.json")
# Claims that are kept, for whoever is late; the highest one is never removed.
_KEPT = 50
# Others that may be quicker, one after another.
_TRIES = 1000


class BuildNumbers:
    """The numbers of one project, under ``builds/<project>/<number>.json``.

    :param store: where they are claimed.
    :param project: the project's name.
    """

    def __init__(self, store: ArtifactStore, project: str) -> None:
        self._store = store
        self._folder = f"builds/{project}"
        self._releases = f"releases/{project}"

    def claim(self, build: str, *, commits: Callable[[], int]) -> int:
        """Take the next number, which no other build has had or will have.

        :param build: what it is for, to be read by people.
        :param commits: counts the commit and its ancestors. A project that was released before
            there were such numbers used that of the commits since a tag, and goes on above these.
        :raises ToolFailed: when others are always quicker.
        """
        for _ in range(_TRIES):
            claimed = self._claimed()
            number = (claimed[-1] if claimed else self._before(commits)) + 1
            if self._is_ours(number, build):
                for old in claimed[:-_KEPT]:
                    self._store.delete(self._key(old))
                return number
        msg = f"others took each of {_TRIES} build numbers first"
        raise ToolFailed(msg, advice=f"look at {self._folder} in the artifact store")

    def _is_ours(self, number: int, build: str) -> bool:
        if not self._store.put_new_json(self._key(number), {"build": build}):
            return False
        if self._claimed()[-1] - number < _KEPT:
            return True
        # Whoever slept while so many were claimed may find this one's claim removed already.
        self._store.delete(self._key(number))
        return False

    def _claimed(self) -> list[int]:
        names = self._store.keys(self._folder)
        return sorted(int(match[1]) for name in names if (match := _CLAIM.fullmatch(name)))

    def _before(self, commits: Callable[[], int]) -> int:
        return commits() if self._store.keys(self._releases) else 0

    def _key(self, number: int) -> str:
        return f"{self._folder}/{number}.json"
