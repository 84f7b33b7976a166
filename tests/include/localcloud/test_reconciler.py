from __future__ import annotations

import threading
from collections.abc import Callable

from include.localcloud import reconciler
from include.localcloud.reconciler import Reconciler


def _waits(*steps: Callable[[], bool | None]) -> list[float]:
    """Return for how long two rounds were waited."""
    waits: list[float] = []

    class Wake(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0.0)
            if len(waits) == 2:
                one._stopping.set()
            return True

    one = Reconciler(wake=Wake(), steps=steps)
    one.start()
    one._thread.join(timeout=10)
    return waits


def test_a_step_may_ask_for_the_next_round_soon() -> None:
    answers = iter([True, False])
    waits = _waits(lambda: next(answers), lambda: None)
    assert waits == [reconciler.SOON, reconciler.INTERVAL]


def test_a_step_that_fails_keeps_the_others_from_nothing() -> None:
    ran: list[int] = []

    def fail() -> bool:
        raise ValueError

    assert _waits(fail, lambda: ran.append(1)) == [reconciler.INTERVAL] * 2
    assert ran == [1, 1]
