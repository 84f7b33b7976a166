"""The order of things that wait for each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def find_cycle(graph: Mapping[str, Collection[str]]) -> list[str]:
    """Find names that wait for each other.

    :param graph: name -> the names it waits for; unknown names are passed over.
    :returns: one cycle, each name waiting for the next; empty when there is none.
    """
    left = {name: {wanted for wanted in after if wanted in graph} for name, after in graph.items()}
    while free := [name for name, after in left.items() if not after]:
        for name in free:
            del left[name]
        for after in left.values():
            after.difference_update(free)
    if not left:
        return []
    # Everything left waits for something left, so walking on must come back to where it was.
    walked = [next(iter(left))]
    while (following := min(left[walked[-1]])) not in walked:
        walked.append(following)
    return walked[walked.index(following) :]
