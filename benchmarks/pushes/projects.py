"""The projects that are pushed to: copies of the smallest example, on a running demo."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from include.demo import add_environment, paths
from include.demo.guestbook_repository import WorkTree
from include.project.loader import PROJECTS
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.heads import head_key
from tests.fakes.hello import copy_as, environment_file, project_file

# Of the first one's load balancer.
_LISTENER = 8300


def names(count: int) -> list[str]:
    """Name so many projects."""
    return [f"push-{number:02d}" for number in range(1, count + 1)]


@contextmanager
def laid_out(count: int) -> Iterator[dict[str, WorkTree]]:
    """Make repositories, places to run and project files; the files go in the end.

    :param count: how many.
    :returns: what is pushed from, by project; each has one commit, which nobody delivers.
    """
    store, trees = ArtifactStore(paths.ARTIFACTS.as_uri()), {}
    files = [PROJECTS / f"{name}.yaml" for name in names(count)]
    try:
        for number, (name, file) in enumerate(zip(names(count), files, strict=True)):
            tree = paths.GIT / "work" / name
            trees[name] = WorkTree(paths.GIT / "bench" / f"{name}.git", tree)
            copy_as(name, tree)
            trees[name].begin()
            seen = trees[name].push("Say hello")
            # As if it had been delivered: what is measured begins with the next one.
            store.put(head_key(name), json.dumps(seen).encode())
            add_environment.make(name, "dev", listener=_LISTENER + number)
            file.write_text(yaml.safe_dump(_project(name)))
        yield trees
    finally:
        for file in files:
            file.unlink(missing_ok=True)


def _project(name: str) -> dict[str, Any]:
    url = f"git://127.0.0.1:{paths.GIT_PORT}/bench/{name}.git"
    # Many machines boot at once.
    health = {"path": "/healthz", "port": 8000, "timeout": "5m"}
    dev = environment_file(f"{name}-dev", paths.REGION, deploy="continuous", health=health)
    return project_file(name, url, dev=dev)
