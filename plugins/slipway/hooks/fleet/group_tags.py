"""The notes that Slipway keeps on a server group, as tags: from them a killed task goes on."""

from __future__ import annotations

from typing import Any

PROJECT, ENVIRONMENT = "slipway:project", "slipway:environment"
VERSION, SHA, IMAGE = "slipway:version", "slipway:sha", "slipway:image"
STANDBY, LIVE, HELD = "slipway:standby-until", "slipway:live-since", "slipway:held"
# How many machines Slipway asked for, whose scaling rules it took over, and where it was put.
SIZE, CARRIED, PLACED = "slipway:size", "slipway:carried", "slipway:placed"
# Of a group that has not got yet what AWS takes only of groups that are there: whose that is.
TAKING_OVER = "slipway:taking-over"
# Of an ill machine that is kept for somebody to look at: until when.
FAILED = "slipway:failed-until"


def note(
    group: str, key: str, value: str | None = None, *, inherited: bool = False
) -> dict[str, Any]:
    """Return a tag as Auto Scaling wants it.

    :param group: the server group's name.
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


def number(value: str | None) -> int | None:
    """Read a note that is a number; one that was edited by hand is not worth a failed swap."""
    return int(value) if value and value.isdecimal() else None
