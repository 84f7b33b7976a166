"""Visitors of dev's load balancer, who count what was answered badly."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from include.stack import paths

# Requests per second.
RATE = 20


@contextmanager
def visitors() -> Iterator[dict[str, Any]]:
    """Keep dev's load balancer busy; the counts are there afterwards."""
    argv = [sys.executable, "-m", "include.demo.load", paths.balancer_url("dev"), str(RATE)]
    process = subprocess.Popen(argv, cwd=paths.ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603
    counts: dict[str, Any] = {}
    try:
        yield counts
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=60)
        counts.update(json.loads(said))


def served() -> str:
    """Return the version that dev serves."""
    answer = httpx.get(f"{paths.balancer_url('dev')}/version", timeout=10, trust_env=False)
    return str(answer.raise_for_status().json()["version"])
