"""What a person is shown who says whether a stranger's commit may run."""

from __future__ import annotations

import re

from slipway.model.facts import Checkout
from slipway.model.text.inert import inert, visible

# Lines of a difference, characters of each, and files that are named.
_MOST_LINES, _LONGEST_LINE, _MOST_FILES = 400, 300, 50
_TICKS = re.compile("`{3,}")


def question(checkout: Checkout, changed: tuple[str, ...], difference: str) -> tuple[str, str]:
    """Word the question: the headline, and the page in Markdown.

    :param checkout: of a pull request.
    :param changed: the files that make somebody ask.
    :param difference: how they differ; empty where that is too long.
    """
    event, release = checkout.cause, checkout.release
    whose = "a fork's pull request" if event.fork else "pull request"
    subject = f"Run {whose} {event.number} of {release.project}?"
    named = [f"- {inert(one)}" for one in changed[:_MOST_FILES]]
    if len(changed) > _MOST_FILES:
        named.append(f"- and {len(changed) - _MOST_FILES} more")
    why = "It changes what runs here:" if changed else "It changes neither pipeline nor migrations."
    lines = [
        f"{inert(event.title)} by {inert(event.by)}, from {inert(event.source)} to "
        f"{inert(event.branch)}, commit `{release.sha}`.",
        "",
        why,
        "",
        *named,
        "",
        *_fenced(difference),
        "",
        "A yes is for this commit alone."
        + (" It gets no secret of the project's." if event.fork else ""),
    ]
    return visible(subject, 500), "\n".join(lines)


def _fenced(difference: str) -> list[str]:
    """Show a text as it is: no line of it can end the block that it stands in."""
    if not difference:
        return ["What has changed is too long to be shown: read it at the host."]
    lines = difference.split("\n")
    shown = [visible(line, _LONGEST_LINE) for line in lines[:_MOST_LINES]]
    if len(lines) > _MOST_LINES:
        shown.append(f"... and {len(lines) - _MOST_LINES} lines more: read them at the host")
    longest = max((len(found[0]) for line in shown for found in _TICKS.finditer(line)), default=2)
    fence = "`" * (longest + 1)
    return [f"{fence}diff", *shown, fence]
