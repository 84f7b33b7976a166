"""New commits, in every repository at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseSensorOperator, PokeReturnValue
from airflow.sdk.exceptions import AirflowSkipException

from slipway.exceptions import EnvironmentMisconfigured
from slipway.hooks.store.artifacts import artifact_store
from slipway.model.git.watching import WatchedProject
from slipway.tasks.watching.announce import announce
from slipway.tasks.watching.complaints import in_words
from slipway.tasks.watching.found import SEEN, Find
from slipway.tasks.watching.known_dags import is_known, those_of_known_dags
from slipway.tasks.watching.watcher import MOST_FINDS, Watcher
from slipway.triggers.commits import ERROR, FINDS, CommitsTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

# How it waits where no worker is to wait with it; the other two ways are Airflow's own.
DEFERRABLE = "deferrable"
# Seconds for the triggerer to end by itself, before Airflow ends it.
_GRACE = 120.0


class CommitsSensor(BaseSensorOperator):
    """Wait for commits that have not been delivered, and for whatever else projects watch.

    What was handed on is remembered per project in the artifact store. That memory may be lost or
    lag behind without harm: a run's id is its commit's sha, so a commit that is handed on twice is
    run once. :class:`slipway.tasks.watching.watcher.Watcher` says what becomes of a repository that
    does not answer.

    :param watched: gives the projects.
    :param source: a dotted name of the same function, with which the triggerer finds it.
    :param mode: how it waits: ``poke``, ``reschedule``, or ``deferrable``, in the triggerer.
    :returns: for each run, the oldest commit of a project first, the arguments of a
        TriggerDagRunOperator; and under the key ``seen`` what is to be remembered of each.

    Example::

        new = CommitsSensor(
            task_id="new_commits",
            watched=lambda: [
                WatchedProject(
                    dag_id="shop",
                    url="https://git.example.com/shop.git",
                    branch="main",
                    connection="shop_git",
                )
            ],
        )
    """

    template_fields: Sequence[str] = ()
    ui_color = "#fef9c3"

    def __init__(
        self,
        *,
        watched: Callable[[], Iterable[WatchedProject]],
        source: str = "",
        mode: str = "poke",
        **kwargs: Any,
    ) -> None:
        self.deferrable = mode == DEFERRABLE
        super().__init__(mode="poke" if self.deferrable else mode, **kwargs)
        self.watched = watched
        self.source = source
        self._watcher: Watcher | None = None

    def execute(self, context: Context) -> Any:
        """Wait here, or in the triggerer."""
        if self.deferrable:
            self._defer(time.time() + self.timeout)
        return super().execute(context)

    def _defer(self, until: float) -> NoReturn:
        trigger = CommitsTrigger(source=self.source, poll=self.poke_interval, until=until)
        limit = timedelta(seconds=self.timeout + _GRACE)
        self.defer(trigger=trigger, method_name="resume", kwargs={"until": until}, timeout=limit)

    def resume(
        self, context: Context, event: dict[str, Any], until: float = 0.0
    ) -> list[dict[str, Any]]:
        """Hand on what the triggerer found; wait on where Airflow has none of its DAGs yet.

        :param context: the task's.
        :param event: what the trigger fired with.
        :param until: when its time is over, seconds since 1970.
        :raises EnvironmentMisconfigured: when the triggerer cannot read the projects.
        :raises AirflowSkipException: when it found nothing in all that time.
        """
        if ERROR in event:
            # No exception of Airflow's, which a sensor like this one takes for nothing found.
            raise EnvironmentMisconfigured(event[ERROR], advice=event.get("advice", ""))
        finds = [Find.from_json(one) for one in event.get(FINDS, ())]
        there = self._with_dags(context, finds)
        if finds and not there and time.time() < until:
            self._defer(until)
        runs = self._hand_on(context, there)
        if not runs:
            msg = "nothing new in all that time" if not finds else "nothing can be run now"
            raise AirflowSkipException(msg)
        return runs

    def poke(self, context: Context) -> PokeReturnValue:
        """Ask every repository once, side by side."""
        if self._watcher is None:
            self._watcher = Watcher(
                self.watched, artifact_store(), self._say, pause=self.poke_interval
            )
        runs = self._hand_on(context, self._with_dags(context, self._watcher.sweep()))
        return PokeReturnValue(is_done=bool(runs), xcom_value=runs)

    def _with_dags(self, context: Context, finds: list[Find]) -> list[Find]:
        """Leave out those whose DAGs Airflow does not have yet, and then what is too much."""
        ti: Any = context["ti"]
        known = those_of_known_dags(artifact_store(), finds, partial(is_known, ti), self._say)
        return known[:MOST_FINDS]

    def _hand_on(self, context: Context, finds: list[Find]) -> list[dict[str, Any]]:
        announced = announce(artifact_store(), finds, self._complain)
        if announced:
            seen = [[one.to_json() for one in find.seen] for find in announced]
            context["ti"].xcom_push(key=SEEN, value=seen)
        return [find.as_run() for find in announced]

    def _complain(self, dag_id: str, error: Exception) -> None:
        self._say(f"{dag_id}: {in_words(error)}")

    def _say(self, words: str) -> None:
        self.log.warning("%s", words)
