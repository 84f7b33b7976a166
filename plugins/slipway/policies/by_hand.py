"""What of a server group is not as Slipway left it. Pure.

Only what Slipway said itself is compared: what the group was launched from, how large it was asked
to be, what was noted as it came into traffic. How many machines a group wants that scales by rules
is nobody's hand; and what no note tells, as of a group of before, is passed over in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from slipway.model.board.by_hand import ByHand, HandChange
from slipway.model.cloud.group_seen import GroupSeen, MachineSeen, words_of

# Machines that are told by their ids.
_NAMED = 3
_GONE = "gone"


def by_hand(seen: GroupSeen) -> ByHand | None:
    """Return what somebody changed; None for nothing.

    :param seen: the group.
    """
    found = (*_size(seen), *_left(seen), *_template(seen), *_machines(seen), *_tags(seen))
    return ByHand(group=seen.name, since=seen.live_since, changes=found) if found else None


def _size(seen: GroupSeen) -> Iterator[HandChange]:
    low, desired, high = seen.size
    if seen.asked is not None and not seen.scales:
        yield from _changed("desired", str(seen.asked), str(desired))
    if seen.bounds is not None and not seen.scheduled:
        yield from _changed("min", str(seen.bounds[0]), str(low))
        yield from _changed("max", str(seen.bounds[1]), str(high))


def _left(seen: GroupSeen) -> Iterator[HandChange]:
    if (left := seen.left) is None:
        return
    now = seen.now.like(left)
    yield from _changed("suspended processes", words_of(left.suspended), words_of(now.suspended))
    yield from _changed("further balancers", words_of(left.balancers), words_of(now.balancers))


def _template(seen: GroupSeen) -> Iterator[HandChange]:
    """What the next machine would be made of, wherever that is written by now."""
    yield from _changed("launch template", seen.own_template, seen.template)
    if seen.makes is None:
        yield HandChange(what=seen.template or "launch template", was="there", now=_GONE)
    elif seen.made_of is not None and seen.template != seen.own_template:
        for what in sorted({*seen.made_of, *seen.makes}):
            yield from _changed(what, seen.made_of.get(what, ""), seen.makes.get(what, ""))


def _machines(seen: GroupSeen) -> Iterator[HandChange]:
    """Machines that are not what Slipway's template makes, those that differ alike together."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for machine in seen.machines:
        for one in _differs(machine, seen):
            found.setdefault(one, []).append(machine.id)
    for (what, was, now), ids in found.items():
        yield HandChange(what=f"{what} of {_named(ids)}", was=was, now=now)


def _differs(machine: MachineSeen, seen: GroupSeen) -> Iterator[tuple[str, str, str]]:
    if not machine.template:
        yield "origin", seen.own_template, "put into the group by hand"
    elif machine.template != seen.own_template:
        yield "launch template", seen.own_template, machine.template
    made_of: Mapping[str, str] = seen.made_of or {}
    for what, now in machine.made_of.items():
        if what in made_of and made_of[what] != now:
            yield what, made_of[what], now


def _named(ids: Iterable[str]) -> str:
    every = sorted(ids)
    left = len(every) - _NAMED
    return ", ".join([*every[:_NAMED], *([f"{left} more"] if left > 0 else [])])


def _tags(seen: GroupSeen) -> Iterator[HandChange]:
    for key in sorted(seen.tagged):
        yield from _changed(f"tag {key}", seen.tagged[key], seen.tags.get(key, ""))


def _changed(what: str, was: str, now: str) -> Iterator[HandChange]:
    if was != now:
        yield HandChange(what=what, was=was, now=now)
