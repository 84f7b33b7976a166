"""``fab logs``, ``follow`` and ``approve``: what becomes of a run, over Airflow's REST API."""

from __future__ import annotations

import sys
from typing import Any

from fabric import task

from include.cli.server import approve as answers
from include.cli.server import order
from include.cli.tasks.place import desk, needed_server

_RUN = "a run's id or the address of its page, DAG/RUN, or a project: its newest run"
_ENVIRONMENT = "one of the project's, whose newest run is meant"


@task(
    positional=["run", "environment"],
    optional=["environment"],
    help={
        "run": _RUN,
        "environment": _ENVIRONMENT,
        "task": "one task's, or a group's, such as `test` or `swap`; all if not given",
        "follow": "go on until the run ends, as `fab follow` does",
        "json": "for programs",
    },
)
def logs(
    _: Any,
    run: str,
    environment: str = "",
    task: str = "",
    follow: bool = False,
    json: bool = False,
) -> None:
    """Show the logs of a run, or of a project's newest one.

    `fab logs guestbook prod --task swap` shows those of its last deployment's swap. With --follow
    it goes on to the run's end, and exits 1 when the run fails.
    """
    given: dict[str, Any] = {"task": task, "to_the_end": follow}
    raise SystemExit(order.tell_logs(desk(json), needed_server(), run, environment, **given))


@task(
    positional=["run", "environment"],
    optional=["environment"],
    help={
        "run": _RUN,
        "environment": _ENVIRONMENT,
        "json": "what became of it, for programs; progress goes to standard error",
    },
)
def follow(_: Any, run: str, environment: str = "", json: bool = False) -> None:
    """Follow a run to its end; exits 1 when it fails, with the reason and the end of the log.

    What waits for a person is told, with how to answer. Ctrl-C stops looking: the run goes on.
    """
    raise SystemExit(order.follow_run(desk(json), needed_server(), run, environment))


@task(
    positional=["project", "environment"],
    optional=["environment"],
    help={
        "project": "its name",
        "environment": "one of the project's; whichever asks if not given",
        "reject": "say no: the run ends, and nothing is changed",
        "why": "kept with the answer, beside your name",
        "run": "the run's id, where more than one asks",
        "yes": "do not ask again whether you mean it; needed where there is no terminal",
        "json": "what was answered, for programs",
    },
)
def approve(
    _: Any,
    project: str,
    environment: str = "",
    reject: bool = False,
    why: str = "",
    run: str = "",
    yes: bool = False,
    json: bool = False,
) -> None:
    """Show the plan of a deployment that waits for a yes, and answer it, in your own name.

    Exits 1 when you do not say yes to it after all. Your name is that of the token's owner.
    """
    ask = None if yes else _asking()
    given: dict[str, Any] = {"run": run, "why": why, "ask": ask}
    given["choice"] = answers.REJECT if reject else answers.APPROVE
    code = order.answer_question(desk(json), needed_server(), project, environment, **given)
    raise SystemExit(code)


def _asking() -> order.Ask:
    if not sys.stdin.isatty():
        msg = "nobody can be asked here whether it is meant: read the plan, and give --yes"
        raise SystemExit(msg)
    return _typed


def _typed(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline()
