"""A call of a swap goes wrong, or the process dies there: a sample of what ``make faults`` runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.faults.cloud import client, running_cloud
from tests.faults.lane import Lane
from tests.faults.matrix import Result, matrix, prepare, record, run_cases, sample
from tests.faults.scenarios import SCENARIOS
from tests.integration.fleet.web_machine import bake_web

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

_LANES = 4


@pytest.fixture(scope="module")
def lanes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Lane]]:
    folder = tmp_path_factory.mktemp("faults")
    prepare(folder)
    with running_cloud(folder / "cloud"), ExitStack() as stack:
        image = bake_web(client("ec2"))
        lanes = [Lane(number=n, image_id=image, folder=folder) for n in range(_LANES)]
        for lane in lanes:
            stack.enter_context(lane.proxy)
        yield lanes


@pytest.fixture(scope="module")
def recorded(lanes: list[Lane]) -> list[Result]:
    return record(lanes, lambda _: None)


def _broken(results: list[Result]) -> dict[str, list[str]]:
    return {one.case.words: one.outcome.broken for one in results if one.outcome.broken}


def test_without_a_fault_everything_holds(recorded: list[Result]) -> None:
    assert _broken(recorded) == {}
    assert {one.case.scenario for one in recorded} == set(SCENARIOS)
    calls = {call.name for one in recorded for call in one.outcome.calls}
    assert {
        "AttachLoadBalancerTargetGroups",
        "CreateAutoScalingGroup",
        "CreateLaunchTemplate",
        "DeleteAutoScalingGroup",
        "DeleteLaunchTemplate",
        "DetachLoadBalancerTargetGroups",
        "PutParameter",
        "DeleteParameter",
        "PutScalingPolicy",
        "SuspendProcesses",
    } <= calls


def test_each_fault_once(lanes: list[Lane], recorded: list[Result]) -> None:
    """``FAULTS_SEED`` chooses other calls."""
    seed = int(os.environ.get("FAULTS_SEED") or 1)
    results = run_cases(lanes, sample(matrix(recorded, seed=seed), seed=seed), lambda _: None)
    assert _broken(results) == {}
    assert sum(one.outcome.visits for one in results) > 0
