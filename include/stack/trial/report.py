"""What the trial found: a table for people, ``.slipway/stack/test.json`` for programs."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field
from typing import Any

from include.demo.airflow_api import DemoFailed
from include.stack import paths


@dataclass(kw_only=True, slots=True)
class Result:
    """One case, as it went.

    :param case: what was tried.
    :param seconds: it took.
    :param sent: requests of visitors meanwhile.
    :param failed: requests that were answered badly or not at all.
    :param wrong: all that did not go as it should, in words.
    """

    case: str
    seconds: float = 0.0
    sent: int = 0
    failed: int = 0
    wrong: list[str] = field(default_factory=list)

    def count(self, counts: dict[str, Any]) -> None:
        """Add what the visitors say.

        :param counts: as they write it.
        """
        self.sent, self.failed = counts["sent"], counts["failed"]
        if self.failed:
            self.wrong.append(f"requests failed: {counts['failures']}, {counts['first_failures']}")
        if not self.sent:
            self.wrong.append("nobody asked")


def conclude(results: list[Result]) -> None:
    """Show and keep what was found.

    :raises DemoFailed: when something did not go as it should.
    """
    width = max(len(one.case) for one in results)
    lines = [f"\n{'case':{width}}  seconds   requests  failed"]
    for one in results:
        outcome = "ok" if not one.wrong else "WRONG"
        lines.append(
            f"{one.case:{width}}  {one.seconds:7.0f}  {one.sent:9}  {one.failed:6}  {outcome}"
        )
    sent, failed = sum(one.sent for one in results), sum(one.failed for one in results)
    total = sum(one.seconds for one in results)
    lines.append(f"{len(results):<{width}}  {total:7.0f}  {sent:9}  {failed:6}")
    sys.stdout.write("\n".join(lines) + "\n")
    told = {
        "cases": [asdict(one) for one in results],
        "requests": {"sent": sent, "failed": failed},
    }
    paths.RESULT.write_text(json.dumps(told, indent=1))
    wrong = [f"{one.case}: {what}" for one in results for what in one.wrong]
    if wrong:
        raise DemoFailed("\n".join(wrong))
