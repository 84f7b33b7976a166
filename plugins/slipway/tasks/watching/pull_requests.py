"""The finder of pull requests."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from slipway.exceptions import (
    ForgeRefused,
    ForgeUnavailable,
    InputError,
    RepositoryRefused,
    TransientError,
)
from slipway.hooks.forge.connection import open_forge
from slipway.hooks.git.connection import proposal_mirror
from slipway.hooks.git.refs import is_sha
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.seen_refs import Kind, SeenRefs, remember_refs, seen_refs
from slipway.model.event import HEADS, Event
from slipway.model.forge.place import PUBLIC_HOSTS, ForgeKind, ForgePlace
from slipway.model.forge.pull_request import PullRequest, head_ref
from slipway.model.git.ref_name import is_ref_name
from slipway.model.git.watching import WatchedProject
from slipway.model.text.inert import visible
from slipway.pipeline.yaml.skip import asks_to_skip
from slipway.tasks.watching.closed_pull_requests import Closed, next_run
from slipway.tasks.watching.finder import Glance
from slipway.tasks.watching.found import Find, Seen

# Pull requests of one look that get a run.
MOST_NEW = 20
# Seconds between two questions to one host: public ones count the requests of an hour.
PUBLIC, OWN = 300.0, 60.0
_SERVERS = frozenset(server for _, server in PUBLIC_HOSTS.values())
_DIGITS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class _Settled:
    """A pull request of which all is known.

    :param sha: its newest commit, in full.
    :param stranger: nobody who may push here wrote it, as far as anybody can tell.
    :param head: the ref that leads to it.
    :param origin: the fork that has the ref.
    """

    sha: str
    stranger: bool
    head: str
    origin: str = ""


class PullRequests:
    """Finds pull requests that are new, that got commits, or that want to go to another branch.

    The host is asked by its REST API, now and then; of what it says git has the last word: a
    pull request is trusted only where the branch that it comes from is in the repository itself
    and leads to its commit. At first sight the newest ``MOST_NEW`` are found.

    :param every: seconds between two questions; as the host takes them where it is None.
    :param clock: seconds since 1970.
    """

    by_refs = False

    def __init__(
        self, *, every: float | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.every = every
        self.clock = clock

    def wanted(self, project: WatchedProject) -> bool:
        """Tell whether the project's pull requests are run."""
        return project.watching.pull_requests is not None

    def find(self, glance: Glance) -> Sequence[Find]:
        """Return a run for each that is new or has changed, the oldest first.

        :raises ForgeRefused: when the host does not show them.
        :raises ForgeUnavailable: when it may show them later.
        """
        project, store = glance.project, glance.store
        place = project.watching.pull_requests
        if place is None:
            return []
        if not self._is_due(store, project):
            glance.later()
            return []
        every = self._every(place)
        try:
            forge = open_forge(place)
            found = forge.open_pull_requests()
        except ForgeUnavailable as error:
            self._wait(store, project, max(every, error.retry_after))
            if error.retry_after > 0:
                store.put_json(_left_alone_key(project), round(self.clock() + error.retry_after))
            raise
        except ForgeRefused:
            self._wait(store, project, every)  # a wrong token at each poll would lock its user out
            raise
        self._wait(store, project, every)
        seen = seen_refs(store, project.dag_id, Kind.PULLS)
        closed = Closed(
            glance=glance,
            state=forge.pull_request_state,
            wait=lambda error: self._wait(store, project, max(every, error.retry_after)),
        )
        known = closed.still_open(seen, (one.number for one in found))
        new = [one for one in found if not _is_known(one, known) and not asks_to_skip(one.title)]
        if seen is None and len(new) > MOST_NEW:
            glance.say(f"{project.dag_id}: of {len(new)} pull requests the newest {MOST_NEW} run")
            first = {str(one.number): _value(one.sha, one) for one in new[:-MOST_NEW]}
            remember_refs(store, project.dag_id, Kind.PULLS, SeenRefs(refs=first))
            new = new[-MOST_NEW:]
        return list(_finds(glance, place, new[:MOST_NEW], known))

    def _every(self, place: ForgePlace) -> float:
        if self.every is not None:
            return self.every
        return PUBLIC if place.server in _SERVERS else OWN

    def _is_due(self, store: ArtifactStore, project: WatchedProject) -> bool:
        # After a hook it is at once, unless the host itself asked for patience.
        return self._is_over(store, _left_alone_key(project)) and (
            self.every == 0 or self._is_over(store, _next_key(project))
        )

    def _is_over(self, store: ArtifactStore, key: str) -> bool:
        try:
            until = store.get_json(key)
        except (ValueError, RecursionError):
            return True
        return not isinstance(until, int | float) or self.clock() >= until

    def _wait(self, store: ArtifactStore, project: WatchedProject, seconds: float) -> None:
        store.put_json(_next_key(project), round(self.clock() + seconds))


def run_id(number: int, sha: str, target: str = "") -> str:
    """Return the id of a pull request's run: one for each commit, and for each branch it goes to.

    What was stopped and has another run has a count behind it (:func:`next_run`).

    :param number: the pull request's.
    :param sha: the commit, in full.
    :param target: the branch, where it is not the delivered one.
    """
    own = hashlib.sha256(target.encode(errors="surrogateescape")).hexdigest()[:_DIGITS]
    return f"pr__{number}__{sha}" + (f"__{own}" if target else "")


def _finds(
    glance: Glance, place: ForgePlace, new: list[PullRequest], known: Mapping[str, str]
) -> Iterator[Find]:
    for one in new:
        try:
            settled = _settled(glance, place, one)
            if settled is None or (not settled.stranger and glance.is_skipped(settled.sha)):
                continue
            found = _find(glance, place, one, settled, known)
        except (InputError, TransientError) as error:
            # Its own affair: the others go on.
            msg = f"pull request {one.number}: {error.message}"
            glance.complain(type(error)(msg, advice=error.advice))
            continue
        yield found


def _find(
    glance: Glance,
    place: ForgePlace,
    one: PullRequest,
    settled: _Settled,
    known: Mapping[str, str],
) -> Find:
    key, project = str(one.number), glance.project
    event = Event.pull_request(
        one.number,
        branch=one.branch,
        source=one.source,
        fork=settled.stranger,
        action="synchronized" if key in known else "opened",
        title=one.title,
        by=one.author,
        # Drone names Bitbucket Cloud's as Data Center's are called.
        ref=head_ref(place.kind, one.number) or head_ref(ForgeKind.BITBUCKET_SERVER, one.number),
        head=settled.head,
        origin=settled.origin,
    )
    value = _value(settled.sha, one)
    first = run_id(one.number, settled.sha, "" if one.branch == project.branch else one.branch)
    return Find(
        dag_id=project.proposals,
        run_id=next_run(glance.store, project.proposals, one.number, first),
        sha=settled.sha,
        event=event,
        seen=(Seen(project=project.dag_id, ref=key, value=value, kind=Kind.PULLS),),
    )


def _settled(glance: Glance, place: ForgePlace, one: PullRequest) -> _Settled | None:
    """Ask git for what counts; None where the pull request has just moved on.

    :raises SlipwayError: when its commit cannot be had.
    """
    head = head_ref(place.kind, one.number)
    if not one.fork:
        tip = glance.mirror.head(one.source)
        if tip is not None:
            return (
                _Settled(sha=tip, stranger=False, head=f"{HEADS}{one.source}")
                if tip.startswith(one.sha)
                else None
            )
        # No branch of the repository: whoever may read it may propose such a thing at some hosts.
    if head:
        return _Settled(sha=one.sha, stranger=True, head=head) if is_sha(one.sha) else None
    return _of_fork(glance.project, one)


def _of_fork(project: WatchedProject, one: PullRequest) -> _Settled | None:
    """Ask the fork itself, where the host keeps no ref for a pull request."""
    if not one.origin:
        msg = "the repository that it comes from is gone"
        raise RepositoryRefused(msg, advice="decline it, or let its author open a new one")
    if not is_ref_name(one.source):
        msg = f"{visible(one.source)} cannot be a branch"
        raise RepositoryRefused(msg, advice="let its author rename the branch")
    mirror = proposal_mirror(project.url, project.connection)
    tip = mirror.head_of_fork(one.origin, one.source)
    if tip is None or not tip.startswith(one.sha):
        return None
    return _Settled(sha=tip, stranger=True, head=f"{HEADS}{one.source}", origin=one.origin)


def _is_known(one: PullRequest, known: Mapping[str, str]) -> bool:
    sha, _, branch = known.get(str(one.number), "").partition(" ")
    # Bitbucket Cloud tells the first digits alone.
    return bool(sha) and sha.startswith(one.sha) and branch == one.branch


def _value(sha: str, one: PullRequest) -> str:
    return f"{sha} {one.branch}"


def _next_key(project: WatchedProject) -> str:
    return f"heads/{project.dag_id}.pulls.next.json"


def _left_alone_key(project: WatchedProject) -> str:
    return f"heads/{project.dag_id}.pulls.patience.json"
