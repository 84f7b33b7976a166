"""New commits, in every repository at once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator, PokeReturnValue

from slipway.exceptions import RepositoryTooLarge, SlipwayError
from slipway.hooks.artifact_store import ArtifactStore, artifact_store
from slipway.hooks.git_connection import git_mirror
from slipway.hooks.git_mirror import GitMirror
from slipway.hooks.git_refs import is_sha
from slipway.pipeline.skip import asks_to_skip

if TYPE_CHECKING:
    from airflow.sdk import Context

# Commits of one push that get a run of their own; of more, the oldest are left to their
# successors, and the log says so.
MOST_PER_PUSH = 20
# Seconds between two looks at which projects there are.
REFRESH = 20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """A branch to watch; ``dag_id`` is the DAG that delivers it."""

    dag_id: str
    url: str
    branch: str
    connection: str | None


class CommitsSensor(BaseSensorOperator):
    """Wait for commits that have not been delivered.

    The last commit handed on is remembered per project in the artifact store. That memory may
    be lost or lag behind without harm: a run's id is its commit's sha, so a commit that is
    handed on twice is run once. A repository that does not answer is logged and asked again at
    the next poke; the others do not wait for it.

    :param watched: gives the branches. It is asked again every ``REFRESH`` seconds, so that a poll
        that goes on for an hour sees the project that was added meanwhile.
    :returns: for each new commit, oldest first, the arguments of a TriggerDagRunOperator.
    """

    template_fields: Sequence[str] = ()
    ui_color = "#fef9c3"

    def __init__(self, *, watched: Callable[[], Sequence[Watched]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.watched = watched
        self._known: Sequence[Watched] = ()
        self._asked_at = -math.inf
        self._complaints: dict[str, str] = {}
        self._skipped: set[str] = set()

    def poke(self, context: Context) -> PokeReturnValue:
        """Ask every repository once."""
        store = artifact_store()
        if time.monotonic() - self._asked_at >= REFRESH:
            self._known, self._asked_at = self.watched(), time.monotonic()
        found = [run for one in self._known for run in self._new_runs(store, one)]
        return PokeReturnValue(is_done=bool(found), xcom_value=found)

    def _new_runs(self, store: ArtifactStore, one: Watched) -> list[dict[str, Any]]:
        try:
            shas = self._new_commits(store, one)
        except SlipwayError as error:
            self._complain(one, str(error))
            return []
        self._complaints.pop(one.dag_id, None)
        return [
            {
                "trigger_dag_id": one.dag_id,
                "trigger_run_id": f"commit__{sha}",
                "conf": {"ref": sha},
            }
            for sha in shas
        ]

    def _new_commits(self, store: ArtifactStore, one: Watched) -> list[str]:
        mirror = git_mirror(one.url, one.connection)
        head = mirror.head(one.branch)
        seen = _seen(store, one)
        if head is None or head == seen:
            return []
        new = mirror.commits_since(seen, head) if seen else [head]
        if len(new) > MOST_PER_PUSH:
            self.log.warning(
                "%s: %d commits at once; running the newest %d", one.dag_id, len(new), MOST_PER_PUSH
            )
        new = [sha for sha in new if not self._is_skipped(one, sha, _message(mirror, sha))]
        # A crash between here and the trigger would lose the commits: they are remembered as
        # seen only by the task that follows the trigger.
        return new[-MOST_PER_PUSH:]

    def _is_skipped(self, one: Watched, sha: str, message: str) -> bool:
        if not asks_to_skip(message):
            return False
        if sha not in self._skipped:
            self._skipped.add(sha)
            self.log.info("%s: %s is not built, since its message says so", one.dag_id, sha[:7])
        return True

    def _complain(self, one: Watched, problem: str) -> None:
        """Say a thing once: a poll comes every few seconds, the log is read by people."""
        if self._complaints.get(one.dag_id) != problem:
            self._complaints[one.dag_id] = problem
            self.log.warning("%s: %s", one.dag_id, problem)


def _seen(store: ArtifactStore, one: Watched) -> str | None:
    """Return the last commit that was handed on; what is no sha is as good as lost."""
    try:
        seen = store.get_json(f"heads/{one.dag_id}.json")
    except ValueError:
        return None
    return seen if isinstance(seen, str) and is_sha(seen) else None


def _message(mirror: GitMirror, sha: str) -> str:
    try:
        return mirror.commit(sha).message
    except RepositoryTooLarge:
        return ""  # its own run will say so; the commits that follow it have theirs
