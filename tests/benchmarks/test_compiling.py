"""The benchmark's file grows by as many steps as it says."""

from __future__ import annotations

import pytest

from benchmarks.compiling import compiled, file
from slipway.pipeline.lint.rules import MOST_CONTAINERS


@pytest.mark.parametrize("steps", [1, 7, MOST_CONTAINERS])
def test_a_file_of_so_many_steps_compiles_to_them(steps: int) -> None:
    assert compiled(file(steps)) == steps
