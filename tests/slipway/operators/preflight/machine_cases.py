"""What is wrong with images, machines, keys, quotas and rights."""

from __future__ import annotations

from tests.slipway.fleet.moto_cloud import client
from tests.slipway.operators.preflight import world
from tests.slipway.operators.preflight.deployments import Cases, Way, entering

CASES: Cases = {}
case = entering(CASES)


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
