"""``python -m include.monitoring.page`` writes the table of ``docs/metrics.md``.

A test compares it with what is in the tree.
"""

from __future__ import annotations

from pathlib import Path

from slipway.metrics.catalogue import METRICS, Metric

PAGE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
_BEGIN = "<!-- Written by `make docs` from slipway/metrics/catalogue.py. -->\n"
_END = "<!-- End of what is written. -->\n"


def table() -> str:
    """Return the table of Slipway's own metrics."""
    rows = [_row(one) for one in METRICS]
    return "\n".join(["| metric | kind | tags | what it says |", "|---|---|---|---|", *rows]) + "\n"


def rendered(page: str) -> str:
    """Return the page with its table written anew.

    :param page: as it is.
    """
    head, _, rest = page.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    return f"{head}{_BEGIN}{table()}{_END}{tail}"


def _row(one: Metric) -> str:
    tags = ", ".join(f"`{tag}`" for tag in one.tags)
    return f"| `{one.name}` | {one.kind} | {tags} | {one.meaning} |"


def main() -> None:
    """Write the table."""
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
