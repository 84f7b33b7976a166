"""New commits, in every repository at once."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator, PokeReturnValue

from slipway.exceptions import (
    BranchNotFound,
    EnvironmentMisconfigured,
    RepositoryDamaged,
    RepositoryTooLarge,
    SlipwayError,
)
from slipway.hooks.git.connection import git_mirror
from slipway.hooks.git.mirror import GitMirror
from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.heads import RUN_OF, head_key, last_head
from slipway.hooks.store.run_facts import RunFacts
from slipway.model.event import HEADS, Event
from slipway.model.text.inert import visible
from slipway.pipeline.yaml.skip import asks_to_skip

if TYPE_CHECKING:
    from airflow.sdk import Context

# Commits of one push that get a run of their own; of more, the oldest are left to their
# successors, and the log says so.
MOST_PER_PUSH = 20
# Seconds between two looks at which projects there are.
REFRESH = 20.0
# Repositories that are asked at once, and seconds until a poll goes on without those that have
# not answered.
AT_ONCE = 16
PATIENCE = 60.0
# How the ids of runs begin that tell of a missing branch, and the longest ref that a run is given.
MISSING, _LONGEST_REF = "branch_missing__", 250
# Characters of somebody else's message that anybody reads.
_MOST_SAID = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchedBranch:
    """A branch to watch; ``dag_id`` is the DAG that delivers it."""

    dag_id: str
    url: str
    branch: str
    connection: str | None


class CommitsSensor(BaseSensorOperator):
    """Wait for commits that have not been delivered.

    The last commit handed on is remembered per project in the artifact store. That memory may
    be lost or lag behind without harm: a run's id is its commit's sha, so a commit that is
    handed on twice is run once. Each project is asked for itself: one that does not answer, or
    whose answer nobody understands, is logged and asked again at the next poke. Of one whose new
    commits cannot be listed in time the newest is handed on, so that a run says what is wrong; and
    where the branch itself is not there, a run that says so, once.

    :param watched: gives the branches. It is asked again every ``REFRESH`` seconds, so that a poll
        that goes on for an hour sees the project that was added meanwhile.
    :returns: for each new commit, oldest first, the arguments of a TriggerDagRunOperator.

    Example::

        new = CommitsSensor(
            task_id="new_commits",
            watched=[
                WatchedBranch(
                    dag_id="shop",
                    url="https://git.example.com/shop.git",
                    branch="main",
                    connection="shop_git",
                )
            ],
        )
    """

    template_fields: Sequence[str] = ()
    ui_color = "#fef9c3"

    def __init__(self, *, watched: Callable[[], Sequence[WatchedBranch]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.watched = watched
        self._known: Sequence[WatchedBranch] = ()
        self._asked_at = -math.inf
        self._complaints: dict[str, str] = {}

    def poke(self, context: Context) -> PokeReturnValue:
        """Ask every repository once, side by side."""
        if time.monotonic() - self._asked_at >= REFRESH:
            self._known, self._asked_at = self.watched(), time.monotonic()
        store = artifact_store()
        pool = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="commits")
        heads: dict[str, str] = {}
        asked = [(one, pool.submit(self._new_commits, store, one, heads)) for one in self._known]
        wait([answer for _, answer in asked], timeout=PATIENCE)
        # Those that are not ready go on by themselves, and git has limits of its own.
        pool.shutdown(wait=False, cancel_futures=True)
        found = [run for one, answer in asked for run in self._new_runs(store, one, answer, heads)]
        return PokeReturnValue(is_done=bool(found), xcom_value=found)

    def look_at(self, one: WatchedBranch) -> list[dict[str, Any]]:
        """Ask one repository now, because somebody said that something happened there.

        :param one: the branch; the others are not asked, and there is no time to keep to.
        :returns: what :meth:`poke` would find.
        """
        store = artifact_store()
        answer: Future[list[str]] = Future()
        try:
            answer.set_result(self._new_commits(store, one, {}))
        except Exception as error:
            answer.set_exception(error)
        return self._new_runs(store, one, answer, {})

    def _new_runs(
        self,
        store: ArtifactStore,
        one: WatchedBranch,
        answer: Future[list[str]],
        heads: Mapping[str, str],
    ) -> list[dict[str, Any]]:
        """Make runs of one project's commits; whatever is wrong with it is its own affair."""
        try:
            shas = self._answer(one, answer, heads)
        except BranchNotFound as error:
            self._complain(one, str(error))
            return self._missing(store, one)
        except SlipwayError as error:
            self._complain(one, str(error))
            return []
        except Exception as error:
            self._complain(one, f"{type(error).__name__}: {visible(str(error)[:_MOST_SAID])}")
            return []
        # Up to the first that cannot be: what is handed on is remembered, with all before it.
        announced = takewhile(lambda sha: self._announce(store, one, sha), shas)
        return [_run(one, f"{RUN_OF}{sha}", sha) for sha in announced]

    def _announce(self, store: ArtifactStore, one: WatchedBranch, sha: str) -> bool:
        """Sign that a run is made for a push to the branch; tells whether it can be made now."""
        facts = RunFacts(store, dag_id=one.dag_id, run_id=f"{RUN_OF}{sha}")
        try:
            facts.announce(Event.push(one.branch), sha)
        except EnvironmentMisconfigured as error:
            self._complain(one, str(error))  # the run itself says so where people look for it
        except Exception as error:
            self._complain(one, f"{type(error).__name__}: {visible(str(error)[:_MOST_SAID])}")
            return False
        return True

    def _missing(self, store: ArtifactStore, one: WatchedBranch) -> list[dict[str, Any]]:
        """Make a run that fails in the project's own DAG, once: there people look for its commits.

        Its checkout finds no such branch either, and says which there are.
        """
        ref = f"{HEADS}{one.branch}"[:_LONGEST_REF]
        try:
            said = store.get(missing_note(one.dag_id)) == note_of(ref)
        except Exception as error:
            self._complain(one, f"{type(error).__name__}: {visible(str(error)[:_MOST_SAID])}")
            return []
        return [] if said else [_run(one, f"{MISSING}{datetime.now(UTC):%Y%m%dT%H%M%S}", ref)]

    def _answer(
        self, one: WatchedBranch, answer: Future[list[str]], heads: Mapping[str, str]
    ) -> list[str]:
        if answer.done() and not answer.cancelled():
            shas = answer.result()
            self._complaints.pop(one.dag_id, None)
            return shas
        head = heads.get(one.dag_id)
        late = f"no answer within {PATIENCE:.0f} s"
        self._complain(one, f"{late}; its newest commit alone is run" if head else late)
        return [head] if head else []

    def _new_commits(
        self, store: ArtifactStore, one: WatchedBranch, heads: dict[str, str]
    ) -> list[str]:
        """List a project's commits that are to be run, oldest first.

        :param heads: gets the branch's newest commit, where it is new, before anything is fetched.
        """
        mirror = git_mirror(one.url, one.connection)
        head = mirror.tip(one.branch)
        seen = last_head(store, one.dag_id)
        if head == seen:
            return []
        store.delete(missing_note(one.dag_id))
        heads[one.dag_id] = head
        new = mirror.commits_since(seen, head) if seen else [head]
        if len(new) > MOST_PER_PUSH:
            self.log.warning(
                "%s: %d commits at once; running the newest %d", one.dag_id, len(new), MOST_PER_PUSH
            )
        new = new[-MOST_PER_PUSH:]
        built = [sha for sha in new if not self._is_skipped(one, sha, _message(mirror, sha))]
        # A crash between here and the trigger would lose the commits: they are remembered as
        # seen only by the task that follows the trigger. Where there are none, nothing follows.
        if not built:
            store.put_json(head_key(one.dag_id), head)
        return built

    def _is_skipped(self, one: WatchedBranch, sha: str, message: str) -> bool:
        if not asks_to_skip(message):
            return False
        self.log.info("%s: %s is not built, since its message says so", one.dag_id, sha[:7])
        return True

    def _complain(self, one: WatchedBranch, problem: str) -> None:
        """Say a thing once: a poll comes every few seconds, the log is read by people."""
        if self._complaints.get(one.dag_id) != problem:
            self._complaints[one.dag_id] = problem
            self.log.warning("%s: %s", one.dag_id, problem)


def _run(one: WatchedBranch, run_id: str, ref: str) -> dict[str, Any]:
    """Return the arguments of a TriggerDagRunOperator."""
    return {"trigger_dag_id": one.dag_id, "trigger_run_id": run_id, "conf": {"ref": ref}}


def missing_note(dag_id: str) -> str:
    """Return where it is noted that a run told of a missing branch.

    :param dag_id: of the DAG that delivers the branch.
    """
    return f"heads/{dag_id}.missing.json"


def note_of(ref: str) -> bytes:
    """Return what is noted there.

    :param ref: of the branch, as the run was given it.
    """
    return json.dumps(ref).encode()


def _message(mirror: GitMirror, sha: str) -> str:
    try:
        return mirror.commit(sha).message
    except (RepositoryTooLarge, RepositoryDamaged):
        return ""  # its own run will say so; the commits that follow it have theirs
