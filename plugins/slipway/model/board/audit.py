"""One line of the audit: what somebody did, when, and why."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.model.fact import Fact


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Line(Fact):
    """One thing that somebody did.

    :param at: UTC, as ``2026-11-27T08:00:00Z``.
    :param who: the login, or the way it came about.
    :param what: asked, approved, refused, deployed, hold, resume, stop, reject, accept, cancel,
        urgent, passed_freeze or passed_stop.
    :param project: that it was done to; empty for every project.
    :param environment: that it was done to; empty for the whole project.
    :param version: of the release that it is about; empty for none.
    :param why: in that person's words.
    :param run: DAG and run.
    """

    at: str
    what: str
    who: str
    project: str
    environment: str
    version: str
    why: str
    run: str
