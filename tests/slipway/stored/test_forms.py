"""What was stored once is read for good: each file here is from the day its form came."""

from __future__ import annotations

import pytest

from slipway.model.facts import Json
from tests.slipway.stored.forms import kept, lacks, stored

KEPT = [(path, one) for path, examples in kept().items() for one in examples]


@pytest.mark.parametrize(("path", "form"), KEPT, ids=[path for path, _ in KEPT])
def test_what_was_stored_is_read_as_it_was_meant(path: str, form: Json) -> None:
    read = stored()[path].from_json(form)
    assert _holds(read.to_json(), form)


def _holds(now: object, kept: object) -> bool:
    """Tell whether all that was kept is there: a field that came later has its default beside."""
    if isinstance(kept, dict):
        return isinstance(now, dict) and all(
            name in now and _holds(now[name], value) for name, value in kept.items()
        )
    if isinstance(kept, list | tuple):
        return isinstance(now, list | tuple) and all(map(_holds, now, kept))
    return now == kept


def test_todays_forms_are_kept_for_tomorrow() -> None:
    there = kept()
    new = [path for path, kind in stored().items() if lacks(kind, there.get(path, []))]
    assert new == [], "run `python -m tests.slipway.stored.write`, and commit what it adds"
