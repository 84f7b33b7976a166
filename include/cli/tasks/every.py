"""Every task of ``fab``, by its module."""

from __future__ import annotations

from typing import Any

from include.cli.tasks import begin, brakes, check, deliver, local, look, runs, upkeep
from include.cli.tasks.typed import tasks_in

MODULES = (begin, brakes, check, deliver, local, look, runs, upkeep)
# What is for those who have Slipway's own folder, or a shell where Airflow is.
CENTRAL = frozenset(
    {"new", "rebuild", "image", "hook", "news", "maintenance", "sign-records", "runs"}
)
TASKS: dict[str, Any] = {one.name: one for module in MODULES for one in tasks_in(vars(module))}
