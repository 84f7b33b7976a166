"""A task says what it waits for: in its log, and where the board and ``fab status`` look.

That place is an XCom of the task. It steers nothing, so what goes wrong with it stops nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from slipway.metrics.catalogue import LEASE_WAIT
from slipway.metrics.emit import observe
from slipway.model.board.waiting import Waiting
from slipway.model.text.inert import visible
from slipway.policies.waiting import for_another_deployment, for_another_publication

if TYPE_CHECKING:
    from airflow.sdk import Context

    from slipway.model.target import DeployTarget

_log = logging.getLogger(__name__)
# The XCom; what is empty waits no more.
WAITS = "waits"


class Telling:
    """Tells what a task waits for, each thing once.

    :param context: the task's.
    :param say: takes a line for the log; None where somebody else writes it.
    :param told: it may have told something in another process, before it was deferred.
    """

    def __init__(
        self, context: Context, say: Callable[[str], None] | None = None, *, told: bool = False
    ) -> None:
        self._ti: Any = context.get("ti")
        self._say = say
        self._told = told
        self._words = ""

    def wait(self, what: Waiting) -> None:
        """Say what it waits for now.

        :param what: as :mod:`slipway.policies.waiting` puts it.
        """
        if what.words != self._words:
            self._words, self._told = what.words, True
            if self._say is not None:
                self._say(f"waits {what.words}")
            self._push(what.to_json())

    def over(self) -> None:
        """Say that it waits no more, if it had said that it does."""
        if self._told:
            self._told, self._words = False, ""
            self._push({})

    def _push(self, value: dict[str, Any]) -> None:
        try:
            self._ti.xcom_push(key=WAITS, value=value)
        except Exception as error:
            _log.warning("the board may not show what this task waits for: %s", error)


def turn_to_publish(context: Context) -> Callable[[str], None]:
    """Return what a publication tells who publishes in its place; nobody, once it does itself.

    :param context: of the task that publishes.
    """
    telling, since = Telling(context), time.time()

    def tell(owner: str) -> None:
        if owner:
            telling.wait(for_another_publication(visible(owner), since))
        else:
            telling.over()

    return tell


class Turn:
    """The turn that a task waits for to change an environment.

    :param telling: tells whom it waits for.
    :param since: when it began to, seconds since 1970.
    """

    def __init__(self, telling: Telling, since: float) -> None:
        self._telling = telling
        self.since = since

    def wait(self, words: str) -> None:
        """Say who changes the environment.

        :param words: that name the owner.
        """
        self._telling.wait(for_another_deployment(words, self.since))


@contextmanager
def turn_to_deploy(
    context: Context, target: DeployTarget, since: float | None, say: Callable[[str], None]
) -> Iterator[Turn]:
    """Wait for the turn in this block, whose end is its beginning.

    :param context: the task's.
    :param target: the environment.
    :param since: when it began to wait, in a process of before; None for now.
    :param say: takes a line for the log.
    """
    telling = Telling(context, say, told=since is not None)
    turn = Turn(telling, since or time.time())
    yield turn
    telling.over()
    place = {"project": target.project, "environment": target.environment}
    observe(LEASE_WAIT, time.time() - turn.since, **place)
