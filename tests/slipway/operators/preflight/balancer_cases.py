"""What is wrong with balancers and networks."""

from __future__ import annotations

from tests.slipway.fleet.moto_cloud import client, subnet
from tests.slipway.operators.preflight.deployments import Cases, Way, entering

CASES: Cases = {}
case = entering(CASES)


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
