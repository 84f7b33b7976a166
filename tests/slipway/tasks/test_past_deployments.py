"""What a person reads of each release in the list to choose from."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.failed_deployments import FailedDeployments
from slipway.hooks.store.outcomes import DeploymentOutcomes
from slipway.model.facts.outcome import DeploymentNote, Outcome
from slipway.tasks.past_deployments import told_by_version
from tests.slipway.operators.releases import make_record

pytestmark = pytest.mark.usefixtures("artifacts")
# 2026-11-20, some time of the day.
DAY = 1_795_176_000.0
WARNED: list[str] = []


def note(version: str, environment: str, *ends: Outcome, by: str = "ann", at: float = DAY) -> None:
    fields: dict[str, Any] = {
        "release": make_record(version).checkout.release,
        "environment": environment,
        "at": 0.0,
        "dag_id": f"shop.{environment}",
        "run_id": f"{version}-{at}",
        "by": by,
    }
    outcomes = DeploymentOutcomes(artifact_store(), clock=lambda: at)
    for end in (Outcome.STARTED, *ends):
        outcomes.note("", DeploymentNote(outcome=end, **fields))


def told(*versions: str, **on: str) -> dict[str, list[str]]:
    return told_by_version(artifact_store(), "shop", ("dev", "prod"), versions, on, WARNED.append)


def test_each_end_has_its_words() -> None:
    note("1", "prod", Outcome.SUCCEEDED, at=DAY - 86400)
    note("2", "prod", Outcome.FAILED, Outcome.ROLLED_BACK)
    note("3", "dev", Outcome.FAILED)
    note("4", "dev", Outcome.SUCCEEDED)
    note("4", "prod")
    assert told("1", "2", "3", "4", "5", dev="4", prod="1") == {
        "1": ["on prod now, since 2026-11-19 by ann"],
        "2": ["**rolled back from prod 2026-11-20 by ann**"],
        "3": ["**failed on dev 2026-11-20 by ann**"],
        "4": [
            "on dev now, since 2026-11-20 by ann",
            "on its way to prod since 2026-11-20 by ann",
        ],
    }


def test_the_last_time_counts() -> None:
    note("1", "dev", Outcome.FAILED, Outcome.ROLLED_BACK)
    note("1", "dev", Outcome.SUCCEEDED, at=DAY + 86400, by="bob")
    assert told("1", dev="2") == {"1": ["served dev from 2026-11-21 by bob"]}
    note("1", "dev", Outcome.ROLLED_BACK, at=DAY + 2 * 86400)
    assert told("1", dev="2") == {"1": ["**rolled back from dev 2026-11-22 by ann**"]}


def test_what_it_failed_at_is_told_where_it_is_known() -> None:
    release = make_record("1").checkout.release
    FailedDeployments(artifact_store()).note(release, "dev", run_id=f"1-{DAY}", tasks=["soak"])
    assert told("1") == {"1": ["**failed on dev (soak)**"]}
    note("1", "dev", Outcome.ROLLED_BACK)
    assert told("1") == {"1": ["**rolled back from dev 2026-11-20 by ann (soak)**"]}


def test_a_login_writes_no_link_and_no_cell_into_the_list() -> None:
    note("1", "dev", Outcome.ROLLED_BACK, by="[x](https://evil.example) | on prod now")
    [line] = told("1")["1"]
    assert "`[x](https://evil.example) <U+007C> on prod now`" in line


def test_a_forged_note_keeps_nobody_from_choosing() -> None:
    note("1", "prod", Outcome.SUCCEEDED)
    name = f"{1:012d}_{'a' * 32}_started.json"
    artifact_store().put(f"deployments/shop/dev/outcomes/{name}", b"{}")
    WARNED.clear()
    assert told("1", dev="1") == {"1": ["on dev now", "served prod from 2026-11-20 by ann"]}
    assert WARNED[0].startswith("what became of releases on dev is not told: ")


def test_what_serves_before_there_were_notes_is_said_all_the_same() -> None:
    assert told("1", prod="1") == {"1": ["on prod now"]}
