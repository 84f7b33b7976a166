"""Airflow's settings that are the same in the stack, the demo and the tests: one file of them."""

from __future__ import annotations

from pathlib import Path

FILE = Path(__file__).parent / "airflow.env"


def shared() -> dict[str, str]:
    """Return the settings, as environment variables.

    They are written as Compose reads an ``env_file``: no quotes, no substitution.
    """
    lines = (line.strip() for line in FILE.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}
