"""Airflow's settings that are the same in the stack, the demo and the tests: one file of them.

Pools are in a second one, since only those name them who make them.
"""

from __future__ import annotations

from pathlib import Path

FILE = Path(__file__).parent / "airflow.env"
POOLS = Path(__file__).parent / "pools.env"
# The setting that the second file has.
POOL_SETTING = "AIRFLOW__SLIPWAY__POOLS"


def shared(file: Path = FILE) -> dict[str, str]:
    """Return the settings, as environment variables.

    They are written as Compose reads an ``env_file``: no quotes, no substitution.

    :param file: which of the two.
    """
    lines = (line.strip() for line in file.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def pools() -> dict[str, str]:
    """Return the pool of each kind of task that has one."""
    pairs = (one.partition("=") for one in shared(POOLS)[POOL_SETTING].split(","))
    return {kind: name for kind, _, name in pairs}
