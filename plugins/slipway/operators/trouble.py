"""What is wrong with one project, told in housekeeping without being laid to all the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from slipway.tasks.retries import PersonsMistake, no_retry_on_input_error

if TYPE_CHECKING:
    from airflow.sdk import Context

# The XCom of a task that a project's mistake stopped.
TROUBLE = "trouble"
_FAILED = frozenset({"failed", "upstream_failed"})


@contextmanager
def own_trouble(context: Context) -> Iterator[None]:
    """Note a project's own mistake, for :class:`TellTroubleOperator`; it still fails the task.

    :param context: the task's.
    :raises AirflowFailException: with the message of the mistake.
    """
    try:
        with no_retry_on_input_error():
            yield
    except PersonsMistake as mistake:
        ti: Any = context["ti"]
        ti.xcom_push(key=TROUBLE, value=str(mistake))
        raise


class TellTroubleOperator(BaseOperator):
    """Warn of each project's trouble, as the run's last task, which alone decides how it ends.

    A project that names what the cloud does not have fails its own task; the others' are done all
    the same, and the run is no failure of theirs.

    :returns: what is wrong, by the task that found it.

    Example::

        tasks >> TellTroubleOperator(task_id="tell_trouble", trigger_rule=TriggerRule.ALL_DONE)
    """

    ui_color = "#fde68a"

    def execute(self, context: Context) -> Mapping[str, str]:
        """Look at the tasks before this one.

        :raises AirflowFailException: when a task failed for no project's mistake.
        """
        ti: Any = context["ti"]
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id])[ti.run_id]
        failed = sorted(name for name, state in states.items() if state in _FAILED)
        told = {name: ti.xcom_pull(task_ids=name, key=TROUBLE) for name in failed}
        known = {name: str(words) for name, words in told.items() if words}
        for name, words in known.items():
            self.log.warning("%s: %s", name, words)
        if unknown := [name for name in failed if name not in known]:
            msg = f"failed, and no project file is to blame: {', '.join(unknown)}"
            raise AirflowFailException(msg)
        return known
