"""A commit that a newer one waits for has no time to lose between its tries."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy

from slipway.tasks.kept_facts import run_facts
from slipway.tasks.making_way.queued_behind import newer_commit_queued

if TYPE_CHECKING:
    from airflow.sdk import Context


class Hurry(RetryPolicy):
    """Tries again at once, instead of after a while, where a newer commit's run waits.

    As soon as the run has begun to change its environment it takes its time: what may be amiss is
    the cloud, and what is half done is no reason to press it.
    """

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Context | None = None,
    ) -> RetryDecision:
        """Decide how long to wait after a failure; how often is Airflow's to count.

        :param exception: that the task failed with.
        :param try_number: of the try that failed, from 1.
        :param max_tries: how often Airflow tries in all.
        :param context: the task's.
        """
        ti: Any = (context or {}).get("ti")
        if context is None or ti is None:
            return RetryDecision.default()
        newer = newer_commit_queued(ti.dag_id, ti.run_id, ti.get_dr_count)
        if newer is None or _began_swap(context):
            return RetryDecision.default()
        return RetryDecision.retry(timedelta(), f"the run of the newer commit {newer} waits")


def _began_swap(context: Context) -> bool:
    """Tell whether the run has changed something; it counts as so where its note was altered."""
    try:
        facts = run_facts(context)
        return facts is not None and facts.swap() is not None
    except Exception:
        return True
