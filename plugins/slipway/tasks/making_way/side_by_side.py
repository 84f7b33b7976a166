"""Tasks that run side by side stop together: once one of them has failed, the run has failed.

A run ends with the last of its tasks, and the next commit waits for that. So a task that may take
long looks at the others of its run now and then. When one of them has failed for good, this one
removes its containers and ends, with the name of the one that failed, and is not tried again.

It ends likewise, but as skipped, once a newer commit has come in the place of its own
(:mod:`slipway.tasks.making_way.superseded_run`), or its pull request is not open any more
(:mod:`slipway.tasks.making_way.closing`).

What is not a failure: a task that was killed or cleared and runs again, one that waits for its next
try, and one that was stopped itself. A task that a person cleared is not stopped for what had
failed before it began: he wants to see how it goes.
"""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSkipException,
)

from slipway.tasks.making_way.closing import closed_since, end_as_closed
from slipway.tasks.making_way.superseded_run import end_for, newer_than
from slipway.tasks.retries import PersonsMistake

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

# The XCom of a task that was stopped: the names of those that had failed.
STOPPED = "stopped"
# Seconds between two looks, and until a failure is looked at once more before it is believed.
PAUSE, AGAIN = 3.0, 1.0
# Seconds between two looks for a newer commit: each reads a few small records.
NEWER = 10.0
_FAILED = "failed"
_SIGNAL = signal.SIGUSR1


class _Stopped(BaseException):
    """Ends whatever the task is doing, as a timeout does; no ``except Exception`` holds it up."""


class SideBySide:
    """A context in which a task works as long as none of its run's other tasks has failed.

    And as long as no newer commit has come in the place of its own, where the task makes way, and
    its pull request is open.

    :param task: is stopped by its ``on_kill``, from another thread.
    :param context: the task's.
    """

    def __init__(self, task: BaseOperator, context: Context) -> None:
        self._task = task
        self._ti: Any = context.get("ti")
        self._over = False
        self._failed: list[str] = []
        # The commit that the task makes way for.
        self._newer: str | None = None
        # Why its pull request is nobody's concern any more.
        self._closed = ""
        # What had failed before, of which a task that a person cleared takes no notice.
        self._old = frozenset[str]()
        self._quit = threading.Event()
        self._thread: threading.Thread | None = None
        self._main: int | None = None
        self._before: Any = None

    def __enter__(self) -> None:
        """Begin to look on, where there is a run to look at."""
        if self._ti is None or not supervised():
            return
        if threading.current_thread() is threading.main_thread():
            self._main = threading.get_ident()
            self._before = signal.signal(_SIGNAL, self._interrupt)
        self._thread = threading.Thread(target=self._look_on, name="side by side", daemon=True)
        self._thread.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop looking on.

        :raises AirflowFailException: when another task has failed.
        :raises PullRequestClosed: when its pull request is not open any more.
        :raises Superseded: when there is a newer commit.
        """
        self._over = True
        if self._thread is None:
            return
        self._quit.set()
        self._thread.join()
        if self._main is not None:
            signal.signal(_SIGNAL, self._before)
        if self._failed:
            # What the task began while it was being stopped.
            self._clear_up()
            self._end(f"stopped, because {_listed(self._failed)} failed")
        if error is not None and (self._closed or self._newer is not None):  # what is done is done
            self._clear_up()
            self._make_way()
        if error is not None and _would_be_retried(error) and (failed := self._look() - self._old):
            self._failed = sorted(failed)
            told = str(error) or type(error).__name__
            self._end(f"{told}\n  not tried again, because {_listed(self._failed)} failed")

    def _make_way(self) -> None:
        if self._closed:
            end_as_closed(self._closed, self._ti)
        end_for(str(self._newer), self._ti)

    def _end(self, words: str) -> None:
        try:
            self._ti.xcom_push(key=STOPPED, value=self._failed)
        except Exception as error:
            self._task.log.warning("the others may name this task as the reason: %s", error)
        raise PersonsMistake(words) from None

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if not self._over:
            raise _Stopped

    def _look_on(self) -> None:
        """Look at the others until one has failed, or this task is done."""
        if _was_cleared(self._task, self._ti):
            self._old = self._look()
        seen = frozenset[str]()
        pause, asked = 0.0, time.monotonic()
        while not self._quit.wait(pause):
            failed = self._look() - self._old
            if sure := failed & seen:
                self._failed = sorted(sure)
                self._stop(f"{_listed(self._failed)} failed")
                return
            if time.monotonic() - asked >= NEWER:
                asked = time.monotonic()
                if why := self._in_the_way():
                    self._stop(why)
                    return
            seen = failed
            pause = AGAIN if failed else PAUSE

    def _in_the_way(self) -> str:
        """Say why the task should make way; empty where it should not."""
        self._closed = closed_since(self._task, self._ti)
        if self._closed:
            return self._closed
        self._newer = newer_than(self._task, self._ti, midway=True)
        return f"superseded by {self._newer}" if self._newer else ""

    def _stop(self, why: str) -> None:
        self._task.log.info("%s, so this task stops", why)
        # First what runs elsewhere, so that whoever waits for it in this process goes on.
        self._clear_up()
        if self._main is not None and not self._over:
            signal.pthread_kill(self._main, _SIGNAL)

    def _clear_up(self) -> None:
        try:
            self._task.on_kill()
        except Exception as error:
            self._task.log.warning("not everything was removed: %s", error)

    def _look(self) -> frozenset[str]:
        """Name the tasks that have failed by themselves; none as long as nobody can say."""
        ti = self._ti
        try:
            states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {})
            failed = [name for name, state in states.items() if state == _FAILED]
            return frozenset(
                name
                for name in failed
                if name != ti.task_id and not ti.xcom_pull(task_ids=name, key=STOPPED)
            )
        except Exception as error:
            self._task.log.debug("the run's other tasks could not be looked at: %s", error)
            return frozenset()


def supervised() -> bool:
    """Tell whether a scheduler runs tasks side by side: ``dag.test()`` runs one by one."""
    from airflow.sdk.execution_time import task_runner
    from airflow.sdk.execution_time.comms import CommsDecoder

    return isinstance(getattr(task_runner, "SUPERVISOR_COMMS", None), CommsDecoder)


def _was_cleared(task: BaseOperator, ti: Any) -> bool:
    """Tell whether a person had the task run anew: that gives it further tries."""
    return int(ti.max_tries) > int(task.retries or 0)


def _would_be_retried(error: BaseException) -> bool:
    return isinstance(error, Exception) and not isinstance(
        error, AirflowFailException | AirflowSkipException | AirflowRescheduleException
    )


def _listed(names: list[str]) -> str:
    return " and ".join(names)
