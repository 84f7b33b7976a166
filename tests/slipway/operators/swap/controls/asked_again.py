"""A process of its own that asks whether a deployment may begin: ``python -m ... BRAKE``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from slipway.exceptions import SlipwayError
from slipway.model.controls import Action
from slipway.tasks.consent import Admission
from slipway.tasks.controls.allowed import require_open
from tests.fakes.airflow_run import FakeTask

# What somebody said, and what is asked about then: of which kind of run, with which words.
BRAKES: dict[str, tuple[Action, dict[str, str], str]] = {
    "held": (Action.HOLD, {}, "held by ann"),
    "held, at its time": (Action.HOLD, {}, "held by ann"),
    "an environment stopped": (Action.STOP, {}, "the line is stopped for shop dev by ann"),
    "a project stopped": (Action.STOP, {"environment": ""}, "is stopped for shop by ann"),
    "everything stopped": (
        Action.STOP,
        {"project": "", "environment": ""},
        "is stopped for everything by ann",
    ),
    "rejected": (Action.REJECT, {"version": "2"}, "2 was rejected by ann"),
    "a run cancelled": (Action.CANCEL, {"run": "manual__1"}, "was cancelled by ann"),
    "all that waits cancelled": (Action.CANCEL, {}, "was cancelled by ann"),
}
TIMED = ("held, at its time", "all that waits cancelled")


def admission(brake: str) -> Admission:
    """Return what the environment lets in; a plain hold is about commits alone."""
    return Admission(project="shop", environment="dev", by_itself=brake == "held")


def context(brake: str, *, cleared: int = 0, host: str = "") -> Any:
    """Return what a task is given whose run was asked for ten minutes ago, by bob or a commit.

    :param cleared: how often somebody cleared tasks of the run.
    :param host: of a second Airflow, whose runs have the ids of the first one's.
    """
    task = FakeTask(run_id="manual__1", states={("shop.dev", host): "running"} if host else {})
    asked = datetime.now(UTC) - timedelta(minutes=10)
    user = None if brake == "held" else "bob"
    run = SimpleNamespace(triggering_user_name=user, clear_number=cleared, run_after=asked)
    params = {"at": f"{asked:%Y-%m-%d %H:%M} UTC"} if brake in TIMED else {}
    known = ("dry_run", "override_freeze", "urgent", "pass_stop", "at")
    dag = SimpleNamespace(params=dict.fromkeys(known))
    return {**task.context, "params": params, "dag": dag, "dag_run": run}


def main() -> int:
    """Say why it may not begin; returns 0 where it may."""
    brake = sys.argv[1]
    try:
        require_open(context(brake), admission(brake), "2", skip=brake == "held")
    except (AirflowSkipException, SlipwayError) as closed:
        sys.stdout.write(f"{closed}\n")
        return 3
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
