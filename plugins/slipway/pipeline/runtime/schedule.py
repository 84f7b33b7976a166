"""Runs things in the order of their graph; what does not wait for each other runs side by side."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from slipway.pipeline.yaml.conditions import RunPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SIDE_BY_SIDE = 8


class State(StrEnum):
    """How a step ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    KILLED = "killed"


class Node(Protocol):
    """What a graph is made of: steps, or whole pipelines."""

    @property
    def name(self) -> str:
        """Unique in the graph."""

    @property
    def depends_on(self) -> tuple[str, ...]:
        """Names that come before."""

    @property
    def policy(self) -> str:
        """A :class:`RunPolicy`."""

    @property
    def unmet(self) -> str:
        """The condition that keeps it from running."""


class Report(Protocol):
    """How a node ended."""

    @property
    def state(self) -> str:
        """A :class:`State`."""


N = TypeVar("N", bound=Node)
R = TypeVar("R", bound=Report)


class Schedule(Generic[N, R]):
    """One run of a graph.

    A node runs when everything that it depends on has ended. Once anything has failed, whatever
    depends on what, nothing begins but nodes for failures and nodes for both; what runs may end.
    A node for failures is skipped where nothing has failed by its turn. A node whose conditions
    are unmet is skipped, and holds nobody up.

    :param nodes: without cycles or unknown names.
    :param run: runs one node, in a thread of its own; a failure is an answer. When it raises,
        nothing more is started.
    :param skip: makes the report of a node that does not run, from the reason.
    :param fails: whether an outcome counts as a failure.
    """

    def __init__(
        self,
        nodes: Sequence[N],
        *,
        run: Callable[[N], R],
        skip: Callable[[N, str], R],
        fails: Callable[[N, R], bool],
    ) -> None:
        self._nodes = nodes
        self._run = run
        self._skip = skip
        self._fails = fails
        self._waiting = list(nodes)
        self._reports: dict[str, R] = {}
        self._failed: list[str] = []
        self._halted = ""
        self._ended_early = ""
        self._failed_by_then = 0

    @property
    def failed(self) -> tuple[str, ...]:
        """The names that have failed so far."""
        return tuple(self._failed)

    def fail(self, name: str) -> None:
        """Count something that is no node as failed before any node has begun."""
        self._failed.append(name)

    def halt(self, reason: str) -> None:
        """Start nothing more; what runs is waited for."""
        self._halted = reason

    def end_early(self, reason: str) -> None:
        """Start nothing more; once something fails after this, what is for failures runs."""
        self._ended_early = self._ended_early or reason
        self._failed_by_then = len(self._failed)

    def reason_to_skip(self, node: N) -> str:
        """Say why a node must not begin now; empty where it may."""
        if node.unmet:
            return node.unmet
        if self._halted:
            return self._halted
        if self._ended_early and len(self._failed) == self._failed_by_then:
            return self._ended_early
        if node.policy == RunPolicy.ALWAYS:
            return ""
        if node.policy == RunPolicy.ON_FAILURE:
            return "" if self._failed else "nothing failed"
        return f"after the failure of {', '.join(self._failed)}" if self._failed else ""

    def run(self, *, stop: Callable[[], None]) -> list[R]:
        """Run every node.

        :param stop: called when a node raises, and when the caller's thread is interrupted;
            makes every run return.
        :returns: the reports, in the order of the nodes.
        """
        running: dict[Future[R], N] = {}
        workers = max(1, min(SIDE_BY_SIDE, len(self._nodes)))
        with ThreadPoolExecutor(max_workers=workers) as pool:
            try:
                while self._waiting or running:
                    for node in self._startable(workers - len(running)):
                        running[pool.submit(self._run, node)] = node
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        self._ended(running.pop(future), future.result())
            except BaseException:
                stop()
                raise
        return [self._reports[node.name] for node in self._nodes]

    def _startable(self, free: int) -> list[N]:
        """Take out what can start now; what cannot run any more is reported on the way.

        What has no place yet waits here: a failure that comes meanwhile still keeps it away.

        :param free: how many there is a place for.
        """
        found: list[N] = []
        skipped = True
        while skipped:
            skipped = False
            for node in [n for n in self._waiting if self._reports.keys() >= set(n.depends_on)]:
                if reason := self.reason_to_skip(node):
                    self._waiting.remove(node)
                    self._ended(node, self._skip(node, reason))
                    skipped = True
                elif len(found) < free:
                    self._waiting.remove(node)
                    found.append(node)
        return found

    def _ended(self, node: N, report: R) -> None:
        self._reports[node.name] = report
        if report.state != State.SKIPPED and self._fails(node, report):
            self._failed.append(node.name)
