"""``fab diff PROJECT FROM TO``: what an environment would get of another."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import replace

from include.cli.beside_airflow import beside_airflow
from include.delivery.targets import between
from include.project.loader import load_projects
from include.project.lookup import find_environment, find_project
from include.project.model import Project
from slipway.exceptions import RecordRefused, ReleaseNotFound, SlipwayError
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.editions import Editions
from slipway.hooks.store.environments.snapshots import snapshots
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.board.difference import Difference
from slipway.model.board.snapshot import ProjectSnapshot
from slipway.model.edition import version_of
from slipway.model.facts import Release
from slipway.model.text.inert import visible
from slipway.model.text.nearest import nearest
from slipway.policies.difference import ALL, lines

_LONGEST = 1000


def compare(project: Project, source: str, target: str) -> Difference:
    """Return what lies between what two environments serve.

    :param project: the project.
    :param source: the environment whose release would come, or a version.
    :param target: the environment that would be given it.
    :raises ReleaseNotFound: when nothing serves there, or there is no such release.
    :raises ProjectFileError: when there is no such environment.
    """
    find_environment(project, target)
    seen = snapshots().project(project.name)
    new = _release(project, seen, source)
    if new is None:
        msg = f"nothing serves {project.name} on {visible(source)}"
        advice = "deploy there first, or name a version instead; `fab status` says what serves"
        raise ReleaseNotFound(msg, advice=advice)
    region = project.environments[target].aws.region
    old = _release(project, seen, target)
    if source in project.environments:
        new = _as_given(new, old)
    images = {"old_image": _image(project, target, old), "new_image": _image(project, target, new)}
    return between(project, region).look(old, new, **images)


def _as_given(new: Release, old: Release | None) -> Release:
    """Return what an environment would be given: an edition is one of the environment it is on."""
    if old is not None and version_of(old.version) == version_of(new.version):
        return old
    return replace(new, version=version_of(new.version))


def _image(project: Project, environment: str, release: Release | None) -> str:
    """Return the image that a release has there, as far as that is noted."""
    if release is None:
        return ""
    try:
        found = Editions(artifact_store()).find(project.name, environment, release.version)
    except RecordRefused:
        return ""
    return found.image_id if found is not None else ""


def _release(project: Project, seen: ProjectSnapshot, name: str) -> Release | None:
    if name in project.environments:
        there = seen.of(name)
        if there is None or there.serving is None:
            return None
        sha, version = there.serving.commit.sha, there.serving.version
        return Release(project=project.name, sha=sha, version=version)
    try:
        return ReleaseCatalogue(artifact_store()).find(project.name, name).checkout.release
    except ReleaseNotFound as error:
        if nearest(name, project.environments):
            find_environment(project, name)
        msg = f"{error.message}, nor an environment of that name"
        raise ReleaseNotFound(msg, advice=error.advice) from error


def told(found: Difference, source: str, target: str, *, whole: bool) -> Iterator[str]:
    """Yield what is written, a line each.

    :param found: what lies between.
    :param source: whose release would come.
    :param target: what would be given it.
    :param whole: leave out nothing that was read.
    """
    old = found.old.version if found.old else "nothing"
    new = found.new.version
    yield f"{visible(target)} serves {visible(old)}; {visible(source)} would give it {visible(new)}"
    every = lines(found, ALL if whole else None)
    yield from (f"  {visible(line, _LONGEST)}" for line in every)
    if not every:
        yield "  there is no difference"


def main(arguments: list[str] | None = None) -> int:
    """Tell; returns 2 where something is wrong with what was asked, or with what is there."""
    parser = argparse.ArgumentParser(prog="python -m include.cli.board.diff")
    parser.add_argument("project")
    parser.add_argument("source", help="the environment whose release would come, or a version")
    parser.add_argument("target", help="the environment that would be given it")
    parser.add_argument("--whole", action="store_true", help="leave out nothing")
    parser.add_argument("--json", action="store_true", help="for programs")
    given = parser.parse_args(arguments)
    shelf = load_projects()
    try:
        project = find_project(shelf.projects, given.project, shelf.errors.values())
        found = compare(project, given.source, given.target)
    except SlipwayError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if given.json:
        sys.stdout.write(json.dumps(found.to_json(), indent=1) + "\n")
        return 0
    for line in told(found, given.source, given.target, whole=given.whole):
        sys.stdout.write(f"{line}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(beside_airflow(main))
