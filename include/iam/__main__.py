"""``python -m include.iam PROJECT ENVIRONMENT`` prints the policies of an environment's roles."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from include.delivery.loader import PROJECTS, load_project
from include.iam.app import app_role
from include.iam.bake import bake_role
from include.iam.deploy import deploy_role
from include.iam.policy import Place, Role
from include.iam.publish import publish_role


def place_of(project: str, environment: str, folder: Path = PROJECTS) -> Place:
    """Read from a project file what its roles are for.

    :param folder: of the project files.
    :raises SystemExit: when there is no such environment, naming those that there are.
    """
    read = load_project(folder / f"{project}.yaml")
    found = read.environments.get(environment)
    if found is None:
        msg = f"{project} has no environment {environment!r}; there is " + ", ".join(
            sorted(read.environments)
        )
        raise SystemExit(msg)
    profile = found.instance.profile
    return Place(
        project=project, environment=environment, region=found.aws.region,
        profiles=(profile,) if profile else (),
    )  # fmt: skip


def roles(place: Place, buckets: tuple[str, ...] = ()) -> tuple[Role, ...]:
    """Return every role of an environment.

    :param buckets: of the apt repository and the artifacts; without any, no role for them.
    """
    needed = (bake_role(place), deploy_role(place), app_role(place))
    return (*needed, publish_role(buckets)) if buckets else needed


def main(arguments: list[str] | None = None) -> None:
    """Print the policies, or write one file each."""
    parser = argparse.ArgumentParser(prog="python -m include.iam", description=__doc__)
    parser.add_argument("project")
    parser.add_argument("environment")
    parser.add_argument("--bucket", action="append", default=[], help="apt or artifacts, in S3")
    parser.add_argument("--out", type=Path, help="a folder; each policy becomes a file in it")
    given = parser.parse_args(arguments)
    for role in roles(place_of(given.project, given.environment), tuple(given.bucket)):
        if given.out:
            given.out.mkdir(parents=True, exist_ok=True)
            (given.out / f"{role.name}.json").write_text(role.render(), encoding="utf-8")
        else:
            sys.stdout.write(f"# {role.name}\n{role.render()}")


if __name__ == "__main__":
    main()
