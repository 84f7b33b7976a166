"""What both Bitbuckets are told of a commit's tests, each in a frame of its own."""

from __future__ import annotations

from typing import Any

from slipway.model.forge.status import CommitStatus, TestSummary


def report_name(status: CommitStatus) -> str:
    """Name a report after the status that it belongs to: one of ours alone."""
    return f"{status.project}-{status.key}".replace("/", "-")


def figures(tests: TestSummary) -> list[dict[str, Any]]:
    """Return the numbers that a report shows, six at most."""
    return [
        {"title": "Tests", "type": "NUMBER", "value": tests.tests},
        {"title": "Failed", "type": "NUMBER", "value": tests.failed},
        {"title": "Skipped", "type": "NUMBER", "value": tests.skipped},
        {"title": "Duration", "type": "DURATION", "value": round(tests.seconds * 1000)},
    ]
