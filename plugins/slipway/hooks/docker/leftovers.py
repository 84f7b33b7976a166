"""What a worker that died left beside its container engine, when its task went on elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from slipway.exceptions import ContainerEngineError

if TYPE_CHECKING:
    from slipway.hooks.docker.engine import ContainerEngine

_log = logging.getLogger(__name__)


def tidied(engine: ContainerEngine, limit: float, say: Callable[[str], None]) -> ContainerEngine:
    """Remove what is overdue beside an engine; what is made there from now on has its time.

    The next try of a task removes what the one before left under its name, but only on the same
    engine: with an engine for each worker it may begin on another one.

    :param engine: the container engine.
    :param limit: seconds that the task may take; what it leaves behind is overdue after twice that,
        and not before a day.
    :param say: is told what was removed.
    :returns: the engine.
    """
    try:
        removed = engine.remove_overdue(limit=2 * limit)
    except ContainerEngineError as error:
        # The task itself meets an engine that does not answer, and knows what to do about it.
        _log.info("what is overdue was not removed: %s", error)
    else:
        if removed:
            say(f"removed {removed} leftovers of tasks that went on beside another engine")
    return engine
