"""What an infrastructure team lays out before the first delivery: here in place of Terraform.

Everything may be laid again, and is then as it is asked for; what would lose something is refused.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from include.localcloud.database import start_database
from include.localcloud.settings import ACCESS_KEY, APT_BUCKET, SECRET_KEY

__all__ = ["lay_environment", "lay_network", "lay_project", "start_database"]

SECURITY_GROUP = "slipway-app"
SUBNETS = ("slipway-a", "slipway-b")
_DRAIN_SECONDS = 3


def lay_network(*, endpoint: str, region: str) -> None:
    """Name the subnets, make the machines' security group and the apt repository's bucket."""
    ec2 = _client("ec2", endpoint, region)
    for name, subnet in zip(SUBNETS, _subnets(ec2), strict=True):
        ec2.create_tags(Resources=[subnet["SubnetId"]], Tags=[{"Key": "Name", "Value": name}])
    with _unless("InvalidGroup.Duplicate"):
        ec2.create_security_group(
            GroupName=SECURITY_GROUP, Description="Slipway's machines", VpcId=_vpc(ec2)
        )
    s3 = _client("s3", endpoint, region)
    with _unless("BucketAlreadyOwnedByYou"):
        s3.create_bucket(
            Bucket=APT_BUCKET, CreateBucketConfiguration={"LocationConstraint": region}
        )
    # apt signs no requests.
    s3.put_bucket_policy(Bucket=APT_BUCKET, Policy=json.dumps(_readable(APT_BUCKET)))


class PlaceTaken(Exception):
    """A name or a port is another environment's, or cannot become what is asked for."""


def refuse_taken(
    *, endpoint: str, region: str, project: str, environment: str, listener_port: int, app_port: int
) -> None:
    """Look whether an environment can have its place, before anything of it is made.

    :raises PlaceTaken: when a target group or load balancer of its joined name is another's
        (``shop-dev-x`` may be), when another load balancer has the port, or when the target group
        is there with another port, which cannot be changed.
    """
    elbv2, name = _client("elbv2", endpoint, region), f"{project}-{environment}"
    found = [
        *(
            one["TargetGroupArn"]
            for one in elbv2.describe_target_groups()["TargetGroups"]
            if one["TargetGroupName"] == name
        ),
        *(
            one["LoadBalancerArn"]
            for one in elbv2.describe_load_balancers()["LoadBalancers"]
            if one["LoadBalancerName"] == name
        ),
    ]
    for one in elbv2.describe_tags(ResourceArns=found)["TagDescriptions"] if found else ():
        tags = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
        owner = (tags.get("slipway:project"), tags.get("slipway:environment"))
        if owner != (project, environment):
            msg = f"{name} is there, and belongs to {owner[1]} of {owner[0]}; choose another name"
            raise PlaceTaken(msg)
    _refuse_port(elbv2, name, listener_port)
    for group in elbv2.describe_target_groups()["TargetGroups"]:
        if group["TargetGroupName"] == name and int(group["Port"]) != app_port:
            msg = (
                f"the machines of {name} are asked at port {group['Port']}, which stays so;"
                " go on with that port, or choose another environment's name"
            )
            raise PlaceTaken(msg)


def is_listened_on(*, endpoint: str, region: str, port: int) -> bool:
    """Say whether a load balancer listens on a port."""
    elbv2 = _client("elbv2", endpoint, region)
    return any(port in ports for ports in _ports(elbv2).values())


def lay_environment(
    *,
    endpoint: str,
    region: str,
    project: str,
    environment: str,
    listener_port: int,
    app_port: int,
    health_path: str,
    database_url: str | None,
    parameters: Mapping[str, str] | None = None,
) -> None:
    """Make an environment's target group, load balancer, listener and secrets.

    :param endpoint: URL of the API.
    :param region: AWS region.
    :param project: the project's name.
    :param environment: the environment's name.
    :param listener_port: port of the load balancer, on 127.0.0.1.
    :param app_port: port of the application on its machines.
    :param health_path: that machines are asked for.
    :param database_url: goes to SSM as the environment's ``DATABASE_URL``.
    :param parameters: the application's others, by name.
    :raises PlaceTaken: as :func:`refuse_taken` says.
    """
    refuse_taken(
        endpoint=endpoint,
        region=region,
        project=project,
        environment=environment,
        listener_port=listener_port,
        app_port=app_port,
    )
    name = f"{project}-{environment}"
    elbv2, ec2 = _client("elbv2", endpoint, region), _client("ec2", endpoint, region)
    tags = [
        {"Key": "slipway:project", "Value": project},
        {"Key": "slipway:environment", "Value": environment},
    ]
    group = _target_group(elbv2, name, _vpc(ec2), app_port, health_path, tags)
    balancer = _balancer(elbv2, name, [one["SubnetId"] for one in _subnets(ec2)], tags)
    _listener(elbv2, balancer, group, listener_port)
    urls = {} if database_url is None else {"DATABASE_URL": database_url}
    for parameter, value in {**urls, **(parameters or {})}.items():
        _client("ssm", endpoint, region).put_parameter(
            Name=f"/slipway/{project}/{environment}/{parameter}",
            Value=value,
            Type="SecureString",
            Overwrite=True,
        )


def lay_project(
    *,
    endpoint: str,
    region: str,
    installation: str,
    project: str,
    listeners: dict[str, int],
    app_port: int,
    health_path: str,
) -> dict[str, str]:
    """Lay out everything for a project, each environment behind a listener's port on 127.0.0.1.

    :returns: the databases' URLs by Airflow connection id, ``<project>_<environment>``.
    """
    lay_network(endpoint=endpoint, region=region)
    connections = {environment: f"{project}_{environment}" for environment in listeners}
    urls = start_database(installation=installation, databases=list(connections.values()))
    for environment, port in listeners.items():
        lay_environment(
            endpoint=endpoint,
            region=region,
            project=project,
            environment=environment,
            listener_port=port,
            app_port=app_port,
            health_path=health_path,
            database_url=urls[connections[environment]],
        )
    return urls


_DEFAULT = [{"Name": "is-default", "Values": ["true"]}]


def _client(service: str, endpoint: str, region: str) -> Any:
    # The name of the service is not known to the type checker, so neither is the client.
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        # botocore would insist on AWS's five seconds between two health checks.
        config=Config(parameter_validation=False, s3={"addressing_style": "path"}),
    )


@contextlib.contextmanager
def _unless(*codes: str) -> Any:
    """Ignore the refusal to make what exists."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] not in codes:
            raise


def _vpc(ec2: Any) -> str:
    [vpc] = ec2.describe_vpcs(Filters=_DEFAULT)["Vpcs"]
    return str(vpc["VpcId"])


def _subnets(ec2: Any) -> list[dict[str, Any]]:
    filters = [{"Name": "vpc-id", "Values": [_vpc(ec2)]}]
    found: list[dict[str, Any]] = ec2.describe_subnets(Filters=filters)["Subnets"]
    return sorted(found, key=lambda one: str(one["AvailabilityZone"]))


def _target_group(
    elbv2: Any, name: str, vpc: str, port: int, path: str, tags: list[dict[str, str]]
) -> str:
    try:
        [group] = elbv2.describe_target_groups(Names=[name])["TargetGroups"]
    except elbv2.exceptions.TargetGroupNotFoundException:
        [group] = elbv2.create_target_group(
            Name=name,
            Protocol="HTTP",
            Port=port,
            VpcId=vpc,
            TargetType="instance",
            HealthCheckPath=path,
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=2,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=2,
            Matcher={"HttpCode": "200"},
            Tags=tags,
        )["TargetGroups"]
    arn = str(group["TargetGroupArn"])
    delay = {"Key": "deregistration_delay.timeout_seconds", "Value": str(_DRAIN_SECONDS)}
    # Faster than AWS allows, so that a delivery to the embedded cloud takes seconds.
    elbv2.modify_target_group(
        TargetGroupArn=arn, HealthCheckIntervalSeconds=1, HealthCheckPath=path
    )
    elbv2.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[delay])
    return arn


def _refuse_port(elbv2: Any, name: str, port: int) -> None:
    """Look whether another load balancer listens on a port: of two, one would never be asked."""
    for other, ports in _ports(elbv2).items():
        if other != name and port in ports:
            msg = f"port {port} is that of {other}; choose another one for {name}"
            raise PlaceTaken(msg)


def _ports(elbv2: Any) -> dict[str, set[int]]:
    """Return the ports that each load balancer listens on."""
    return {
        str(balancer["LoadBalancerName"]): {
            int(listener["Port"])
            for listener in elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])[
                "Listeners"
            ]
        }
        for balancer in elbv2.describe_load_balancers()["LoadBalancers"]
    }


def _listener(elbv2: Any, balancer: str, group: str, port: int) -> None:
    """Let a load balancer listen on one port, and on no other that it was given before."""
    found = elbv2.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    if port not in [int(one["Port"]) for one in found]:
        elbv2.create_listener(
            LoadBalancerArn=balancer,
            Protocol="HTTP",
            Port=port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )
    for one in found:
        if int(one["Port"]) != port:
            elbv2.delete_listener(ListenerArn=one["ListenerArn"])


def _balancer(elbv2: Any, name: str, subnets: list[str], tags: list[dict[str, str]]) -> str:
    try:
        [balancer] = elbv2.describe_load_balancers(Names=[name])["LoadBalancers"]
    except elbv2.exceptions.LoadBalancerNotFoundException:
        [balancer] = elbv2.create_load_balancer(
            Name=name, Subnets=subnets, Scheme="internal", Type="application", Tags=tags
        )["LoadBalancers"]
    return str(balancer["LoadBalancerArn"])


def _readable(bucket: str) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
