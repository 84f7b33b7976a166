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

import pytest

# Ports of one lane lie closer together than this, in each of the blocks that the tests use.
_STEP = 100
_ROOT = Path(__file__).resolve().parents[1]


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


def arrange(items: list[pytest.Item]) -> None:
    """Put the tests into the order and the groups in which lanes take them.

    The end-to-end tests take longest, so they come first: what is left for the end is short, and no
    lane waits long for the other. They have a world of the lane's own and go one by one; the tests
    of any other file share what is expensive and stay together. A file that knows better says
    ``xdist_group`` itself.
    """
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)
    for item in items:
        if not any(item.get_closest_marker(name) for name in ("e2e", "xdist_group")):
            file = item.path.relative_to(_ROOT).as_posix()
            item.add_marker(pytest.mark.xdist_group(file))
