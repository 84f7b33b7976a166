"""The embedded cloud with real machines, a real balancer and boto3."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import docker
import pytest
from botocore.exceptions import ClientError

from include.localcloud.infrastructure import lay_network, start_database
from include.localcloud.settings import network_name
from tests.cloud_process import REGION, lay, serving
from tests.docker_output import output_of
from tests.integration.localcloud.process import (
    ENDPOINT,
    INSTALLATION,
    PORT,
    Load,
    client,
    leftovers,
    ssh,
    until,
    vpc,
    wait_for_state,
    web_server,
)
from tests.lanes import port

pytestmark = pytest.mark.integration
LISTENER = port(18577)


@pytest.fixture(scope="module", autouse=True)
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("cloud") / "home"
    with serving(home, installation=INSTALLATION, port=PORT) as process:
        yield home
    assert process.returncode == 0
    assert leftovers() == []


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("key") / "key"
    file.touch(mode=0o600)
    file.write_text(client("ec2").create_key_pair(KeyName="test")["KeyMaterial"])
    return file


@pytest.fixture(scope="module")
def target_group() -> str:
    lay_network(endpoint=ENDPOINT, region=REGION)
    for _ in range(2):  # a landscape may be laid again
        lay(ENDPOINT, "shop", "dev", LISTENER)
    [group] = client("elbv2").describe_target_groups(Names=["shop-dev"])["TargetGroups"]
    return str(group["TargetGroupArn"])


def debian() -> str:
    names = [{"Name": "name", "Values": ["debian-12-amd64-slipway"]}]
    [image] = client("ec2").describe_images(Owners=["self"], Filters=names)["Images"]
    return str(image["ImageId"])


def launched(**more: Any) -> dict[str, Any]:
    request = {"ImageId": debian(), "MinCount": 1, "MaxCount": 1, "KeyName": "test"} | more
    made: dict[str, Any] = client("ec2").run_instances(**request)["Instances"][0]
    return made


def launch(**more: Any) -> str:
    return str(launched(**more)["InstanceId"])


def test_an_image_made_from_a_machine_boots_as_another_machine(key: Path) -> None:
    ec2 = client("ec2")
    data = "#cloud-config\nwrite_files: [{path: /etc/a/b, content: hello, owner: 'root:admin'}]"
    made = launched(UserData=data, ClientToken="once")
    # It may run a moment later.
    assert made["State"]["Name"] == "pending"
    first = str(made["InstanceId"])
    assert launch(UserData=data, ClientToken="once") == first
    address = wait_for_state(first, "running")["PrivateIpAddress"]
    seen = ssh(key, address, "hostname; stat -c '%G %a' /etc/a/b; systemctl show-environment")
    assert seen.splitlines()[:2] == [f"ip-{address.replace('.', '-')}", "admin 644"]
    assert f"AWS_ENDPOINT_URL=http://{vpc()[2]}" in seen
    ssh(key, address, "cat /etc/a/b | sudo tee /etc/baked; sudo sync")

    ec2.stop_instances(InstanceIds=[first])
    wait_for_state(first, "stopped")
    image = ec2.create_image(
        InstanceId=first,
        Name="baked",
        TagSpecifications=[{"ResourceType": "image", "Tags": [{"Key": "k", "Value": "v"}]}],
    )["ImageId"]
    made = until(lambda: available(image), seconds=30)
    assert made["Tags"] == [{"Key": "k", "Value": "v"}]

    second = launch(ImageId=image)
    address = wait_for_state(second, "running")["PrivateIpAddress"]
    assert ssh(key, address, "cat /etc/baked") == "hello"
    ec2.terminate_instances(InstanceIds=[first, second])
    wait_for_state(second, "terminated")
    ec2.deregister_image(ImageId=image)
    until(lambda: not any(name.startswith("slipway-cloud/") for name in leftovers()), seconds=10)


def available(image: str) -> dict[str, Any] | None:
    [found] = client("ec2").describe_images(ImageIds=[image])["Images"]
    return found if found["State"] == "available" else None


def test_an_image_that_never_was_is_refused() -> None:
    with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
        launch(ImageId="ami-00000000000000000")


def test_machines_reach_the_repository_without_signing(target_group: str) -> None:
    name = "pool/a_1.0+b_amd64.deb"
    client("s3").put_object(Bucket="slipway-apt", Key=name, Body=b"deb")
    with urllib.request.urlopen(f"http://{vpc()[2]}/slipway-apt/{name}", timeout=5) as answer:
        assert answer.read() == b"deb"


def test_a_database_may_be_asked_for_twice() -> None:
    first = start_database(installation=INSTALLATION, databases=["a"])
    both = start_database(installation=INSTALLATION, databases=["a", "b"])
    assert both["a"] == first["a"]
    assert both["b"].endswith(f"@{vpc()[10]}:5432/b")
    assert "//slipway:slipway@" not in both["b"]


def test_other_users_of_this_machine_reach_none_of_its_sockets_and_files(cloud: Path) -> None:
    sockets = [path for path in cloud.rglob("*") if path.is_socket()]
    assert {path.name for path in sockets} >= {"api.sock", "admin.sock", "idle.sock"}
    assert [path for path in (cloud, *cloud.rglob("*")) if path.stat().st_mode & 0o077] == []


@pytest.mark.parametrize(
    "sent",
    [
        {"Host": f"rebound.example:{PORT}"},
        {"Origin": "https://page.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_web_page_cannot_drive_the_cloud(sent: dict[str, str]) -> None:
    form = b"Action=TerminateInstances&InstanceId.1=i-1&Version=2016-11-15"
    request = urllib.request.Request(ENDPOINT, form, headers=sent)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    assert caught.value.code == 403


def test_an_environment_does_not_get_into_anothers_database() -> None:
    urls = start_database(installation=INSTALLATION, databases=["dev", "prod"])
    assert ask_database(urls["dev"], "SELECT current_user") == "dev"
    with pytest.raises(RuntimeError, match="permission denied for database"):
        ask_database(urlsplit(urls["dev"])._replace(path="/prod").geturl(), "SELECT 1")
    with pytest.raises(RuntimeError, match="permission denied"):
        ask_database(urls["dev"], "CREATE ROLE another")


def test_whoever_inspects_the_database_learns_no_password() -> None:
    url = start_database(installation=INSTALLATION, databases=["dev"])["dev"]
    client: Any = docker.APIClient()
    shown = json.dumps(client.inspect_container(f"slipway-cloud-{INSTALLATION}-database"))
    assert str(urlsplit(url).password) not in shown


def ask_database(url: str, query: str) -> str:
    """Ask from another container, as a machine would."""
    psql = ["psql", "--no-psqlrc", "-qtAc", query, url]
    network = network_name(INSTALLATION)
    code, answer, errors = output_of("slipway/postgres:15", psql, entrypoint=[], network=network)
    if code != 0:
        raise RuntimeError(str(errors))
    return str(answer, "utf-8").strip()


def make_group(name: str, groups: list[str]) -> None:
    ec2 = client("ec2")
    ec2.create_launch_template(
        LaunchTemplateName=name,
        LaunchTemplateData={"ImageId": debian(), "UserData": web_server(name)},
    )
    create_group(name, groups)


def create_group(name: str, groups: list[str]) -> None:
    subnets = client("ec2").describe_subnets()["Subnets"]
    client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=0,
        MaxSize=3,
        DesiredCapacity=2,
        VPCZoneIdentifier=",".join(one["SubnetId"] for one in subnets),
        LaunchTemplate={"LaunchTemplateName": name, "Version": "$Latest"},
        TargetGroupARNs=groups,
    )


def members(name: str) -> dict[str, str]:
    names = [name]
    found = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=names)
    groups = found["AutoScalingGroups"]
    return {one["InstanceId"]: one["LifecycleState"] for g in groups for one in g["Instances"]}


def in_service(name: str) -> bool:
    return list(members(name).values()) == ["InService"] * 2


def health(target_group: str) -> dict[str, str]:
    answer = client("elbv2").describe_target_health(TargetGroupArn=target_group)
    targets = answer["TargetHealthDescriptions"]
    return {one["Target"]["Id"]: one["TargetHealth"]["State"] for one in targets}


def all_healthy(target_group: str, *names: str) -> bool:
    wanted = {one for name in names for one in members(name)}
    return len(wanted) == 2 * len(names) and health(target_group) == dict.fromkeys(
        wanted, "healthy"
    )


def test_fleets_are_swapped_and_mended_under_load(target_group: str) -> None:
    scaling = client("autoscaling")
    make_group("old", [target_group])
    assert set(members("old").values()) == {"Pending"}
    with pytest.raises(scaling.exceptions.AlreadyExistsFault):
        create_group("old", [])
    with pytest.raises(scaling.exceptions.ResourceInUseFault):
        scaling.delete_auto_scaling_group(AutoScalingGroupName="old")
    until(lambda: all_healthy(target_group, "old"), seconds=30)

    with Load(LISTENER) as load:
        # Reloads of the balancer, one close upon the other.
        for number in range(4):
            lay(ENDPOINT, "other", f"e{number}", LISTENER + 10 + number)
        make_group("new", [])
        until(lambda: in_service("new"), seconds=30)
        arns = [target_group]
        scaling.attach_load_balancer_target_groups(AutoScalingGroupName="new", TargetGroupARNs=arns)
        until(lambda: "initial" in health(target_group).values(), seconds=5)
        until(lambda: all_healthy(target_group, "old", "new"), seconds=30)
        scaling.detach_load_balancer_target_groups(AutoScalingGroupName="old", TargetGroupARNs=arns)
        states = health(target_group)
        assert {states[one] for one in members("old")} == {"draining"}
        until(lambda: all_healthy(target_group, "new"), seconds=30)
        scaling.delete_auto_scaling_group(AutoScalingGroupName="old", ForceDelete=True)
        until(lambda: not members("old"), seconds=30)
        until(lambda: load.answers[-1] == "new", seconds=5)
    assert load.failures == []
    assert {"old", "new"} == set(load.answers)

    # Without load: a request that is under way in a machine that dies is lost, as on AWS.
    [victim, _] = members("new")
    kill(victim)
    until(lambda: victim not in members("new"), seconds=30)
    until(lambda: all_healthy(target_group, "new"), seconds=30)

    scaling.suspend_processes(AutoScalingGroupName="new", ScalingProcesses=["ReplaceUnhealthy"])
    [victim, _] = members("new")
    kill(victim)
    wait_for_state(victim, "terminated")
    assert len(members("new")) == 2


def kill(instance_id: str) -> None:
    name = f"slipway-cloud-{INSTALLATION}-{instance_id}"
    subprocess.run(["docker", "kill", name], check=True, capture_output=True)
