"""`same` on real machines: other settings come by a swap, and the way back restores those before.

From the choice of the release to the last machine; Packer alone is stood in for, by a machine of
which an image is made.
"""

from __future__ import annotations

import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.hooks.tools.packer import Bake
from slipway.model.cloud.account import Account
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.choose_release import ChooseReleaseOperator
from slipway.operators.images import bakes
from slipway.operators.swap import LaunchOperator
from slipway.tasks.consent import Admission
from slipway.tasks.images.layers import Layers
from tests.cloud_process import REGION
from tests.fakes.airflow_run import FakeTask
from tests.integration.fleet import machines
from tests.integration.fleet.machines import (
    LET_IN,
    LISTENER,
    WATCHED,
    client,
    run,
    target_of,
)
from tests.integration.fleet.web_machine import FILES, SEED, bake_web
from tests.integration.localcloud.process import Load
from tests.slipway.operators.releases import catalogue

if TYPE_CHECKING:
    from slipway.model.facts import Json
    from slipway.model.target import DeployTarget

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(600),
    pytest.mark.usefixtures("artifacts"),
]
embedded_cloud, fleet_connection = machines.embedded_cloud, machines.fleet_connection
ROOT = str(Path(__file__).resolve().parents[3])
VERSION = "1.0+1.gaaaaaaa"


@dataclass
class Project:
    """What a project file says."""

    greeting: str = "hello"
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> DeployTarget:
        return target_of(**self.settings)

    @property
    def config(self) -> dict[str, str]:
        return {"GREETING": self.greeting}

    def choose(self, version: str) -> str:
        layers = Layers(region=REGION, unit="web.service", config=self.config, recipes=ROOT)
        operator = ChooseReleaseOperator(
            task_id="choose_release", target=self.target, version=version, layers=layers
        )
        return str(operator.execute(FakeTask().context)["release"]["version"])

    def bake(self, version: str) -> Json:
        operator = BakeImageOperator(
            task_id="bake_image",
            package=ReleaseCatalogue(artifact_store()).find("shop", version).package.to_json(),
            unit="web.service",
            config=self.config,
            account=Account(aws_conn_id="aws_fleet", region=REGION),
            recipes=ROOT,
            reuse=True,
            admission=Admission(project="shop", environment="dev"),
        )
        made: Json = operator.execute(FakeTask().context)
        return made

    def deploy(self, version: str) -> Json:
        facts = {"target": self.target, "image": self.bake(version)}
        made: Json = [run(kind, facts) for kind in (LaunchOperator, *LET_IN, *WATCHED)][-1]
        release = ReleaseCatalogue(artifact_store()).find("shop", version).checkout.release
        DeploymentHistory(artifact_store()).record(release, "dev", run_id="manual__1")
        return made


def _packer(plan: Bake, **_: Any) -> str:
    """Make an image of a machine that has what the plan installs."""
    files: dict[str, str] = {}
    if plan.tags["slipway:layer"] == "app":
        greeting = plan.variables["app_config"]["GREETING"]["__ansible_unsafe"]
        files = {**FILES, "/etc/web.conf": greeting}
    ec2 = client("ec2")
    image = bake_web(ec2, plan.image_name, source=plan.source_image, files=files)
    marks = {**plan.tags, **plan.marks}
    pairs = [{"Key": key, "Value": value} for key, value in marks.items()]
    ec2.create_tags(Resources=[image], Tags=pairs)
    return image


def _served() -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{LISTENER}/", timeout=5) as answer:
        served: str = answer.read().decode()
    return served


def _kinds(made: Json) -> list[str]:
    found = client("ec2").describe_instances(InstanceIds=list(made["instance_ids"]))
    return [one["InstanceType"] for each in found["Reservations"] for one in each["Instances"]]


def test_settings_come_by_a_swap_and_go_back_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__SLIPWAY__SOURCE_AMI", SEED)
    monkeypatch.setenv("AIRFLOW__SLIPWAY__SOURCE_OWNER", "self")
    monkeypatch.setattr(bakes, "bake", _packer)
    catalogue(VERSION)
    project = Project()
    made = project.deploy(VERSION)
    assert _served() == f"{VERSION} hello"
    assert _kinds(made) == ["t3.micro"] * 2

    project.greeting = "good day"
    project.settings = {"instance_type": "t3.small", "desired_size": 3}
    name = project.choose("same")
    with Load(LISTENER) as load:
        made = project.deploy(name)
    assert load.failures == []
    assert load.answers[-1] == f"{VERSION} good day"
    assert made["previous_version"] == VERSION
    assert _kinds(made) == ["t3.small"] * 3
    with pytest.raises(AirflowSkipException, match="nothing to do"):
        project.choose("same")

    # What served before is gone, and the project file says what it says.
    back = project.choose("previous")
    assert back == VERSION
    with Load(LISTENER) as load:
        made = project.deploy(back)
    assert load.failures == []
    assert load.answers[-1] == f"{VERSION} hello"
    # As many as served: nobody asked for fewer, and they may be needed.
    assert _kinds(made) == ["t3.micro"] * 3
