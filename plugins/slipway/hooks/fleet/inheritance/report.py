"""Says of a live group what its successor gets, and what is lost and how it is set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slipway.hooks.fleet.inheritance.part import Part, Passes
from slipway.hooks.fleet.inheritance.special import PROJECT, SPECIAL, undropped
from slipway.hooks.fleet.inheritance.table import TABLE
from slipway.hooks.fleet.inheritance.words import says, short
from slipway.hooks.fleet.inherited_machines import copied
from slipway.hooks.fleet.new_group import NewGroup

# Characters of a line of values.
_LINE = 400


def told(made: NewGroup, rules: Mapping[str, Any]) -> tuple[str, ...]:
    """Return lines of what passes on, and one for each thing that does not.

    :param made: the group to be, and the live one.
    :param rules: what the live group has besides and is carried over later, by the table's names.
    """
    live, passed, lost = str(made.live["AutoScalingGroupName"]), [], []
    for part in TABLE:
        kept, gone = _found(part, made, rules)
        if kept and part.droppable and made.new and part.name in made.new.drop:
            lost.append(f"{part.what} ({kept}): `instance.drop` says so")
        elif kept:
            passed.append(f"{part.what} ({kept})")
        if gone:
            lost.append(f"{part.what} ({gone}): {part.how or 'no setting'}")
    if not made.machines:
        lost.append("all that its machines are made from: its launch template is gone")
    lines = (f"passes on from {live}: {one}" for one in _together(passed))
    return (*lines, *(f"does not pass on from {live}: {one}" for one in lost))


def _together(parts: list[str]) -> list[str]:
    """Put parts into as few lines as are still read."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(part) < _LINE:
            lines[-1] = f"{lines[-1]}; {part}"
        else:
            lines.append(part)
    return lines


def _found(part: Part, made: NewGroup, rules: Mapping[str, Any]) -> tuple[str, str]:
    """Return what of a part passes on, and what does not, in words."""
    if part.name in SPECIAL:
        return SPECIAL[part.name](made)
    if part.name in rules:
        words = short(rules[part.name])
        return ("", words) if part.passes is Passes.LOST else (words, "")
    if part.passes is Passes.PROJECT:
        return "", PROJECT[part.name](made) if part.name in PROJECT else ""
    there = {field: made.machines.get(field) for field in part.template}
    there |= {field: made.live.get(field) for field in part.group if made.live.get(field)}
    said = {key: value for key, value in there.items() if says(key, value)}
    taken = {*part.group, *_taken(made)} if part.passes is not Passes.LOST else set()
    kept = {key: value for key, value in said.items() if key in taken}
    gone = {key: value for key, value in said.items() if key not in taken}
    return short(kept), short(gone)


def _taken(made: NewGroup) -> list[str]:
    """Whatever the machines take over word for word, were nothing dropped."""
    return copied(undropped(made), made.machines)
