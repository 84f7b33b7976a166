"""The four figures, over histories that people and mishaps make."""

from __future__ import annotations

import dataclasses

import pytest

from slipway.model.board.deployment import CommitLine
from slipway.model.facts import Release
from slipway.model.facts.outcome import Outcome
from slipway.policies.dora import ended, served
from tests.slipway.policies.dora.histories import HOUR, START, deployed, of


def hours(seconds: float | None) -> float:
    assert seconds is not None
    return round(seconds / HOUR, 2)


def test_an_environment_without_deployments_has_no_figures() -> None:
    found = of()
    assert found.lead_seconds is found.failure_rate is found.restore_seconds is None
    assert found.deployments_per_day == 0


def test_a_deployment_brings_all_commits_since_the_one_before() -> None:
    found = of(deployed(1, 2), deployed(5, 9.5, over=1))
    # The first brings its own commit alone: what came before was there by other means.
    assert [one.change.version for one in found.deliveries[0].leads] == ["1.0+1"]
    assert [one.change.version for one in found.deliveries[1].leads] == [
        "1.0+2",
        "1.0+3",
        "1.0+4",
        "1.0+5",
    ]
    # Served at 2.48 and 9.98: 1.48 of the first, 4.98 to 7.98 of the others.
    assert hours(found.lead_seconds) == 5.98
    assert found.failure_rate == 0


def test_a_superseded_commit_counts_with_the_one_that_brought_it() -> None:
    # 3 began, failed and went back; 4 brought both.
    found = of(
        deployed(2, 2),
        deployed(3, 3, over=2, outcome=Outcome.ROLLED_BACK, serves=2),
        deployed(4, 5, over=2),
    )
    assert [one.change.version for one in found.deliveries[-1].leads] == ["1.0+3", "1.0+4"]
    assert not found.deliveries[1].leads


def test_a_swap_that_failed_is_a_failed_change_and_restored_when_it_was_gone() -> None:
    found = of(
        deployed(1, 2), deployed(2, 4, over=1, outcome=Outcome.ROLLED_BACK, serves=1, took=0.25)
    )
    assert found.failure_rate == 0.5
    assert hours(found.restore_seconds) == 0.25
    assert found.succeeded == 1
    assert found.still_broken is None


def test_a_failure_that_left_the_old_one_is_over_and_one_that_left_nobody_knows_is_not() -> None:
    over = of(deployed(1, 2), deployed(2, 4, over=1, outcome=Outcome.FAILED, serves=1))
    assert over.still_broken is None
    assert hours(over.restore_seconds) == 0.5
    lost = of(deployed(1, 2), deployed(2, 4, over=1, outcome=Outcome.FAILED))
    assert lost.still_broken is not None
    assert lost.restore_seconds is None
    # The next that serves is the cure; what fails in between is no second outage.
    cured = of(
        deployed(1, 2),
        deployed(2, 4, over=1, outcome=Outcome.FAILED),
        deployed(3, 5, over=1, outcome=Outcome.FAILED),
        deployed(4, 7, over=1),
    )
    assert cured.still_broken is None
    assert [hours(one.seconds) for one in cured.restorations] == [3.48]
    assert cured.failure_rate == 0.5


def test_a_way_back_is_no_delivery_and_makes_the_one_it_undoes_a_failure() -> None:
    found = of(deployed(1, 2), deployed(4, 5, over=1), deployed(1, 8, over=4))
    assert found.succeeded == 2
    assert [one.failed for one in found.deliveries] == [False, True]
    assert found.failure_rate == 0.5
    # From when it served until the earlier one served again.
    assert hours(found.restore_seconds) == 3.0
    assert found.restorations[0].cured.started_at == START + 8 * HOUR


def test_what_comes_again_after_a_way_back_counts_its_commits_once() -> None:
    found = of(
        deployed(1, 2), deployed(4, 5, over=1), deployed(1, 8, over=4), deployed(6, 10, over=1)
    )
    versions = [one.change.version for one in found.leads]
    assert len(versions) == len(set(versions))
    assert [one.change.version for one in found.deliveries[-1].leads] == ["1.0+5", "1.0+6"]


def test_a_way_back_that_fails_restores_nothing() -> None:
    found = of(
        deployed(1, 2),
        deployed(4, 5, over=1),
        deployed(1, 8, over=4, outcome=Outcome.ROLLED_BACK, serves=4),
        deployed(1, 9, over=4),
    )
    assert len(found.deliveries) == 2
    assert [hours(one.seconds) for one in found.restorations] == [4.0]


def test_a_second_way_back_does_not_make_one_change_fail_twice() -> None:
    back = deployed(1, 8, over=4)
    found = of(deployed(1, 2), deployed(4, 5, over=1), back, deployed(0, 9, over=1))
    assert found.failed == 2
    assert len(found.restorations) == 2


def test_settings_of_the_release_that_serves_are_a_change_without_a_commit() -> None:
    found = of(deployed(1, 2), deployed(1, 4, over=1))
    assert found.succeeded == 2
    assert not found.deliveries[1].leads


def test_a_commit_that_waited_behind_a_hold_took_as_long_as_it_took() -> None:
    found = of(deployed(1, 2), deployed(2, 26.5, over=1))
    assert hours(found.deliveries[1].leads[0].seconds) == 24.98


def test_a_deployment_under_way_counts_when_it_has_ended() -> None:
    assert not of(deployed(1, 2, outcome=Outcome.STARTED)).deliveries


def test_a_committers_clock_that_is_ahead_makes_no_negative_time() -> None:
    assert of(deployed(30, 2)).lead_seconds == 0


def test_a_commit_without_a_time_and_a_release_that_is_gone() -> None:
    plain = deployed(1, 2)
    unknown = dataclasses.replace(
        plain,
        release=Release(project="shop", sha="", version="0.9"),
        commit=CommitLine(),
        replaced="0.8",
    )
    found = of(unknown)
    assert found.succeeded == 1
    assert found.lead_seconds is None


def test_a_window_has_what_ended_in_it_and_knows_what_came_before() -> None:
    records = [deployed(1, 2), deployed(4, 5, over=1), deployed(1, 30, over=4)]
    later = of(*records, since=24.0, until=48.0)
    # The change failed in the window before; it was restored in this one.
    assert not later.deliveries
    assert len(later.restorations) == 1
    assert later.failure_rate is None
    before = of(*records, since=0.0, until=24.0)
    # Nobody had taken it back by then.
    assert before.failure_rate == 0


def test_frequency_is_by_the_days_since_the_first_deployment() -> None:
    until = 24.0 * 10
    records = [deployed(n, 24.0 * 6 + n, over=n - 1 if n > 1 else None) for n in range(1, 9)]
    assert of(*records, since=0.0, until=until).deployments_per_day == pytest.approx(2.02, abs=0.05)
    # Where the first one is not known, by those of the window.
    later = [dataclasses.replace(one, replaced=one.replaced or "1.0+0") for one in records]
    assert of(*later, since=0.0, until=until).deployments_per_day == pytest.approx(0.8)


def test_a_deployment_is_of_the_moment_at_which_it_ended() -> None:
    one = deployed(1, 2)
    assert served(one) == ended(one) - 60
    assert ended(dataclasses.replace(one, ended_at=0.0)) == one.serving_at


def test_other_settings_bring_no_commit_and_going_back_from_them_is_a_failure() -> None:
    first = deployed(4, 2)
    later = dataclasses.replace(first.release, version="1.0+4@0123abcd")
    brings = dataclasses.replace(deployed(4, 5), release=later, replaced="1.0+4")
    back = dataclasses.replace(deployed(4, 8), replaced=later.version)
    found = of(first, brings)
    assert [len(one.leads) for one in found.deliveries] == [1, 0]
    assert found.failure_rate == 0.0
    found = of(first, brings, back)
    assert [one.failed for one in found.deliveries] == [False, True]
    assert hours(found.restore_seconds) == 3.0
    # What comes next brings all commits that are new, whichever edition it replaces.
    found = of(first, brings, dataclasses.replace(deployed(6, 9), replaced=later.version))
    assert [one.change.version for one in found.deliveries[-1].leads] == ["1.0+5", "1.0+6"]
