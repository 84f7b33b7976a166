"""What holds of the four figures over any history."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from slipway.model.facts.outcome import Outcome
from slipway.policies.dora import DAY, Change, figures
from tests.slipway.policies.dora.histories import CHANGES, HOUR, START, deployed, of

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from slipway.model.board.deployment import DeploymentRecord

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
