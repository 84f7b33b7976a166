"""One environment in which cases run one after the other, and what is done to it directly."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tests.cloud_process import REGION
from tests.faults.begin import begin
from tests.faults.cloud import FIRST_LISTENER, PORT, PROJECT, client, lay, lease_name, until
from tests.faults.faults import Fault, Strike
from tests.faults.order import DONE, Order
from tests.faults.proxy import FaultProxy
from tests.faults.scenarios import Scenario

# Seconds for one process, and machines of a server group.
_LIMIT, SIZE = 240.0, int(os.environ.get("FAULTS_SIZE") or 2)
_NOBODY = Strike(fault=Fault.NONE, label="")
_FORKING: Any = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(["tests.faults.worker"])


@dataclass(frozen=True, kw_only=True)
class Run:
    """What became of a process.

    :param status: its exit status; None when it does not live any more by a signal, or waits.
    :param begun: the step that it began last.
    """

    process: Any
    status: int | None
    begun: str


@dataclass(kw_only=True)
class Lane:
    """An environment of its own.

    :param number: from 0.
    :param image_id: what all releases are made of.
    :param folder: for logs.
    """

    number: int
    image_id: str
    folder: Path
    proxy: FaultProxy = field(default_factory=lambda: FaultProxy(PORT))
    live: str = ""
    standby: str = ""
    rules: bool = False
    count: int = 0
    target_group: str = ""

    def __post_init__(self) -> None:
        """Make the environment."""
        self.target_group = lay(self.environment, self.listener)

    @property
    def environment(self) -> str:
        """Its name."""
        return f"lane{self.number}"

    @property
    def listener(self) -> int:
        """The balancer's port on 127.0.0.1."""
        return FIRST_LISTENER + self.number

    def next_version(self, *, bad: bool = False) -> str:
        """Return a version that nobody had before."""
        self.count += 1
        return f"{'bad' if bad else '1'}.{self.count}+1.gaaa"

    def group(self, version: str) -> str:
        """Return the name of a release's server group."""
        return f"{PROJECT}-{self.environment}-{version.replace('+', '-')}"

    def order(
        self,
        steps: tuple[str, ...],
        version: str,
        case: str,
        *,
        keep_old: float = 0.0,
        canary: bool = False,
    ) -> Order:
        """Say what a process has to do."""
        folder = self.folder / case
        folder.mkdir(parents=True, exist_ok=True)
        target = {
            "project": PROJECT,
            "environment": self.environment,
            "region": REGION,
            "aws_conn_id": "aws_faults",
            "subnets": ("slipway-a", "slipway-b"),
            "security_groups": ("slipway-app",),
            "instance_type": "t3.micro",
            "min_size": 1,
            "desired_size": SIZE,
            "max_size": 4,
            "health_path": "/",
            "health_port": 8000,
            "health_timeout": 2.0 if version.startswith("bad") else 90.0,
            "soak": 0.0,
            "keep_old": keep_old,
            "canary": {"size": 1, "soak": 0.0} if canary else None,
            "target_group": f"{PROJECT}-{self.environment}",
        }
        return Order(
            endpoint=self.proxy.url,
            target=target,
            image_id=self.image_id,
            version=version,
            steps=steps,
            owner=case,
            folder=folder,
        )

    def run(self, order: Order, strike: Strike = _NOBODY) -> Run:
        """Run a process to its end, or until it is stopped."""
        (order.folder / "steps").unlink(missing_ok=True)
        process = _FORKING.Process(target=begin, args=(order,), daemon=True)
        self.proxy.arm(strike, victim=lambda number: _send(process.pid, number))
        process.start()
        deadline = time.monotonic() + _LIMIT
        while process.is_alive() and time.monotonic() < deadline:
            if strike.fault is Fault.STALE and self.proxy.struck:
                break
            process.join(0.05)
        else:
            process.kill()
            process.join()
        status = None if process.is_alive() or process.exitcode < 0 else process.exitcode
        steps = order.folder / "steps"
        begun = steps.read_text().split() if steps.exists() else []
        return Run(process=process, status=status, begun=begun[-1] if begun else "")

    def establish(self, scenario: Scenario, case: str) -> None:
        """Bring the environment to a scenario's start."""
        if not self.live or self.rules != scenario.rules:
            self.clear()
            self._deploy(case)
        if self.standby and not scenario.standby:
            self._expire(self.standby)
            self._direct(("housekeeping",), self.live, case)
            self.standby = ""
        if scenario.standby and not self.standby:
            self._deploy(case, keep_old=3600.0)
        if scenario.due:
            self._expire(self.standby)
        if scenario.rules and not self.rules:
            self._add_rules()

    def _deploy(self, case: str, *, keep_old: float = 0.0) -> None:
        version = self.next_version()
        steps = ("launch", "healthy", "shift", "in_service", "soak", "retire")
        self._direct(steps, version, case, keep_old=keep_old)
        self.live, self.standby = version, self.live if keep_old else ""

    def _direct(self, steps: tuple[str, ...], version: str, case: str, **more: Any) -> None:
        run = self.run(self.order(steps, version, f"{case}-start", **more))
        if run.status != DONE:
            msg = f"the start of {case} was not reached: {run.status} in {run.begun}"
            raise RuntimeError(msg)

    def _expire(self, version: str) -> None:
        tag = {
            "ResourceId": self.group(version),
            "ResourceType": "auto-scaling-group",
            "Key": "slipway:standby-until",
            "Value": str(int(time.time()) - 1),
            "PropagateAtLaunch": True,
        }
        client("autoscaling").create_or_update_tags(Tags=[tag])

    def _add_rules(self) -> None:
        """A policy, a nightly size and metrics, as people make them.

        No alarms: moto does not tie one to the policy that it is for. The names are of the
        environment: moto knows one policy of a name, whatever the group.
        """
        group, scaling = self.group(self.live), client("autoscaling")
        scaling.put_scaling_policy(
            AutoScalingGroupName=group,
            PolicyName=f"more-{self.environment}",
            PolicyType="TargetTrackingScaling",
            TargetTrackingConfiguration={
                "TargetValue": 50.0,
                "PredefinedMetricSpecification": {
                    "PredefinedMetricType": "ASGAverageCPUUtilization"
                },
            },
        )
        scaling.put_scheduled_update_group_action(
            AutoScalingGroupName=group,
            ScheduledActionName=f"night-{self.environment}",
            Recurrence="0 3 * * *",
            MinSize=1,
        )
        scaling.enable_metrics_collection(
            AutoScalingGroupName=group, Granularity="1Minute", Metrics=["GroupDesiredCapacity"]
        )
        self.rules = True

    def clear(self) -> None:
        """Remove every server group of the environment, whatever state it is in."""
        self.live = self.standby = ""
        self.rules = False
        prefix = f"{PROJECT}-{self.environment}-"
        scaling, ec2 = client("autoscaling"), client("ec2")

        def groups() -> list[str]:
            found = scaling.describe_auto_scaling_groups()["AutoScalingGroups"]
            names = [one["AutoScalingGroupName"] for one in found]
            return [name for name in names if name.startswith(prefix)]

        for group in groups():
            scaling.delete_auto_scaling_group(AutoScalingGroupName=group, ForceDelete=True)
        for template in ec2.describe_launch_templates()["LaunchTemplates"]:
            if template["LaunchTemplateName"].startswith(prefix):
                ec2.delete_launch_template(LaunchTemplateId=template["LaunchTemplateId"])
        alarms = client("cloudwatch").describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
        client("cloudwatch").delete_alarms(AlarmNames=[one["AlarmName"] for one in alarms])
        with suppress(ClientError):  # there is none
            client("ssm").delete_parameter(Name=lease_name(self.environment))
        until(lambda: not groups(), seconds=30)


def _send(pid: int, number: signal.Signals) -> None:
    """Send a signal; a killed process is gone when this returns."""
    os.kill(pid, number)
    deadline = time.monotonic() + 5
    while number == signal.SIGKILL and time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
