"""Asks whose turn it is once more, directly before a change leaves this machine.

What was asked before is no longer true when the worker slept since: while the call was prepared, or
between two tries, of which botocore makes a dozen within some minutes when the answer stays away.
So the question stands in ``before-send``, after which nothing happens but the sending itself. What
remains is the way from there to the cloud: a worker that is stopped in it, with its request half
sent, still writes, for Auto Scaling and ELB know no conditional writes. Whoever came meanwhile
looks at the fleet again before and after each change, and so meets what such a straggler did.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

# Emitted for each try, and what is raised in it ends the call.
_EVENT, _ID = "before-send", "slipway-fence"
_READING = ("Describe", "Get", "List")
# Seconds for which an answer counts, for one try: it takes some thousandths to prepare a call.
_FRESH = 0.5
# Of the call that is under way.
_QUESTION: ContextVar[Fence | None] = ContextVar("_QUESTION", default=None)
# Goes on while the machine is suspended, where the system has such a clock.
_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Fence:
    """A question whose answer counts for one try, if that follows at once.

    :param ask: raises when it is somebody else's turn.
    """

    def __init__(self, ask: Callable[[], None]) -> None:
        self._ask = ask
        self._asked: tuple[float, float] | None = None

    def __call__(self) -> None:
        """Ask, before a change is prepared."""
        self._ask()
        self._asked = _now()

    def let_through(self) -> None:
        """Ask for one try, unless that was done just now."""
        asked, self._asked = self._asked, None
        # Either clock tells of a sleep: the one goes on in it, the other is set right after it.
        if asked is None or any(abs(b - a) > _FRESH for a, b in zip(asked, _now(), strict=True)):
            self._ask()


class _Fenced:
    """A boto3 client, of which the calls that are made through it are asked about."""

    def __init__(self, client: Any, question: Fence) -> None:
        self._client = client
        self._question = question

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not callable(found) or name.startswith(("get_paginator", "get_waiter")):
            return found

        def call(*args: Any, **asked: Any) -> Any:
            before = _QUESTION.set(self._question)
            try:
                return found(*args, **asked)
            finally:
                _QUESTION.reset(before)

        return call


def fenced(client: Any, fence: Callable[[], None]) -> Any:
    """Return the client so that it asks before each try of a change; looking is free.

    :param client: a boto3 client; whoever else has it is not asked.
    :param fence: raises when it is somebody else's turn.
    """
    # First, since whatever else stands here may send.
    client.meta.events.register_first(_EVENT, _ask, unique_id=_ID)
    return _Fenced(client, fence if isinstance(fence, Fence) else Fence(fence))


def _ask(event_name: str, **_: Any) -> None:
    question = _QUESTION.get()
    if question is not None and not event_name.rpartition(".")[2].startswith(_READING):
        question.let_through()


def _now() -> tuple[float, float]:
    return time.clock_gettime(_CLOCK), time.time()
