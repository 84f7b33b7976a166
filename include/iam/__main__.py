"""``python -m include.iam PROJECT ENVIRONMENT`` prints the policies of an environment's roles."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from include.iam.app_role import app_role
from include.iam.bake_role import bake_role
from include.iam.deploy_role import deploy_role
from include.iam.further_resources import check
from include.iam.policy_document import Place, Role, literal, render
from include.iam.publish_role import publish_role
from include.project.clashes import beginning_with
from include.project.loader import PROJECTS, load_project, load_projects
from include.project.lookup import find_environment, find_project
from include.project.machines.of_project import machine_of
from include.project.model import Project
from slipway.exceptions import ProjectFileError
from slipway.model.cloud.machine import Machine

_Found = TypeVar("_Found")


def _told(find: Callable[..., _Found], *where: Any) -> _Found:
    """Find something by its name, and end with what there is where nothing has it."""
    try:
        return find(*where)
    except ProjectFileError as error:
        raise SystemExit(str(error)) from None


def place_of(
    project: str,
    environment: str,
    folder: Path = PROJECTS,
    *,
    security_groups: Mapping[str, str] | None = None,
    source_owner: str = "",
    installation: str = "",
    encrypted: bool = True,
    tag_keys: tuple[str, ...] = (),
    also: tuple[str, ...] = (),
) -> Place:
    """Read from a project file what its roles are for.

    :param project: the project's name.
    :param environment: the environment's name.
    :param folder: of the project files.
    :param security_groups: ids of those that the project file calls by name.
    :param source_owner: ``[slipway] source_owner``; when empty, whoever publishes what the
        environment's machines start from.
    :param installation: name of the catalogue, as the tag ``slipway:installation`` of its images
        has it; empty where there is but one in the account.
    :param encrypted: ``[slipway] bake_encrypt``.
    :param tag_keys: further tags by which things in the account are somebody's.
    :param also: ARNs of what the live fleet hangs on or is made from besides.
    :raises SystemExit: when one of those gives no right; when there is no such project or
        environment, naming those that there are; when a project file is broken, for its names
        might be one's own; or when a security group's id is not known, with what finds it.
    """
    read, every = _read(project, folder)
    try:
        check(also)
    except ValueError as error:
        raise SystemExit(str(error)) from error
    found = _told(find_environment, read, environment)
    profile, ids = found.instance.profile, dict(security_groups or {})
    return Place(
        project=project,
        environment=environment,
        region=found.aws.region,
        profiles=(profile,) if profile else (),
        target_groups=(found.target_group,) if found.target_group else (),
        load_balancers=(found.load_balancer,) if found.load_balancer else (),
        subnets=found.instance.subnets,
        security_groups=tuple(_id(name, ids) for name in found.instance.security_groups),
        neighbours=beginning_with(f"{project}-{environment}-", every),
        installation=installation,
        encrypted=encrypted,
        tag_keys=tag_keys,
        also=also,
        source_owner=source_owner or _publisher(machine_of(read, environment)),
    )


def _read(project: str, folder: Path) -> tuple[Project, Collection[Project]]:
    """Read a project's file, and all the others, whose names may clash with its own."""
    file = folder / f"{project}.yaml"
    if not file.is_file():
        _told(find_project, load_projects(folder).projects, project)
    read = load_project(file)
    shelf = load_projects(folder)
    if shelf.errors:
        msg = "what is wrong with the project files comes first, since names may clash:\n"
        raise SystemExit(msg + "\n".join(str(error) for error in shelf.errors.values()))
    return read, shelf.projects.values()


def _publisher(machine: Machine) -> str:
    """Return whose image machines start from."""
    source = machine.source or machine.distribution.source(machine.architecture)
    if not source.owner:
        msg = (
            f"whose image {source.image_id} is, the project file does not say: add --source-owner, "
            f"which\n  aws ec2 describe-images --image-ids {source.image_id} "
            "--query Images[].OwnerId\ntells; self where it is the environment's own account"
        )
        raise SystemExit(msg)
    return source.owner


def _id(name: str, ids: Mapping[str, str]) -> str:
    """Return a security group's id: IAM does not know their names."""
    if name.startswith("sg-"):
        return name
    if name not in ids:
        msg = (
            f"IAM knows security groups by id alone: add --security-group {name}=sg-..., which\n"
            f"  aws ec2 describe-security-groups --filters Name=group-name,Values={name} "
            "--query SecurityGroups[].GroupId"
        )
        raise SystemExit(msg)
    return ids[name]


def roles(place: Place, buckets: tuple[str, ...] = ()) -> tuple[Role, ...]:
    """Return every role of an environment.

    :param place: the environment.
    :param buckets: of the apt repository and the artifacts; without any, no role for them.
    """
    needed = (bake_role(place), deploy_role(place), app_role(place))
    return (*needed, publish_role(buckets)) if buckets else needed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m include.iam", description=__doc__)
    parser.add_argument("project")
    parser.add_argument("environment")
    parser.add_argument(
        "--bucket", action="append", default=[], type=_name, help="apt or artifacts, in S3"
    )
    parser.add_argument(
        "--security-group",
        action="append",
        default=[],
        type=_pair,
        metavar="NAME=ID",
        help="the id of a security group that the project file calls by its name",
    )
    _add_settings(parser)
    parser.add_argument(
        "--tag-key",
        action="append",
        default=[],
        type=_name,
        help="a tag that everything in the account carries: what has it is never taken for new",
    )
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        type=_name,
        metavar="ARN",
        help="what the live fleet hangs on or is made from besides: a further target group, a key "
        "pair, a placement group...",
    )
    parser.add_argument("--out", type=Path, help="a folder; each policy becomes a file in it")
    return parser


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """Add what Airflow's configuration says elsewhere, under ``[slipway]``."""
    parser.add_argument(
        "--source-owner",
        default="",
        type=_name,
        help="[slipway] source_owner, where it is another than publishes the operating system",
    )
    parser.add_argument(
        "--installation",
        default="",
        type=_name,
        help="take no images away whose tag slipway:installation is another",
    )
    parser.add_argument(
        "--no-bake-encrypt",
        dest="encrypted",
        action="store_false",
        help="[slipway] bake_encrypt is off: no right to copy images, nor to delete untagged ones",
    )


def main(arguments: list[str] | None = None) -> None:
    """Print the policies, or write one file each."""
    given = _parser().parse_args(arguments)
    place = place_of(
        given.project,
        given.environment,
        security_groups=dict(given.security_group),
        source_owner=given.source_owner,
        installation=given.installation,
        encrypted=given.encrypted,
        tag_keys=tuple(given.tag_key),
        also=tuple(given.also),
    )
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
    for role in roles(place, tuple(given.bucket)):
        for name, policy in role.policies().items():
            if given.out:
                (given.out / f"{name}.json").write_text(render(policy), encoding="utf-8")
            else:
                sys.stdout.write(f"# {name}\n{render(policy)}")


def _name(text: str) -> str:
    try:
        literal(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _pair(text: str) -> tuple[str, str]:
    name, _, group = text.rpartition("=")
    if not name or not group.startswith("sg-"):
        msg = "write NAME=sg-..."
        raise argparse.ArgumentTypeError(msg)
    return name, _name(group)


if __name__ == "__main__":
    main()
