"""Each thing that a deployment needs, missing or wrong: found before anything is changed.

Each of them is found by the dry run, by the task ``preflight``, and by ``migrate`` at the last
moment, under the same words; goose is called by none of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException
from moto import mock_aws

from include.localcloud.compute.group_notifications import keep_notifications
from slipway.exceptions import (
    DatabaseUnavailable,
    EnvironmentMisconfigured,
    InputError,
    MachineImageRefused,
)
from slipway.hooks.preflight import look
from slipway.model.cloud.answer import Answer
from slipway.model.cloud.machine import Architecture, Machine
from slipway.model.cloud.preflight_facts import DatabaseSeen, Unasked
from slipway.model.facts import PackageVariant
from slipway.model.git.repository import Repository
from slipway.operators import migrations, preflight_look, swap
from slipway.operators.migrations import GooseMigrateOperator
from slipway.operators.plan import PlanOperator
from slipway.operators.preflight import PreflightOperator
from slipway.operators.preflight_look import Preflight
from slipway.operators.preview import ImageOutlook, SchemaOutlook
from slipway.tasks.images.layers import Layers
from tests.fakes.airflow_run import FakeTask
from tests.slipway.fleet import moto_cloud
from tests.slipway.fleet.moto_cloud import client, subnet
from tests.slipway.operators import preflight_world as world
from tests.slipway.operators.preflight_world import Answers
from tests.slipway.operators.releases import make_record

DOCS = Path(__file__).parents[3] / "docs" / "preflight.md"
LAYERS = Layers(region="eu-west-1", unit="shop.service", config={})
SEEN = DatabaseSeen(connection="shop_dev", role="shop", pending=("2_x.sql",))


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    with mock_aws():
        keep_notifications()
        world.furnish()
        monkeypatch.setattr(
            swap, "fleet_cloud", lambda *_, **more: moto_cloud.fleet(**_known(more))
        )
        monkeypatch.setattr(preflight_look, "aws_clients", lambda *_: client)
        yield Answers(monkeypatch)


def _known(more: dict[str, Any]) -> dict[str, Any]:
    return {key: more[key] for key in ("target_group", "load_balancer")}


@dataclass
class Way:
    """One deployment, and what was broken about it.

    :param package: of what architecture.
    :param image: None before the bake.
    """

    answers: Answers
    target: dict[str, Any] = field(default_factory=dict)
    parameters: tuple[str, ...] = ("DATABASE_URL",)
    image: str | None = ""
    package: str = "amd64"
    database: DatabaseSeen | Unasked | None = SEEN
    unreadable: InputError | None = None
    repository: str = ""
    layers: Layers = field(default_factory=lambda: LAYERS)
    others: tuple[PackageVariant, ...] = ()

    def preflight(self) -> Any:
        looks = mock.create_autospec(ImageOutlook, instance=True)
        image_id = world.image() if self.image == "" else self.image
        there = world.machine_image(image_id or "to be baked")
        looks.look.return_value = (replace(there, reused=image_id is not None), "words")
        looks.look.side_effect = self.unreadable
        looks.unbaked.return_value = replace(there, reused=False)
        looks.chosen.side_effect = ImageOutlook(layers=self.layers, aws_conn_id="a").chosen
        return Preflight(
            target=world.target(**self.target),
            image=looks,
            parameters=self.parameters,
            schema=mock.create_autospec(SchemaOutlook, instance=True),
        )

    def package_json(self) -> Any:
        record = make_record("2").package
        told = replace(record, architecture=self.package, repository_url=self.repository)
        return replace(told, others=self.others).to_json()

    def dry_run(self) -> None:
        context: Any = {"params": {"dry_run": True}, **_context("plan")}
        looks = self.preflight()
        schema = mock.create_autospec(SchemaOutlook, instance=True)
        schema.look.return_value = "1 -> 2"
        with DAG(dag_id="shop.dev", schedule=None):
            task = PlanOperator(
                task_id="plan",
                package=self.package_json(),
                image=looks.image,
                target=looks.target,
                schema=schema,
                always=False,
                preflight=looks,
            )
        with self._database():
            task.execute(context)

    def check(self) -> None:
        task = PreflightOperator(
            task_id="preflight", package=self.package_json(), preflight=self.preflight()
        )
        with self._database():
            task.execute(_context("preflight"))

    def migrate(self) -> None:
        looks = self.preflight()
        image = looks.image.look.return_value[0]
        task = GooseMigrateOperator(
            task_id="migrate",
            target=looks.target,
            image=image.to_json(),
            release=image.release.to_json(),
            repository=Repository(url="u"),
            directory="migrations",
            database_conn_id="shop_dev",
            preflight=looks,
        )
        task.execute(_context("migrate"))

    def _database(self) -> Any:
        return mock.patch.object(Preflight, "database", autospec=True, return_value=self.database)


def _context(task_id: str) -> Any:
    ti = FakeTask(task_id=task_id)
    return {**ti.context, "dag_run": SimpleNamespace(triggering_user_name="bob")}


Break = Callable[[Way], None]
CASES: dict[str, tuple[Break, str]] = {}


def case(name: str, words: str) -> Callable[[Break], Break]:
    """Name a case, and what must be said of it; ``...`` is any text."""

    def take(breaks: Break) -> Break:
        CASES[name] = (breaks, words)
        return breaks

    return take


@case("target group", "target group 'shop-dve' does not exist; did you mean 'shop-dev'?")
def _(way: Way) -> None:
    way.target["target_group"] = "shop-dve"


@case(
    "classic balancer",
    "load balancer 'shop-dev-clasic' does not exist; did you mean 'shop-dev-classic'?",
)
def _(way: Way) -> None:
    way.target |= {"target_group": None, "load_balancer": "shop-dev-clasic"}


@case(
    "target group of another project",
    "target group 'blog-dev' belongs to project blog; did you mean 'shop-dev'?",
)
def _(way: Way) -> None:
    way.target["target_group"] = "blog-dev"


@case("listener", "target group 'shop-dev-idle' hangs on no listener...; did you mean 'shop-dev'?")
def _(way: Way) -> None:
    way.target["target_group"] = "shop-dev-idle"


@case("kind of targets", "target group 'shop-dev-ips' takes targets of type ip")
def _(way: Way) -> None:
    way.target["target_group"] = "shop-dev-ips"


@case("subnet", "subnet 'shop-bb' does not exist; did you mean 'shop-b'?")
def _(way: Way) -> None:
    way.target["subnets"] = ("shop-a", "shop-bb")


@case("subnet by id", "subnet 'subnet-0123' does not exist")
def _(way: Way) -> None:
    way.target["subnets"] = ("subnet-0123",)


@case("subnet of another network", "subnet 'far-a' is in vpc-..., and shop-dev in vpc-...; did")
def _(way: Way) -> None:
    way.target["subnets"] = ("far-a",)


@case(
    "zone that the balancer does not serve",
    "subnet 'shop-c' lies in eu-west-1c, and shop-dev serves eu-west-1a, eu-west-1b; did you mean "
    "'shop-",
)
def _(way: Way) -> None:
    way.target["subnets"] = ("shop-a", "shop-c")


@case("free addresses", "subnet 'shop-a' has 1 free addresses, and 2 machines are launched")
def _(way: Way) -> None:
    found = client("ec2").describe_subnets(SubnetIds=[subnet("shop-a")])["Subnets"]
    found[0]["AvailableIpAddressCount"] = 1
    way.answers.by_call["DescribeSubnets"] = lambda _: {"Subnets": found}
    way.target["subnets"] = ("shop-a",)


@case("security group", "security group 'shop-ap' does not exist; did you mean 'shop-app'?")
def _(way: Way) -> None:
    way.target["security_groups"] = ("shop-ap",)


@case(
    "security group of another network",
    "security group 'far-app' is in vpc-..., and shop-dev in vpc-...; did you mean 'shop-app'?",
)
def _(way: Way) -> None:
    way.target["security_groups"] = ("far-app",)


@case("image gone", "machine image 'ami-0123' does not exist: it was deregistered since the bake")
def _(way: Way) -> None:
    way.image = "ami-0123"


@case("image not available", "machine image '...' is failed")
def _(way: Way) -> None:
    wanted = [{"Name": "image-id", "Values": [world.image()]}]
    (found,) = client("ec2").describe_images(Filters=wanted)["Images"]
    way.answers.by_call["DescribeImages"] = lambda _: {"Images": [{**found, "State": "failed"}]}
    way.image = found["ImageId"]


@case("image of another architecture", "machine image '...' is arm64, and t3.micro runs x86_64")
def _(way: Way) -> None:
    way.image = world.image("arm64")


@case("package of another architecture", "package for arm64 is arm64, and t3.micro runs x86_64")
def _(way: Way) -> None:
    way.image, way.package = None, "arm64"


@case("instance type", "instance type 't3.mikro' does not exist; did you mean 't3.micro'?")
def _(way: Way) -> None:
    way.target["instance_type"] = "t3.mikro"


@case(
    "instance type in these zones",
    "instance type 't3.micro' is not offered in eu-west-1a, eu-west-1b, but in eu-west-1c",
)
def _(way: Way) -> None:
    way.answers.by_call["DescribeInstanceTypeOfferings"] = lambda _: {
        "InstanceTypeOfferings": [{"InstanceType": "t3.micro", "Location": "eu-west-1c"}]
    }


@case(
    "instance profile",
    "instance profile 'shop-dev-ap' does not exist; did you mean 'shop-dev-app'?",
)
def _(way: Way) -> None:
    way.target["profile"] = "shop-dev-ap"


@case("profile without a role", "instance profile 'shop-dev-new' holds no role")
def _(way: Way) -> None:
    way.target["profile"] = "shop-dev-new"


@case("role of another service", "'shop-dev-job' holds the role shop-dev-job, which machines must")
def _(way: Way) -> None:
    way.target["profile"] = "shop-dev-job"


@case(
    "key pair", "key pair 'shop-ops' of the serving group does not exist; did you mean 'shop-op'?"
)
def _(way: Way) -> None:
    client("ec2").delete_key_pair(KeyName="shop-ops")
    client("ec2").create_key_pair(KeyName="shop-op")


@case("whom a hook tells", "lifecycle hook 'warm-up' of the serving group tells arn:aws:sns:...")
def _(way: Way) -> None:
    client("sns").delete_topic(TopicArn=world.TOPIC)


@case(
    "whom a hook tells, with its nearest",
    "tells arn:aws:sns:eu-west-1:123456789012:machines, which does not exist; did you mean "
    "'arn:aws:sns:eu-west-1:123456789012:machine'?",
)
def _(way: Way) -> None:
    client("sns").delete_topic(TopicArn=world.TOPIC)
    client("sns").create_topic(Name="machine")
    client("sns").create_topic(Name="blog-machines")


@case(
    "topic of notifications",
    "notifications of the serving group to arn:aws:sns:eu-west-1:123456789012:shop-scaling reach "
    "nobody: the topic does not exist; did you mean "
    "'arn:aws:sns:eu-west-1:123456789012:shop-scalings'?",
)
def _(way: Way) -> None:
    client("sns").create_topic(Name="shop-scalings")
    client("autoscaling").put_notification_configuration(
        AutoScalingGroupName="shop-dev-1",
        TopicARN="arn:aws:sns:eu-west-1:123456789012:shop-scaling",
        NotificationTypes=["autoscaling:EC2_INSTANCE_LAUNCH"],
    )


def _encrypt_volumes(way: Way, key: str) -> None:
    """Have the serving group's machines a further volume, encrypted with a key."""
    disk = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 8, "Encrypted": True, "KmsKeyId": key}}
    data = {"ImageId": world.image(), "InstanceType": "t3.micro", "KeyName": "shop-ops"}
    way.answers.by_call["DescribeLaunchTemplateVersions"] = lambda _: {
        "LaunchTemplateVersions": [{"LaunchTemplateData": {**data, "BlockDeviceMappings": [disk]}}]
    }


@case(
    "KMS key of an inherited volume",
    "KMS key 'arn:aws:kms:eu-west-1:123456789012:alias/shop-dta' of volume /dev/sdf of the serving "
    "group does not exist; did you mean 'alias/shop-data'? (...`instance: {drop: [volumes]}`)",
)
def _(way: Way) -> None:
    (key,) = client("kms").list_keys()["Keys"]
    for name in ("shop-data", "blog-dta"):
        client("kms").create_alias(AliasName=f"alias/{name}", TargetKeyId=key["KeyId"])
    _encrypt_volumes(way, "arn:aws:kms:eu-west-1:123456789012:alias/shop-dta")


@case(
    "KMS key of an inherited volume that is disabled",
    "KMS key '...' of volume /dev/sdf of the serving group is Disabled (enable the key",
)
def _(way: Way) -> None:
    key = client("kms").create_key()["KeyMetadata"]["KeyId"]
    client("kms").disable_key(KeyId=key)
    _encrypt_volumes(way, key)


@case("vCPUs", "quota of vCPUs of Standard instances is 3: ... are used, and 4 more are needed")
def _(way: Way) -> None:
    way.answers.by_call["GetServiceQuota"] = lambda _: {"Quota": {"Value": 3.0}}


@case("server groups", "quota of Auto Scaling groups is 1: 1 are used, and 1 more are needed")
def _(way: Way) -> None:
    way.answers.by_call["DescribeAccountLimits"] = lambda _: {
        "MaxNumberOfAutoScalingGroups": 1,
        "NumberOfAutoScalingGroups": 1,
    }


@case("launch templates", "quota of launch templates is 1: 1 are used, and 1 more are needed")
def _(way: Way) -> None:
    way.answers.by_call["ListServiceQuotas"] = lambda _: {
        "Quotas": [{"QuotaName": "Launch templates per Region", "Value": 1.0}]
    }


@case("right to make templates", "right ec2:CreateLaunchTemplate is refused: You are not")
def _(way: Way) -> None:
    said = "You are not authorized. Encoded authorization failure message: abc"
    way.answers.refuse("CreateLaunchTemplate", "UnauthorizedOperation", said=said)


@case("right to launch", "right ec2:RunInstances is refused: You are not authorized")
def _(way: Way) -> None:
    said = "You are not authorized"
    way.answers.refuse("RunInstances", "UnauthorizedOperation", said=said)


@case("alarm", "alarm 'shop-eror' does not exist; did you mean 'shop-errors'?")
def _(way: Way) -> None:
    way.target["alarms"] = ("shop-eror",)


@case(
    "parameter",
    "parameter /slipway/shop/dev/SESION_KEY does not exist; did you mean 'SESSION_KEY'?",
)
def _(way: Way) -> None:
    way.parameters = ("DATABASE_URL", "SESION_KEY")


@case("parameter that is no variable", "parameter /slipway/shop/dev/not-one can be no environment")
def _(way: Way) -> None:
    client("ssm").put_parameter(Name="/slipway/shop/dev/not-one", Value="x", Type="String")


@case(
    "parameter that is there twice", "parameter DATABASE_URL is there 2 times below /slipway/shop"
)
def _(way: Way) -> None:
    client("ssm").put_parameter(Name="/slipway/shop/dev/x/DATABASE_URL", Value="x", Type="String")


@case("KMS key", "KMS key '...' of parameter /slipway/shop/dev/... is PendingDeletion")
def _(way: Way) -> None:
    (key,) = client("kms").list_keys()["Keys"]
    client("kms").schedule_key_deletion(KeyId=key["KeyId"])


@case("KMS key of the image", "KMS key 'key-of-disks' of the machine image's disks does not exist")
def _(way: Way) -> None:
    wanted = [{"Name": "image-id", "Values": [world.image()]}]
    (found,) = client("ec2").describe_images(Filters=wanted)["Images"]
    disk = {"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": "snap-0", "Encrypted": True}}
    way.answers.by_call["DescribeImages"] = lambda _: {
        "Images": [{**found, "BlockDeviceMappings": [disk]}]
    }
    way.answers.by_call["DescribeSnapshots"] = lambda _: {
        "Snapshots": [{"SnapshotId": "snap-0", "KmsKeyId": "key-of-disks"}]
    }


DATABASE: dict[str, tuple[DatabaseSeen, str]] = {
    "connection": (
        replace(SEEN, trouble="has no such connection in Airflow"),
        "database of connection 'shop_dev' has no such connection in Airflow",
    ),
    "password": (
        replace(SEEN, trouble="lets nobody in: FATAL: password authentication failed"),
        "database of connection 'shop_dev' lets nobody in: FATAL: password",
    ),
    "right to make tables": (
        replace(SEEN, may_create=False),
        "does not let the role 'shop' make anything in schema public",
    ),
    "replica": (replace(SEEN, read_only=True), "can only be read"),
    "goose's table": (replace(SEEN, ledger=False), "write goose's own table"),
    "somebody else's table": (
        replace(SEEN, foreign=(("orders", "postgres"),)),
        "table 'orders' of connection 'shop_dev' belongs to 'postgres'",
    ),
}


def _pattern(words: str) -> str:
    return ".*".join(re.escape(part) for part in words.split("..."))


def _said(does: Callable[[], None]) -> str:
    with pytest.raises(AirflowFailException) as told:
        does()
    return str(told.value)


@pytest.mark.parametrize("name", CASES)
def test_what_is_missing_or_wrong_is_found_before_anything_is_changed(
    answers: Answers, name: str
) -> None:
    breaks, words = CASES[name]
    way = Way(answers)
    breaks(way)
    before = len(answers.made)
    with mock.patch.object(migrations, "Goose", autospec=True) as made:
        # What only the package shows is found before there is an image.
        looks = (way.dry_run, way.check, *([way.migrate] if way.image is not None else []))
        for look in looks:
            said = _said(look)
            assert re.search(_pattern(words), said), said
            assert said.count("\n  1. ") == 1
            assert "\n  2. " not in said
    made.assert_not_called()
    wrote = ("Create", "Put", "Update", "Attach", "Delete", "Run")
    changes = [call for call in answers.made[before:] if call.startswith(wrote)]
    assert set(changes) <= {"CreateLaunchTemplate", "RunInstances"}  # of which nothing was made
    groups = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert [one["AutoScalingGroupName"] for one in groups] == ["shop-dev-1"]
    templates = client("ec2").describe_launch_templates()["LaunchTemplates"]
    assert [one["LaunchTemplateName"] for one in templates] == ["shop-dev-1"]


@pytest.mark.parametrize("name", DATABASE)
def test_what_the_database_lacks_is_found_before_anything_is_changed(
    answers: Answers, name: str
) -> None:
    seen, words = DATABASE[name]
    way = Way(answers, database=seen)
    with mock.patch.object(migrations, "Goose", autospec=True) as made:
        for look in (way.dry_run, way.check):
            assert words in _said(look)
    made.assert_not_called()


# What the documentation says is looked at -> the cases of it.
KINDS: dict[str, tuple[str, ...]] = {
    "target group or classic load balancer": (
        "target group",
        "classic balancer",
        "target group of another project",
        "listener",
        "kind of targets",
    ),
    "subnets": (
        "subnet",
        "subnet by id",
        "subnet of another network",
        "zone that the balancer does not serve",
        "free addresses",
    ),
    "security groups": ("security group", "security group of another network"),
    "machine image": (
        "image gone",
        "image not available",
        "image of another architecture",
        "package of another architecture",
    ),
    "instance type": ("instance type", "instance type in these zones"),
    "instance profile": ("instance profile", "profile without a role", "role of another service"),
    "what passes on from the serving group": (
        "key pair",
        "whom a hook tells",
        "whom a hook tells, with its nearest",
        "topic of notifications",
    ),
    "quotas": ("vCPUs", "server groups", "launch templates"),
    "rights": ("right to make templates", "right to launch"),
    "parameters": ("parameter", "parameter that is no variable", "parameter that is there twice"),
    "KMS keys of parameters, of the image's disks, and of volumes that pass on": (
        "KMS key",
        "KMS key of the image",
        "KMS key of an inherited volume",
        "KMS key of an inherited volume that is disabled",
    ),
    "alarms of `soak`": ("alarm",),
    "database, where there are migrations": tuple(DATABASE),
}
# Looked at before a bake alone, and so tested beside the table.
BESIDE = {"apt repository, where an image is baked"}


def test_every_kind_of_thing_that_a_deployment_needs_is_among_them() -> None:
    cases = [name for names in KINDS.values() for name in names]
    assert sorted(cases) == sorted([*CASES, *DATABASE])
    assert len(cases) == 44
    text = DOCS.read_text(encoding="utf-8").partition("| looked at |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1].strip() for line in text.splitlines()[2:]]
    assert set(rows) == KINDS.keys() | BESIDE


def test_nothing_is_found_where_everything_is_there(answers: Answers) -> None:
    way = Way(answers)
    way.dry_run()
    way.check()
    with mock.patch.object(migrations, "Goose", autospec=True):
        looks = way.preflight()
        looks.require_open(looks.image.look.return_value[0], print)


def test_everything_is_told_at_once(answers: Answers) -> None:
    way = Way(answers, database=replace(SEEN, may_create=False))
    for name in ("target group", "subnet", "security group", "instance type", "parameter"):
        CASES[name][0](way)
    said = _said(way.check)
    assert all(words in said for words in ("shop-dve", "shop-bb", "shop-ap", "t3.mikro", "SESION"))
    assert "\n  6. " in said
    assert "nothing was changed" in said


def _for_arm64(suite: str = "") -> PackageVariant:
    return PackageVariant(
        suite=suite, architecture="arm64", version="2", sha256="e", size=1, artifact="deb/e"
    )


def test_the_package_that_counts_is_the_one_for_the_environments_machines(
    answers: Answers,
) -> None:
    way = Way(answers, image=None, others=(_for_arm64(),))
    way.target["instance_type"] = "t4g.micro"
    way.layers = replace(LAYERS, machine=Machine(architecture=Architecture.ARM64))
    way.check()
    way.dry_run()
    way.layers = replace(LAYERS, machine=Machine())
    assert "package for amd64 is x86_64, and t4g.micro runs arm64" in _said(way.check)


def test_a_release_that_has_no_package_for_the_machines_is_told_once(answers: Answers) -> None:
    lost = MachineImageRefused("shop 2 is no package for bookworm arm64", advice="build one")
    way = Way(answers, image=None, unreadable=lost)
    way.target["instance_type"] = "t4g.micro"
    way.layers = replace(LAYERS, machine=Machine(architecture=Architecture.ARM64))
    said = _said(way.check)
    assert "1. machine image shop 2 is no package for bookworm arm64" in said
    assert "2. " not in said


@pytest.mark.parametrize(
    ("name", "dropped"),
    [
        ("key pair", "key_pair"),
        ("whom a hook tells", "hooks"),
        ("topic of notifications", "notifications"),
        ("KMS key of an inherited volume that is disabled", "volumes"),
    ],
)
def test_what_the_project_file_drops_is_not_missed(
    answers: Answers, name: str, dropped: str
) -> None:
    way = Way(answers, target={"drop": (dropped,)})
    CASES[name][0](way)
    way.check()
    way.target["drop"] = ("tags",)
    assert f"`instance: {{drop: [{dropped}]}}`" in _said(way.check)


def test_the_key_pair_of_a_launch_configuration_passes_on_as_well(answers: Answers) -> None:
    scaling = client("autoscaling")
    (group,) = scaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    plain = {key: one for key, one in group.items() if key != "LaunchTemplate"}
    configured = {**plain, "LaunchConfigurationName": "old"}
    answers.by_call["DescribeAutoScalingGroups"] = lambda _: {"AutoScalingGroups": [configured]}
    answers.by_call["DescribeLaunchConfigurations"] = lambda _: {
        "LaunchConfigurations": [{"LaunchConfigurationName": "old", "KeyName": "shop-gone"}]
    }
    said = _said(Way(answers).check)
    assert "key pair 'shop-gone' of the serving group does not exist" in said


def _serving_group(answers: Answers, **more: Any) -> dict[str, Any]:
    (found,) = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    group = {**found, **more}
    answers.by_call["DescribeAutoScalingGroups"] = lambda _: {"AutoScalingGroups": [group]}
    return group


def test_a_fleet_that_counts_by_weight_has_fewer_machines_than_units(answers: Answers) -> None:
    group = _serving_group(answers, DesiredCapacity=4000, MaxSize=4000)
    answers.by_call["GetServiceQuota"] = lambda _: {"Quota": {"Value": 12.0}}
    assert "8000 more are needed" in _said(Way(answers).check)
    for one in group["Instances"]:
        one["WeightedCapacity"] = "2000"
    Way(answers).check()


def test_what_is_bought_on_the_spot_market_has_another_quota(answers: Answers) -> None:
    answers.by_call["GetServiceQuota"] = lambda _: {"Quota": {"Value": 3.0}}
    assert "quota of vCPUs" in _said(Way(answers).check)
    template = {"LaunchTemplateSpecification": {"LaunchTemplateName": "shop-dev-1"}}
    mix = {"LaunchTemplate": template, "InstancesDistribution": {"OnDemandBaseCapacity": 0}}
    _serving_group(answers, LaunchTemplate=None, MixedInstancesPolicy=mix)
    Way(answers).check()


def test_a_template_with_a_network_interface_is_asked_about_in_its_own_form(
    answers: Answers,
) -> None:
    """EC2 takes subnet and security groups beside the interface, or in it, and not both."""
    asked: list[dict[str, Any]] = []
    data = {"ImageId": world.image(), "InstanceType": "t3.micro"}
    answers.by_call["DescribeLaunchTemplateVersions"] = lambda _: {
        "LaunchTemplateVersions": [
            {"LaunchTemplateData": {**data, "NetworkInterfaces": [{"DeviceIndex": 0}]}}
        ]
    }
    answers.by_call["RunInstances"] = asked.append
    Way(answers).check()
    (one,) = asked
    assert not {"SubnetId", "SecurityGroupIds"} & set(one)
    (interface,) = one["NetworkInterfaces"]
    assert (interface["SubnetId"], interface["DeviceIndex"]) == (subnet("shop-a"), 0)


READS = (
    "DescribeAutoScalingGroups",
    "DescribeSubnets",
    "DescribeSecurityGroups",
    "DescribeImages",
    "DescribeInstanceTypes",
    "GetInstanceProfile",
    "DescribeAccountLimits",
    "GetServiceQuota",
    "ListServiceQuotas",
    "DescribeParameters",
    "DescribeKey",
    "DescribeKeyPairs",
    "DescribeTags",
    "DescribeAlarms",
    "GetTopicAttributes",
)


@pytest.mark.parametrize("call", [one for one in READS if one != "DescribeAutoScalingGroups"])
def test_what_may_not_be_asked_is_told_and_stops_nobody(
    answers: Answers, call: str, caplog: pytest.LogCaptureFixture
) -> None:
    answers.refuse(call)
    looks, log = Way(answers).preflight(), mock.Mock()
    looks.require_open(looks.image.look.return_value[0], log)
    told = [line.args[0] % line.args[1:] for line in log.call_args_list]
    if call != "GetTopicAttributes":  # of a hook's target nobody says that it was not asked
        assert any(line.startswith("not checked: ") and call in line for line in told), told


def test_a_standby_comes_back_although_nothing_could_be_launched(answers: Answers) -> None:
    """The way back takes seconds, and depends on nothing but the balancer."""
    way = Way(answers, target={"subnets": ("gone",), "profile": "gone", "alarms": ("gone",)})
    group = {**world.TAGS, "slipway:version": "2", "slipway:live-since": "400"}
    client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="shop-dev-2",
        MinSize=1,
        DesiredCapacity=2,
        MaxSize=4,
        LaunchTemplate={"LaunchTemplateName": "shop-dev-1", "Version": "1"},
        AvailabilityZones=["eu-west-1a"],
        Tags=[
            {
                "Key": key,
                "Value": value,
                "PropagateAtLaunch": True,
                "ResourceId": "shop-dev-2",
                "ResourceType": "auto-scaling-group",
            }
            for key, value in {**group, "slipway:standby-until": "9999999999"}.items()
        ],
    )
    way.check()


def test_a_database_that_is_down_for_a_moment_is_tried_again(answers: Answers) -> None:
    down = replace(SEEN, trouble="lets nobody in: Connection refused", passing=True)
    way = Way(answers, database=down)
    with pytest.raises(DatabaseUnavailable, match="Connection refused"):
        way.check()
    # Somebody waits for the answer to a dry run.
    assert "Connection refused" in _said(way.dry_run)


def test_a_source_image_that_is_missing_is_told_with_the_rest(answers: Answers) -> None:
    lost = EnvironmentMisconfigured("there is no image 'debian'", advice="set source_ami")
    way = Way(answers, image=None, unreadable=lost)
    CASES["subnet"][0](way)
    said = _said(way.check)
    assert "1. machine image there is no image 'debian' (set source_ami)" in said
    assert "2. subnet 'shop-bb'" in said


@pytest.mark.parametrize(
    ("status", "stops"), [(200, False), (403, False), (503, False), (404, True)]
)
def test_an_apt_repository_that_is_not_there_is_found_before_a_bake(
    answers: Answers, status: int, stops: bool
) -> None:
    """Machines may be let in where a worker is not, so only a clear no counts."""
    way = Way(answers, image=None, package="all")
    way.repository = "http://apt.example"
    said = f"HTTP {status}"
    answer = Answer(address="a", healthy=status == 200, said=said)
    with mock.patch.object(look, "probe_url", autospec=True, return_value=answer) as asked:
        if stops:
            words = "apt repository http://apt.example/dists/stable/InRelease answers HTTP 404"
            assert words in _said(way.check)
        else:
            way.check()
    asked.assert_called_once_with("http://apt.example/dists/stable/InRelease", status=200)
