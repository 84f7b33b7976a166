"""Lanes: tests that run side by side on one machine do not meet in Docker or on a port.

A lane is a worker of pytest-xdist. What is there once on a machine (names, labels and ports) each
lane has for itself; without xdist there is one lane, with the plain names.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

if TYPE_CHECKING:
    import pytest

# Ports of one lane lie closer together than this, in each of the blocks that the tests use.
_STEP = 100
_SHARE = ("tests/e2e/test_failed_machines.py",)


def _worker() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "")


def own(name: str) -> str:
    """Return a name that no other lane has.

    :param name: plain, as without lanes; the same in every test that means the same thing.
    """
    worker = _worker()
    return f"{name}-{worker}" if worker else name


def port(usual: int) -> int:
    """Return a port of 127.0.0.1 that no other lane listens on.

    :param usual: of the first lane.
    """
    return usual + _STEP * int(_worker().removeprefix("gw") or 0)


@contextmanager
def turn(what: str) -> Iterator[None]:
    """Wait until no other lane does the same: for what Docker has once, whatever it is called.

    Ends with the process, however that ends.
    """
    with (Path(tempfile.gettempdir()) / f"slipway-tests-{what}.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        yield


def longest_first(items: list[pytest.Item]) -> None:
    """Put the end-to-end tests first: what is left for the end is short, and no lane waits long."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)


class Lanes(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each lane the next of what must stay together, in the order of the tests.

    xdist's own ``loadgroup`` writes the group into a test's id, where newer pytests do not look.
    """

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        super().__init__(config, log)
        # Those with most tests first, where it is: many are quick.
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid)


def together(nodeid: str) -> str:
    """Name what a test stays together with.

    The tests of a file share what is expensive. The end-to-end tests take long and have a world of
    the lane's own, so they go one by one, but for those that share an image.
    """
    file = nodeid.split("::", 1)[0]
    alone = file.startswith("tests/e2e/") and file not in _SHARE
    return nodeid if alone else file
