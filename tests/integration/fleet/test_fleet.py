"""Swaps on real machines behind a real balancer, through the operators and sensors themselves."""

from __future__ import annotations

import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.hooks.fleet.cloud import FleetCloud
from slipway.model.target import Canary, Probe
from slipway.operators.housekeeping.retire_standbys import RetireStandbysOperator
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import (
    LaunchCanaryOperator,
    LaunchOperator,
    RetireOldOperator,
    ShiftTrafficOperator,
)
from slipway.sensors.canary_soak import CanarySoakSensor
from slipway.sensors.fleet_healthy import FleetHealthySensor
from slipway.sensors.fleet_in_service import FleetInServiceSensor
from slipway.sensors.soak import SoakSensor
from slipway.tasks.board.by_hand import changed_by_hand
from tests.fakes.airflow_run import FakeTask
from tests.integration.fleet import machines
from tests.integration.fleet.machines import (
    LET_IN,
    LISTENER,
    WATCHED,
    client,
    deploy,
    facts_of,
    run,
    target_of,
)
from tests.integration.localcloud.process import Load, until

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
embedded_cloud, fleet_connection, ami = (
    machines.embedded_cloud,
    machines.fleet_connection,
    machines.ami,
)


def _served() -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{LISTENER}/", timeout=5) as answer:
        served: str = answer.read().decode()
    return served


def _cloud_of() -> FleetCloud:
    return FleetCloud(client, project="shop", environment="dev", target_group="shop-dev")


def _names() -> dict[str, str]:
    """Every server group that is there to stay, with what it does."""
    return {
        group.name: "live" if group.attached else "standby" if group.standby_until else "idle"
        for group in _cloud_of().observe().groups
        if not group.deleting
    }


def _by_hand() -> list[str]:
    cloud = _cloud_of()
    found = changed_by_hand(cloud, cloud.observe())
    return [one.words for one in found.changes] if found else []


def _steps(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [message for message in caplog.messages if message.startswith("did: ")]


def test_one_fleet_after_the_other(ami: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    made = deploy(ami, "1.0+1.gaaa", keep_old=300.0)
    assert made["previous_group"] is None
    assert len(made["instance_ids"]) == 2
    assert _served() == "1.0+1.gaaa"
    assert _names() == {"shop-dev-1.0-1.gaaa": "live"}

    with Load(LISTENER) as load:
        made = deploy(ami, "1.0+2.gbbb", keep_old=300.0)
    assert load.failures == []
    assert load.answers[0] == "1.0+1.gaaa"
    assert load.answers[-1] == "1.0+2.gbbb"
    assert made["previous_version"] == "1.0+1.gaaa"
    assert _names() == {"shop-dev-1.0-1.gaaa": "standby", "shop-dev-1.0-2.gbbb": "live"}


def test_somebodys_hand_is_told_from_what_the_swap_did(ami: str) -> None:
    assert _by_hand() == []
    group = {"AutoScalingGroupName": "shop-dev-1.0-2.gbbb", "ScalingProcesses": ["AZRebalance"]}
    client("autoscaling").suspend_processes(**group)
    client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="shop-dev-1.0-2.gbbb", MaxSize=9
    )
    most, suspended = _by_hand()
    assert most.startswith("max: ")
    assert most.endswith(" -> 9")
    assert suspended == "suspended processes: none -> AZRebalance"
    client("autoscaling").resume_processes(**group)
    client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="shop-dev-1.0-2.gbbb", MaxSize=target_of().max_size
    )
    assert _by_hand() == []


def test_the_same_again_does_nothing(ami: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    before = _names()
    deploy(ami, "1.0+2.gbbb", keep_old=300.0)
    assert _steps(caplog) == []
    assert _names() == before


def test_a_bad_one_is_removed_and_the_old_one_serves_on(ami: str) -> None:
    before = _names()
    facts = facts_of(ami, "bad", health_timeout=12.0)
    with Load(LISTENER) as load:
        run(LaunchOperator, facts)
        held = next(one for one in _cloud_of().observe().groups if one.attached)
        assert held.held
        with pytest.raises(AirflowFailException, match=r"0 of 2 .*i-\w+ at 10\.\S+: HTTP 503"):
            run(FleetHealthySensor, facts)
        run(RollBackOperator, facts)
    assert load.failures == []
    assert set(load.answers) == {"1.0+2.gbbb"}
    assert _names() == before
    fleet = _cloud_of().observe()
    assert not any(group.held or group.suspended for group in fleet.groups if group.attached)
    assert fleet.orphans == ()


def test_back_to_the_warm_one_takes_seconds(ami: str, caplog: pytest.LogCaptureFixture) -> None:
    """What served alone before is not watched again, so the length of the soak costs nothing."""
    caplog.set_level("INFO")
    with Load(LISTENER) as load:
        deploy(ami, "1.0+1.gaaa", keep_old=300.0, soak=3600.0)
    assert load.failures == []
    assert _served() == "1.0+1.gaaa"
    assert not any("launch" in step for step in _steps(caplog))
    assert _names() == {"shop-dev-1.0-1.gaaa": "live", "shop-dev-1.0-2.gbbb": "standby"}


def test_a_standby_goes_when_it_is_due_with_all_its_machines() -> None:
    housekeeping = RetireStandbysOperator(task_id="housekeeping", target=target_of())
    housekeeping.execute(FakeTask(dag_id="housekeeping").context)
    assert "shop-dev-1.0-2.gbbb" in _names()
    _cloud_of().mark_standby("shop-dev-1.0-2.gbbb", int(time.time()) - 1)
    housekeeping.execute(FakeTask(dag_id="housekeeping").context)
    assert _names() == {"shop-dev-1.0-1.gaaa": "live"}
    alive = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]

    def only_the_live_ones() -> bool:
        pages = client("ec2").describe_instances(Filters=alive)["Reservations"]
        return sum(len(one["Instances"]) for one in pages) == 2

    until(only_the_live_ones, seconds=30)
    templates = client("ec2").describe_launch_templates()["LaunchTemplates"]
    assert [one["LaunchTemplateName"] for one in templates] == ["shop-dev-1.0-1.gaaa"]


def test_a_machine_that_dies_during_the_swap_is_waited_for(ami: str) -> None:
    facts = facts_of(ami, "1.0+3.gccc")
    launched = run(LaunchOperator, facts)
    run(FleetHealthySensor, facts)
    with Load(LISTENER) as load:
        run(ShiftTrafficOperator, facts)
        run(FleetInServiceSensor, facts)
    assert load.failures == []
    victim = _cloud_of().observe().of("1.0+3.gccc")
    assert victim is not None
    client("ec2").terminate_instances(InstanceIds=[victim.machines[0].instance_id])
    done = run(RetireOldOperator, facts)
    assert len(done["instance_ids"]) == 2
    assert victim.machines[0].instance_id not in done["instance_ids"]
    assert _names() == {launched["server_group"]: "live"}
    assert _served() == "1.0+3.gccc"


def _serving() -> dict[str, int]:
    return {group.name: group.serving for group in _cloud_of().observe().groups if group.serving}


def test_a_canary_serves_beside_the_full_old_fleet_then_comes_the_rest(ami: str) -> None:
    before = _serving()
    facts = facts_of(ami, "1.0+4.gddd", canary=Canary(soak=2.0), probe=Probe(path="/ready"))
    with Load(LISTENER) as load:
        canary: tuple[Callable[..., Any], ...] = (LaunchCanaryOperator, *LET_IN, CanarySoakSensor)
        for kind in canary:
            run(kind, facts)
        assert _serving() == before | {"shop-dev-1.0-4.gddd": 1}
        for kind in (LaunchOperator, *LET_IN, *WATCHED):
            run(kind, facts)
    assert load.failures == []
    assert set(load.answers) == {"1.0+3.gccc", "1.0+4.gddd"}
    assert _serving() == {"shop-dev-1.0-4.gddd": 2}
    assert _names() == {"shop-dev-1.0-4.gddd": "live"}


@pytest.mark.parametrize("canary", [None, Canary(soak=20.0)], ids=["in full", "canary"])
def test_a_release_that_only_the_probe_finds_out_goes_by_itself(
    ami: str, canary: Canary | None
) -> None:
    """Healthy by the balancer's check, and not ready: its soak ends it, and roll_back runs."""
    before = _names()
    facts = facts_of(ami, "sly", soak=20.0, canary=canary, probe=Probe(path="/ready"))
    launch, soak = (
        (LaunchCanaryOperator, CanarySoakSensor) if canary else (LaunchOperator, SoakSensor)
    )
    with Load(LISTENER) as load:
        for kind in (launch, *LET_IN):
            run(kind, facts)
        with pytest.raises(AirflowFailException, match=r"3 times in a row: i-\w+ at .*HTTP 503"):
            run(soak, facts)
        run(RollBackOperator, facts)
    assert load.failures == []
    assert _names() == before
    assert _serving() == {"shop-dev-1.0-4.gddd": 2}
    assert _cloud_of().observe().orphans == ()
