"""Triggers fire as soon as they can here, and share no looks: each test has a cloud of its own."""

from __future__ import annotations

import pytest

from slipway.hooks.aws.shared_looks import SharedLooks
from slipway.triggers import fleet, lease, settled


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settled, "SETTLE", 0.0)
    for module in (fleet, lease):
        monkeypatch.setattr(module, "SHARED", SharedLooks(fresh=0.0))
