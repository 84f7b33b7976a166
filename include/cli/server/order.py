"""What a task of ``fab`` does with Airflow's server: start a run, follow it, tell, and end.

Each function returns the exit code: 0 when all is well, 1 when the run failed, 2 when what was
asked is wrong or the server does not do it, 130 when somebody stopped looking.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TextIO

from include.cli.server import approve, logs
from include.cli.server.address import Address
from include.cli.server.client import AirflowServer, connect
from include.cli.server.follow import Ended, Progress, follow, told
from include.cli.server.runs import Run, find_run, start_run, tasks_of
from slipway.exceptions import SlipwayError

# What a shell answers for a program that Ctrl-C ended.
_STOPPED = 130
WRONG = 2
Ask = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where a person sits: what they see, and what programs read.

    :param out: what was asked for.
    :param err: progress beside JSON, and what is wrong.
    :param as_json: what is told at the end is for programs.
    :param connect: opens the server.
    """

    out: TextIO
    err: TextIO
    as_json: bool = False
    connect: Callable[[Address], AirflowServer] = connect

    def say(self, line: str) -> None:
        """Tell of progress."""
        stream = self.err if self.as_json else self.out
        stream.write(f"{line}\n")
        stream.flush()

    def done(self, found: Any) -> None:
        """Write the end, for programs."""
        if self.as_json:
            self.out.write(json.dumps(found, indent=1) + "\n")

    def at(self, address: Address, do: Callable[[AirflowServer], int]) -> int:
        """Do something with the server, and say what is wrong."""
        try:
            return do(self.connect(address))
        except SlipwayError as error:
            self.err.write(f"{error}\n")
            return WRONG


def order(
    desk: Desk,
    address: Address,
    dag_id: str,
    conf: Mapping[str, Any],
    *,
    to_the_end: bool = True,
    log_of: str | None = None,
    leaves: bool = False,
) -> int:
    """Start a run, and follow it.

    :param desk: where the person sits.
    :param address: finds the server.
    :param dag_id: of which DAG.
    :param conf: its parameters.
    :param to_the_end: follow it; otherwise it is only started.
    :param log_of: the task whose log is told meanwhile, in place of progress.
    :param leaves: follow it no further than to where it waits, for a person or for its time.
    """

    def do(server: AirflowServer) -> int:
        run = start_run(server, dag_id, dict(conf))
        for line in Progress(server, run).begin():
            desk.say(line)
        if to_the_end:
            return _to_the_end(desk, server, run, log_of, leaves=leaves)
        desk.done(asdict(run))
        return 0

    return desk.at(address, do)


def follow_run(desk: Desk, address: Address, words: str, environment: str = "") -> int:
    """Follow a run that was started by somebody."""

    def do(server: AirflowServer) -> int:
        run = find_run(server, words, environment)
        desk.say(f"{run.dag_id}: {run.run_id}")
        return _to_the_end(desk, server, run, None)

    return desk.at(address, do)


def tell_logs(
    desk: Desk,
    address: Address,
    words: str,
    environment: str = "",
    *,
    task: str = "",
    to_the_end: bool = False,
) -> int:
    """Tell a run's logs.

    :param desk: where the person sits.
    :param address: finds the server.
    :param words: which run: its id, or a project.
    :param environment: of the project, for the newest deployment to it; may be empty.
    :param task: of one task, or group.
    :param to_the_end: go on telling until the run ends.
    """

    def do(server: AirflowServer) -> int:
        run = find_run(server, words, environment)
        if to_the_end:
            if not run.has_ended:
                return _to_the_end(desk, server, run, task)
            logs.choose_tasks(tasks_of(server, run), task)
        desk.say(f"{run.dag_id}: {run.run_id} ({run.state})")
        chosen = logs.choose_tasks(tasks_of(server, run), task)
        if not desk.as_json:
            logs.show_logs(server, run, chosen, desk.say)
        else:
            every = [asdict(one) | {"log": list(logs.read_log(server, run, one))} for one in chosen]
            desk.done({"run": asdict(run), "tasks": every})
        return 0

    return desk.at(address, do)


def answer_question(
    desk: Desk,
    address: Address,
    project: str,
    environment: str = "",
    *,
    run: str = "",
    choice: str = approve.APPROVE,
    why: str = "",
    ask: Ask | None = None,
) -> int:
    """Show a plan, and answer it.

    :param desk: where the person sits.
    :param address: finds the server.
    :param project: whose plan it is.
    :param environment: the environment's name.
    :param run: the run that asks, where more than one does.
    :param choice: yes or no.
    :param why: kept with the answer.
    :param ask: asks the person whether they mean it, once they have seen the plan; None where they
        have said so beforehand.
    """

    def do(server: AirflowServer) -> int:
        question = approve.find_question(server, project, environment, run)
        for line in approve.told(question):
            desk.say(line)
        if ask is not None and ask(f"{choice} this? [y/N] ").strip().lower() not in ("y", "yes"):
            desk.say("nothing was answered")
            return 1
        by = approve.answer(server, question, choice=choice, why=why)
        words = "approved" if choice == approve.APPROVE else "rejected"
        desk.say(f"{words} by {by}; `fab follow {question.dag_id}/{question.run_id}` follows it")
        desk.done(question.to_json() | {"answer": choice, "by": by, "why": why})
        return 0

    return desk.at(address, do)


def _to_the_end(
    desk: Desk, server: AirflowServer, run: Run, log_of: str | None, *, leaves: bool = False
) -> int:
    try:
        ended: Ended = follow(server, run, desk.say, log_of=log_of, leaves=leaves)
    except KeyboardInterrupt:
        desk.say(f"the run goes on; `fab follow {run.dag_id}/{run.run_id}` looks on")
        return _STOPPED
    if not ended.run.has_ended:
        place = run.dag_id.replace(".", " ", 1)
        desk.say(f"it waits; `fab follow {run.dag_id}/{run.run_id}` looks on")
        desk.say(f"`fab cancel {place} --run {run.run_id}` calls it off")
        desk.done(ended.to_json())
        return 0
    for line in told(ended):
        desk.say(line)
    desk.done(ended.to_json())
    return ended.code
