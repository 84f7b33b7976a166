"""The finder of commits on the delivered branch."""

from __future__ import annotations

from collections.abc import Sequence

from slipway.exceptions import BranchNotFound
from slipway.hooks.store.heads import RUN_OF, head_key, last_head
from slipway.model.event import HEADS, Event
from slipway.model.git.watching import Burst, WatchedProject
from slipway.tasks.watching.finder import Glance
from slipway.tasks.watching.found import Find, Seen
from slipway.tasks.watching.missing import missing_branch, missing_note

# Commits of one push that get a run of their own; of more, the oldest are left to their
# successors, and the log says so.
MOST_PER_PUSH = 20


class DeliveredBranch:
    """Finds the commits since the last one that was handed on.

    At first sight that is the branch's newest commit alone; so it is after a rewritten history.
    """

    by_refs = True

    def wanted(self, project: WatchedProject) -> bool:
        """Every project delivers a branch."""
        return True

    def find(self, glance: Glance) -> Sequence[Find]:
        """Return a run for each new commit, oldest first, or for the newest alone.

        :raises SlipwayError: when the commits cannot be listed.
        """
        project, store = glance.project, glance.store
        try:
            head = glance.refs.get(f"{HEADS}{project.branch}") or glance.mirror.tip(project.branch)
        except BranchNotFound as error:
            glance.complain(error)
            return missing_branch(store, project)
        seen = last_head(store, project.dag_id)
        if head == seen:
            return []
        store.delete(missing_note(project.dag_id))
        # Before anything is fetched.
        glance.early(_find(project, head))
        ref = f"{HEADS}{project.branch}"
        new = glance.mirror.commits_since(seen, head, ref=ref) if seen else [head]
        built = _to_build(glance, new)
        # A crash between here and the trigger would lose the commits: they are remembered as
        # seen only by the task that follows the trigger. Where there are none, nothing follows.
        if not built:
            store.put_json(head_key(project.dag_id), head)
        return [_find(project, sha) for sha in built]


def _to_build(glance: Glance, new: list[str]) -> list[str]:
    """Choose from the new commits, oldest first, those that get a run."""
    project = glance.project
    if project.watching.commits == Burst.NEWEST:
        newest = next((sha for sha in reversed(new) if not glance.is_skipped(sha)), None)
        return [newest] if newest else []
    if len(new) > MOST_PER_PUSH:
        glance.say(
            f"{project.dag_id}: {len(new)} commits at once; running the newest {MOST_PER_PUSH}"
        )
    return [sha for sha in new[-MOST_PER_PUSH:] if not glance.is_skipped(sha)]


def _find(project: WatchedProject, sha: str) -> Find:
    event = Event.push(project.branch)
    seen = Seen(project=project.dag_id, ref=event.ref, value=sha)
    run_id = f"{RUN_OF}{sha}"
    return Find(dag_id=project.dag_id, run_id=run_id, sha=sha, event=event, seen=(seen,))
