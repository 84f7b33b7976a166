"""The package that an early bake is for: it is built while the builder comes up.

A builder that waits costs money, and its task a slot. So it is made when the package is being
built, and not while that waits for a slot of its own: then the bake gives its slot back, and looks
again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowRescheduleException

from slipway.exceptions import EarlyBakeFutile
from slipway.hooks.store.runs.facts import digest
from slipway.model.facts import Checkout, DebPackage
from slipway.tasks.kept_facts import BUILD_DEB, run_facts
from slipway.tasks.making_way.side_by_side import supervised

if TYPE_CHECKING:
    from airflow.sdk import Context

# Seconds that both may begin one after the other, between two looks, and that a package may take.
_APART, _LOOK, _LONGEST = 5.0, 0.5, 900.0
_LATER = timedelta(seconds=10)
_RUNNING = "running"
# The states of a task that may still do what it is there for.
_MAY_COME = frozenset(
    {None, "scheduled", "queued", _RUNNING, "restarting", "up_for_retry", "up_for_reschedule"}
)


class AwaitedPackage:
    """The package of a commit, as the run's own task signs it.

    :param context: of the task that waits.
    :param checkout: what the package is built of.
    :param log: is told.
    """

    def __init__(self, context: Context, checkout: Checkout, log: Callable[[str], None]) -> None:
        self._context, self._checkout, self._log = context, checkout, log

    def find(self) -> DebPackage | None:
        """Return the package, or None as long as it is not there.

        :raises RecordRefused: when somebody else wrote what is there.
        """
        facts = run_facts(self._context)
        kept = facts.find(BUILD_DEB) if facts is not None else None
        if kept is None or kept.made_of != digest(self._checkout):
            return None
        return DebPackage.from_json(kept.told)

    def require_begun(self) -> None:
        """Return once the package is there, or being built.

        :raises AirflowRescheduleException: while it waits for its turn.
        :raises EarlyBakeFutile: when none will come.
        """
        until = time.monotonic() + _APART
        while self.find() is None and self._state() != _RUNNING:
            if time.monotonic() >= until:
                self._log(f"{BUILD_DEB} waits for its turn; bake_early gives its own slot up")
                raise AirflowRescheduleException(datetime.now(UTC) + _LATER)
            time.sleep(_LOOK)

    def wait(self, over: threading.Event) -> DebPackage:
        """Return the package once it is there.

        :param over: nobody waits any more.
        :raises EarlyBakeFutile: when it does not come.
        :raises RecordRefused: when somebody else wrote what is there.
        """
        began = asked = time.monotonic()
        while (found := self.find()) is None:
            now = time.monotonic()
            if over.wait(_LOOK) or now - began >= _LONGEST:
                msg = f"{BUILD_DEB} signed no package while a builder waited for it"
                raise EarlyBakeFutile(msg)
            if now - asked >= _APART:
                asked = now
                self._state()
        return found

    def _state(self) -> str | None:
        """Return the state of the task that builds it.

        :raises EarlyBakeFutile: when it will build none any more, or only after this task.
        """
        if not supervised():
            msg = f"{BUILD_DEB} has not run yet, and runs after this task"
            raise EarlyBakeFutile(msg)
        ti: Any = self._context["ti"]
        found: Mapping[str, Mapping[str, str]] = ti.get_task_states(
            dag_id=ti.dag_id, task_ids=[BUILD_DEB], run_ids=[ti.run_id]
        )
        state = found.get(ti.run_id, {}).get(BUILD_DEB)
        # One that is done has signed the package by then, unless a person marked it so.
        if state not in _MAY_COME and self.find() is None:
            msg = f"{BUILD_DEB} is {state}, and signed no package"
            raise EarlyBakeFutile(msg)
        return state
