"""Histories of deployments, made of few words."""

from __future__ import annotations

from slipway.model.board.deployment import CommitLine, DeploymentRecord
from slipway.model.facts import Release
from slipway.model.facts.outcome import Outcome
from slipway.policies.dora import Change, Figures, figures

HOUR = 3600.0
# Release number n was committed at hour n of this day.
START = 1_700_000_000


def change(number: int) -> Change:
    commit = CommitLine(sha=f"{number:040x}", at=START + number * int(HOUR))
    return Change(version=f"1.0+{number}", commit=commit)


CHANGES = [change(number) for number in range(40)]


def deployed(
    number: int,
    at: float,
    *,
    over: int | None = None,
    outcome: Outcome = Outcome.SUCCEEDED,
    serves: int | None = None,
    took: float = 0.5,
) -> DeploymentRecord:
    """Return a deployment of a release, ``at`` hours after the first commit."""
    began = START + at * HOUR
    finished = began + took * HOUR
    good = outcome is Outcome.SUCCEEDED
    return DeploymentRecord(
        swap=f"{number}-{at}",
        release=Release(project="shop", sha=f"{number:040x}", version=f"1.0+{number}"),
        environment="prod",
        outcome=outcome,
        commit=CHANGES[number].commit,
        replaced="" if over is None else f"1.0+{over}",
        serves="" if serves is None else f"1.0+{serves}",
        started_at=began,
        serving_at=finished - 60 if good else 0.0,
        ended_at=0.0 if outcome is Outcome.STARTED else finished,
    )


def of(*records: DeploymentRecord, since: float = 0.0, until: float = 1000.0) -> Figures:
    return figures(records, CHANGES, since=START + since * HOUR, until=START + until * HOUR)
