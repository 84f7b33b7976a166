"""Pull requests that came to their end: their runs are told, and what was seen is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from slipway.exceptions import ForgeUnavailable, SlipwayError
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.runs.closings import Closings
from slipway.hooks.store.seen_refs import Kind, SeenRefs, remember_refs
from slipway.model.forge.pull_request import PullRequestState
from slipway.tasks.watching.finder import Glance

# Pull requests of one look that the host is asked about one by one.
MOST_ASKED = 20
# What is remembered of one while its end is being noted: no commit, so it is none that is known.
_ENDING = "closed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    """Notes the end of pull requests that are not listed any more.

    A list may leave out one that is open: it is cut, or changes between two of its pages. So the
    host is asked about each; as long as it does not say that it is over, its run goes on. Whoever
    is killed on the way has noted that before, and the next look goes on.

    :param glance: at the repository.
    :param state: asks the host what has become of one.
    :param wait: is told of a host that asks for patience.
    """

    glance: Glance
    state: Callable[[int], PullRequestState]
    wait: Callable[[ForgeUnavailable], None]

    def still_open(self, seen: SeenRefs | None, listed: Iterable[int]) -> Mapping[str, str]:
        """Return what was seen of those that are open; tell the runs of the others.

        :param seen: what was seen; None where nobody has looked yet.
        :param listed: the numbers of those that the host lists as open.
        """
        if seen is None:
            return {}
        numbers = {str(one) for one in listed}
        ended = self._ended([key for key in seen.refs if key not in numbers], seen.refs)
        known = {key: value for key, value in seen.refs.items() if value != _ENDING}
        if ended:
            self._note(seen, ended)
        return {key: value for key, value in known.items() if key not in ended}

    def _ended(
        self, missing: Sequence[str], seen: Mapping[str, str]
    ) -> dict[str, PullRequestState]:
        # Those whose end was being noted first.
        asked = sorted(missing, key=lambda key: seen[key] != _ENDING)[:MOST_ASKED]
        found: dict[str, PullRequestState] = {}
        for key in asked:
            try:
                state = self.state(int(key)) if key.isdecimal() else PullRequestState.GONE
            except ForgeUnavailable as error:
                self.wait(error)
                break
            except SlipwayError as error:
                self.glance.complain(error)
                break
            if state is not PullRequestState.OPEN:
                found[key] = state
        return found

    def _note(self, seen: SeenRefs, ended: Mapping[str, PullRequestState]) -> None:
        store, project = self.glance.store, self.glance.project
        rest = {key: value for key, value in seen.refs.items() if key not in ended}
        # Killed behind this, and the pull request opened again: it is run, and its end forgotten.
        begun = {**rest, **dict.fromkeys(ended, _ENDING)}
        remember_refs(store, project.dag_id, Kind.PULLS, SeenRefs(scope=seen.scope, refs=begun))
        closings = Closings(store, dag_id=project.proposals)
        for key, state in ended.items():
            if not key.isdecimal():
                continue
            try:
                closings.close(int(key), state)
            except SlipwayError as error:
                self.glance.complain(error)  # its run goes on, and ends by itself
        remember_refs(store, project.dag_id, Kind.PULLS, SeenRefs(scope=seen.scope, refs=rest))


def next_run(store: ArtifactStore, dag_id: str, number: int, run_id: str) -> str:
    """Return the id of the run of a pull request's commit, which is open.

    One that was closed and opened again shows its run's result, as far as that came to its end;
    where it was stopped there is another run.

    :param store: where runs are noted that were stopped.
    :param dag_id: of the runs.
    :param number: the pull request's.
    :param run_id: of the commit's first run.
    """
    closings = Closings(store, dag_id=dag_id)
    # First: a run that hears of it later finds that it need not stop.
    closings.reopen(number)
    count, found = 1, run_id
    while closings.stopped(found) is not None:
        count += 1
        found = f"{run_id}__{count}"
    return found
