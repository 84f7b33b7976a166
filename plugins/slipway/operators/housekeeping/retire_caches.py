"""Housekeeping: what pipelines left for their next runs is taken away when its time is over."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.cache_retention import retire_caches
from slipway.model.cache import CacheLimits
from slipway.tasks.freed import Freed, FreedKind
from slipway.tasks.retries import no_retry_on_input_error

if TYPE_CHECKING:
    from airflow.sdk import Context


class RetireCachesOperator(BaseOperator):
    """Take away what pipelines left for their next runs and none has used for long.

    :param limits: project -> what is kept of it.
    :returns: how many folders went.

    Example::

        RetireCachesOperator(task_id="retire_caches", limits={"shop": CacheLimits()})
    """

    ui_color = "#fde68a"

    def __init__(self, *, limits: Mapping[str, CacheLimits], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.limits = dict(limits)

    def execute(self, context: Context) -> int:
        """Look once an hour; what a killed try left goes with the next."""
        freed = Freed(FreedKind.CACHE)

        def gone(at: str, size: int) -> None:
            self.log.info("%s went", at)
            freed.add(size)

        with no_retry_on_input_error():
            now = datetime.now(UTC)
            deque(retire_caches(artifact_store(), self.limits, now, gone), maxlen=0)
        freed.tell(self.log.info)
        return freed.things
