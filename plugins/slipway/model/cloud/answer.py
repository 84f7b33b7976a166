"""What machines and pages answer when they are asked for their health."""

from __future__ import annotations

from dataclasses import dataclass

# Seconds for one answer. A machine that takes longer would be slow for visitors as well.
TIMEOUT = 3.0
# Machines that are asked at once.
SIDE_BY_SIDE = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What one machine, or one page, said.

    :param address: the machine's, or the page's URL.
    :param healthy: the expected status came in time.
    :param said: the status, or what went wrong, for people.
    :param status: of a page; None where there was no answer, or no page was asked for.
    """

    address: str
    healthy: bool
    said: str
    status: int | None = None
