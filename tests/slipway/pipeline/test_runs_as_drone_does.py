"""How pipelines run, beside what the format's documentation says of the docker runner.

One row for each construct: what is documented (docs.drone.io/pipeline/docker, or the runner where
the documentation is silent), what is done here, and a pipeline that shows it. ``docs`` has the same
rows for readers.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.slipway.pipeline.drone.run_rows import ROWS
from tests.slipway.pipeline.drone.runs import MORE, SAME, STRICTER, Row

PAGE = Path(__file__).parents[3] / "docs" / "pipeline-file.md"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.construct)
def test_each_construct_does_what_its_row_says(row: Row) -> None:
    assert row.shown() == row.expected
    assert row.kind in (SAME, STRICTER, MORE)


def test_the_page_has_these_rows() -> None:
    section = PAGE.read_text().partition("\n### Running\n")[2].partition("\n\nBesides")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    assert lines[1:] == [f"| {row.construct} | {row.documented} | {row.here} |" for row in ROWS]
