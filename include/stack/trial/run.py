"""The trial of the stack, one case after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from include.demo.airflow_api import DemoFailed
from include.demo.progress import follow, say
from include.stack import compose, paths, repositories
from include.stack.trial import mishaps
from include.stack.trial.api import Run, StackApi
from include.stack.trial.leftovers import builder_is_up, leftovers
from include.stack.trial.mishaps import Mishap
from include.stack.trial.rebirth import bring_back
from include.stack.trial.refusals import refusals
from include.stack.trial.report import Result, conclude
from include.stack.trial.visitors import RATE, served, visitors
from include.stack.up import wait_until_healthy

# Seconds for one run. The first bakes the base image as well.
LIMIT = 900
WORKERS = 2
DAGS = ("guestbook", "guestbook.dev", "guestbook.prod", "commits", "controls")


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One thing that is tried.

    :param name: for people.
    :param begin: starts a run.
    :param mishap: what befalls it.
    :param first: nothing serves before it, so nobody asks.
    :param again: a task is tried again, or nothing befell it.
    """

    name: str
    begin: Callable[[], Run]
    mishap: Mishap = mishaps.nothing
    first: bool = False
    again: bool = False


class Trial:
    """Runs cases on a stack that is up.

    :param api: Airflow's.
    """

    def __init__(self, api: StackApi) -> None:
        self._api = api
        self._guestbook = repositories.Guestbook()

    def cases(self) -> list[Case]:
        """Return what is tried, in order."""
        killed, restarted = mishaps.worker_killed, mishaps.restarted
        return [
            Case(name="a push, on two workers that share no disk", begin=self._first, first=True),
            Case(
                name="a worker killed in the middle of a bake",
                begin=lambda: self._push("Workers may die while they bake."),
                # It may be in the middle of anything then: the package is built meanwhile.
                mishap=killed("bake_early", after=8, once=builder_is_up, named="a builder"),
                again=True,
            ),
            Case(
                name="a worker killed in the middle of a swap",
                begin=self._swap,
                mishap=killed("swap.launch", after=1),
                again=True,
            ),
            Case(
                name="Redis restarted in the middle of a bake",
                begin=lambda: self._push("Brokers may die."),
                mishap=restarted(
                    "redis", "bake_early", after=8, once=builder_is_up, named="a builder"
                ),
            ),
            Case(
                name="Postgres restarted in the middle of a swap",
                begin=self._swap,
                mishap=restarted("postgres", "swap.launch", after=1),
            ),
            Case(
                name="the scheduler restarted in the middle of a swap",
                begin=self._swap,
                mishap=restarted("scheduler", "swap.launch", after=1),
            ),
            Case(
                name="the triggerer restarted in the middle of a swap",
                begin=self._slow_swap,
                mishap=restarted("triggerer", "swap.soak", after=1, state="deferred"),
            ),
            Case(
                name="backed up, removed with all its volumes, restored; then a push",
                begin=self._restored,
            ),
        ]

    def run(self, case: Case) -> Result:
        """Try one case; what goes wrong is told by its result."""
        say(f"{case.name}{'' if case.first else f', under {RATE} requests per second'}")
        result, began = Result(case=case.name), time.monotonic()
        counts: dict[str, Any] = {}
        try:
            with ExitStack() as meanwhile:
                if not case.first:
                    counts = meanwhile.enter_context(visitors())
                self._deliver(case, result)
        except DemoFailed as error:
            result.wrong.append(str(error))
        result.seconds = time.monotonic() - began
        if not case.first:
            result.count(counts)
        result.wrong += [f"left behind: {what}" for what in leftovers()]
        self._mend()
        for what in result.wrong:
            say(f"  WRONG: {what}")
        return result

    def _deliver(self, case: Case, result: Result) -> None:
        run = case.begin()
        case.mishap(self._api, run)
        follow(self._api, run.dag_id, run.run_id, timeout=LIMIT)
        version, hosts = served(), set(self._api.hosts(run).values())
        tries = self._api.tries(run)
        say(f"  dev serves {version}; {len(hosts)} workers, {tries} tasks retried")
        if case.again and not tries:
            result.wrong.append("no task was tried again, so it was in the middle of none")
        if run.sha[:7] not in version:
            result.wrong.append(f"dev serves {version}, not {run.sha[:7]}")
        if case.first and len(hosts) < WORKERS:
            result.wrong.append(f"one worker did it all: {hosts}")

    def _mend(self) -> None:
        """Have as many workers as before, and all parts well."""
        running = [one for one in compose.containers("worker") if one.status == "running"]
        if len(running) < WORKERS:
            compose.run("up", "-d", "--scale", f"worker={WORKERS}", timeout=300)
        wait_until_healthy()

    def _first(self) -> Run:
        return _commit(self._guestbook.push_first())

    def _push(self, message: str) -> Run:
        # A swap back to the release before holds the environment: pushes would not deploy there.
        self._api.resume("guestbook", "dev", limit=LIMIT)
        return _commit(self._guestbook.push_again(message))

    def _swap(self) -> Run:
        """Deploy one of the last two releases, the one that does not serve; its image is there."""
        dag_id, version = "guestbook.dev", served()
        [other, *_] = [one for one in self._guestbook.last_two() if one[:7] not in version]
        return Run(dag_id=dag_id, run_id=self._api.trigger(dag_id, {"version": other}), sha=other)

    def _slow_swap(self) -> Run:
        """Do the same, with a gate that stays shut for so long that its task leaves its worker."""
        repositories.watch_longer("40s")
        return self._swap()

    def _restored(self) -> Run:
        """Back up, remove and restore Airflow with all that it knows, and push.

        :raises DemoFailed: when it knows less, or other things, than before.
        """
        before = (self._api.board(), self._api.ended_runs())
        bring_back()
        self._api = StackApi()
        after = (self._api.board(), self._api.ended_runs())
        if after != before:
            msg = f"before: {before}\nafter: {after}"
            raise DemoFailed(msg)
        say(f"  the board and {len(after[1])} runs are as before")
        return self._push("Backups are good for something.")


def _commit(sha: str) -> Run:
    return Run(dag_id="guestbook", run_id=f"commit__{sha}", sha=sha)


def main(numbers: Collection[int] = ()) -> None:
    """Try it all, and leave the stack running.

    :param numbers: of the cases that are tried, from 1; all by default. Those after the second need
        two releases.
    :raises DemoFailed: naming what did not go as it should.
    """
    check_ports()
    api = StackApi()
    for dag_id in DAGS:
        api.wait_for_dag(dag_id, timeout=180)
    trial = Trial(api)
    cases = enumerate(trial.cases(), start=1)
    results = [trial.run(case) for number, case in cases if not numbers or number in numbers]
    say("asking for everything without a login, and looking for secrets everywhere")
    conclude([*results, *refusals(StackApi())])
    say("the stack does what it should")


def check_ports() -> None:
    """See that nobody reaches anything but the UI.

    :raises DemoFailed: when something else is published.
    """
    published = {
        f"{binding['HostIp']}:{binding['HostPort']}"
        for one in compose.containers()
        for bindings in one.attrs["NetworkSettings"]["Ports"].values()
        for binding in bindings or ()
    }
    if published != {f"127.0.0.1:{paths.UI_PORT}"}:
        msg = f"published: {', '.join(sorted(published)) or 'nothing'}"
        raise DemoFailed(msg)
