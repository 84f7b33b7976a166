"""What becomes of terminated instances."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from include.localcloud.compute.instance_life import Life
from include.localcloud.compute.terminated import Forgetting


def _instance(name: str, state: Life) -> Any:
    word, code = state.value
    return SimpleNamespace(id=name, _state=SimpleNamespace(name=word, code=code))


def test_they_are_seen_for_a_while_and_then_forgotten_with_their_tags() -> None:
    gone, alive = _instance("i-1", Life.TERMINATED), _instance("i-2", Life.RUNNING)
    late = _instance("i-3", Life.SHUTTING_DOWN)
    reservations = {
        "r-1": SimpleNamespace(instances=[gone, alive]),
        "r-2": SimpleNamespace(instances=[late]),
    }
    ec2 = SimpleNamespace(reservations=reservations, tags={"i-1": {"a": "b"}, "i-2": {}})
    state: Any = SimpleNamespace(
        lock=threading.Lock(),
        ec2=ec2,
        instances=lambda: [one for each in reservations.values() for one in each.instances],
    )
    now = iter([0.0, 119.0, 120.0, 239.0, 241.0])
    forgetting = Forgetting(state=state, clock=lambda: next(now))
    forgetting.reconcile()
    late._state.name, late._state.code = Life.TERMINATED.value
    forgetting.reconcile()
    assert [one.id for one in state.instances()] == ["i-1", "i-2", "i-3"]
    forgetting.reconcile()
    assert [one.id for one in state.instances()] == ["i-2", "i-3"]
    assert list(ec2.tags) == ["i-2"]
    forgetting.reconcile()
    assert list(reservations) == ["r-1"]
    forgetting.reconcile()
    assert [one.id for one in state.instances()] == ["i-2"]
