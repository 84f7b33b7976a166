"""Times, lengths and states, as the pages put them."""

from __future__ import annotations

import time
from typing import Any

from markupsafe import Markup

from slipway.model.text.inert import visible

# Characters of a text; templates cut what has less room.
_LONGEST = 2000


def shown(value: Any) -> Any:
    """Return what stands on a page for a value: of text, each character that can be seen.

    Every value of every template comes by here, and is escaped afterwards.
    """
    if isinstance(value, Markup):
        return value
    if isinstance(value, str):
        plain = value.isascii() and value.isprintable() and len(value) <= _LONGEST
        return value if plain else visible(value, _LONGEST)
    return "" if value is None else value


def moment(seconds: float, form: str = "ago") -> Markup:
    """Return a time, which the page's script then puts in the reader's own words.

    :param seconds: since 1970; nothing is shown of 0.
    :param form: ``ago``, ``for`` how long, ``at`` for a time to come, or ``in`` how long that is.
    """
    if not seconds:
        return Markup("")
    when = time.gmtime(seconds)
    exact = time.strftime("%Y-%m-%dT%H:%M:%SZ", when)
    plain = time.strftime("%Y-%m-%d %H:%M UTC", when)
    return Markup('<time datetime="{}" data-form="{}">{}</time>').format(exact, form, plain)


def day(seconds: float) -> str:
    """Return the day of a time, by UTC.

    :param seconds: since 1970.
    """
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


def length(seconds: float | None) -> str:
    """Return how long something took: ``40 s``, ``3 min 20 s``, ``2 h 5 min``, ``3 d``."""
    if seconds is None:
        return ""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{minutes} min"
    if whole < 2 * 86400:
        hours, rest = divmod(whole // 60, 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{whole // 86400} d"


def step_name(task_id: str) -> str:
    """Return a step without its group: ``swap.fleet_healthy`` is ``fleet healthy``."""
    return task_id.rpartition(".")[2].replace("_", " ")
