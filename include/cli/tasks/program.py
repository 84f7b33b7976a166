"""The command ``slipway``: the tasks of ``fab``, wherever one is.

It is what `pip install slipway[cli]` brings. Beside a project's own ``fabfile.py``, ``fab`` has the
same tasks without the word PROJECT.
"""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fabric.main import Fab
from invoke.collection import Collection

from include.cli.tasks.every import CENTRAL, TASKS
from include.cli.tasks.typed import arrange_words


def main() -> None:
    """Do what was typed."""
    try:
        number = version("slipway")
    except PackageNotFoundError:
        number = "unknown"
    Slipway(name="Slipway", version=number).run(sys.argv)


class Slipway(Fab):  # type: ignore[misc]
    """Fabric's program, with these tasks in place of a fabfile's.

    :param name: as its version tells.
    :param version: of Slipway.
    """

    def __init__(self, *, name: str, version: str) -> None:
        from fabric import Config, Executor

        tasks = {key: one for key, one in TASKS.items() if key not in CENTRAL}
        super().__init__(
            name=name,
            version=version,
            namespace=Collection(*tasks.values()),
            binary="slipway",
            executor_class=Executor,
            config_class=Config,
        )
        self._tasks: dict[str, Any] = tasks

    def parse_collection(self) -> None:
        """Let words stand in the order in which people type them."""
        arrange_words(self._tasks.values(), self)
        super().parse_collection()
