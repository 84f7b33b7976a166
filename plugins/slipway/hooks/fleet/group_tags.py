"""The notes that Slipway keeps on a server group, as tags: from them a killed task goes on."""

from __future__ import annotations

from typing import Any

from slipway.model.cloud.tags import BOUNDS, SIZE


def note(
    group: str, key: str, value: str | None = None, *, inherited: bool = False
) -> dict[str, Any]:
    """Return a tag as Auto Scaling wants it.

    :param group: the server group's name.
    :param key: the tag's.
    :param value: None names the tag alone, to take it off.
    :param inherited: its machines get it as well.
    """
    tag: dict[str, Any] = {
        "ResourceId": group,
        "ResourceType": "auto-scaling-group",
        "Key": key,
        "PropagateAtLaunch": inherited,
    }
    return tag if value is None else {**tag, "Value": value}


def asked_for(size: tuple[int, int, int]) -> dict[str, str]:
    """Return the notes on how large a group was asked to be.

    :param size: min, desired and max.
    """
    low, desired, high = size
    return {SIZE: str(desired), BOUNDS: f"{low} {high}"}


def number(value: str | None) -> int | None:
    """Read a note that is a number; one that was edited by hand is not worth a failed swap."""
    return int(value) if value and value.isdecimal() else None
