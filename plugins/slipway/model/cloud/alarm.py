"""An alarm that a release on trial is watched by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """One alarm.

    :param name: its name.
    :param ringing: its state is ALARM; a lack of data is none.
    :param since: seconds since 1970, when it came into its state.
    :param reason: of its state, in CloudWatch's words.
    """

    name: str
    ringing: bool
    since: float
    reason: str = ""
