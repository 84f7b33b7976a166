"""Keeps the share of the lines that the unit tests run, and fails where it sinks.

Run by ``make coverage`` as ``python -m benchmarks.coverage_figure REPORT``, on the JSON that
coverage.py writes. The figure stands in ``coverage.txt`` beside this file; a better one takes its
place.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

FIGURE = Path(__file__).with_name("coverage.txt")
# Points by which it may sink: the same tests run a few lines more or less from one run to the next.
MARGIN = 1.0


def compare(measured: float, figure: Path) -> tuple[int, str]:
    """Compare a measured share with the one that is kept, and keep the better one.

    :param measured: per cent.
    :param figure: the file that has it; made where it is missing.
    :returns: an exit code, and what there is to say.
    """
    kept = float(figure.read_text()) if figure.exists() else None
    if kept is not None and measured < kept - MARGIN:
        return 1, f"the unit tests run {measured:.1f} % of the lines, and {kept:.1f} % before"
    if kept is None or measured > kept:
        figure.write_text(f"{measured:.1f}\n")
    return 0, f"the unit tests run {measured:.1f} % of the lines"


def main(report: Path) -> int:
    """Read coverage.py's report, compare, and say so."""
    code, said = compare(json.loads(report.read_text())["totals"]["percent_covered"], FIGURE)
    sys.stdout.write(f"{said}\n")
    return code


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
