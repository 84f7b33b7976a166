"""The four figures, over histories that people and mishaps make."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.model.board.deployment import CommitLine, DeploymentRecord
from slipway.model.facts import Release
from slipway.model.facts.outcome import Outcome
from slipway.policies.dora import DAY, Change, Figures, ended, figures, served

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


_OUTCOMES = st.sampled_from(list(Outcome))
_RECORDS = st.lists(
    st.builds(
        deployed,
        st.integers(0, 39),
        st.integers(0, 200).map(float),
        over=st.none() | st.integers(0, 39),
        outcome=_OUTCOMES,
        serves=st.none() | st.integers(0, 39),
        took=st.sampled_from([0.1, 1.0, 30.0]),
    ),
    max_size=12,
    unique_by=lambda one: one.swap,
)


@given(_RECORDS, st.randoms(use_true_random=False))
def test_the_order_in_which_records_are_read_makes_no_difference(
    records: list[DeploymentRecord], chance: random.Random
) -> None:
    other = list(records)
    chance.shuffle(other)
    assert of(*records) == of(*other)


@given(_RECORDS, st.integers(0, 240), st.integers(0, 240), st.integers(0, 240))
def test_neighbouring_windows_have_each_thing_once(
    records: list[DeploymentRecord], a: int, b: int, c: int
) -> None:
    a, b, c = sorted((a, b, c))
    # As they stand at the end of all.
    whole = of(*records, since=float(a), until=float(c))
    parts = [whole.part(START + x * HOUR, START + y * HOUR) for x, y in ((a, b), (b, c))]
    assert parts[0].deliveries + parts[1].deliveries == whole.deliveries
    assert parts[0].restorations + parts[1].restorations == whole.restorations


@given(_RECORDS)
def test_figures_stay_within_their_bounds(records: list[DeploymentRecord]) -> None:
    found = of(*records)
    assert found.failure_rate is None or 0 <= found.failure_rate <= 1
    for seconds in (found.lead_seconds, found.restore_seconds):
        assert seconds is None or seconds >= 0
    assert found.deployments_per_day >= 0
    assert found.failed + found.succeeded >= len(found.deliveries)
    versions = [one.change.version for one in found.leads]
    assert len(versions) == len(set(versions))
    broke = [one.broke.swap for one in found.restorations]
    assert len(broke) == len(set(broke))
    assert {one.broke.swap for one in found.restorations} <= {
        one.record.swap for one in found.deliveries if one.failed
    }


@given(_RECORDS)
def test_what_is_under_way_changes_no_figure(records: list[DeploymentRecord]) -> None:
    done = [one for one in records if not one.is_under_way]
    assert of(*records) == of(*done)


@given(_RECORDS)
def test_only_forward_and_only_good_means_no_failure(records: list[DeploymentRecord]) -> None:
    good = [
        dataclasses.replace(
            one, outcome=Outcome.SUCCEEDED, replaced="", ended_at=one.started_at + 1
        )
        for one in records
    ]
    found = of(*good)
    assert found.failed == 0
    assert not found.restorations
    assert found.succeeded == len(good)


@given(_RECORDS, st.floats(1.0, 10_000.0))
def test_a_day_later_all_is_the_same(records: list[DeploymentRecord], days: float) -> None:
    shift = round(days) * DAY

    def moved(one: DeploymentRecord) -> DeploymentRecord:
        return dataclasses.replace(
            one,
            commit=dataclasses.replace(one.commit, at=one.commit.at + int(shift)),
            started_at=one.started_at + shift,
            serving_at=one.serving_at + shift if one.serving_at else 0.0,
            ended_at=one.ended_at + shift if one.ended_at else 0.0,
        )

    changes: Sequence[Change] = [
        dataclasses.replace(
            one, commit=dataclasses.replace(one.commit, at=one.commit.at + int(shift))
        )
        for one in CHANGES
    ]
    first, until = START, START + 1000 * HOUR
    here = figures(records, CHANGES, since=first, until=until)
    there = figures(
        [moved(one) for one in records], changes, since=first + shift, until=until + shift
    )
    assert here.lead_seconds == there.lead_seconds
    assert here.failure_rate == there.failure_rate
    assert here.restore_seconds == there.restore_seconds
    assert here.deployments_per_day == there.deployments_per_day


def test_a_deployment_is_of_the_moment_at_which_it_ended() -> None:
    one = deployed(1, 2)
    assert served(one) == ended(one) - 60
    assert ended(dataclasses.replace(one, ended_at=0.0)) == one.serving_at
