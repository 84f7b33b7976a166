"""``fab lint``, ``compile``, ``exec`` and ``package``: this machine's Docker is all they need."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from fabric import task

from include.cli import package as packages
from include.cli import pipelines
from include.cli.choices import Choices
from include.cli.secret_file import SecretFileInvalid, read_secret_file
from include.project.loader import load_project, load_projects
from include.project.lookup import find_project
from include.project.model import Project
from slipway.exceptions import SlipwayError

_FOLDER = "of the working copy; this one if not given"
_TRUSTED = "privileged containers, host volumes and the like are allowed"
_SECRETS = "NAME=value lines, for `from_secret`"
_PROJECT = "whose images, trust and limits count: its name, or a project file (shop.yaml)"
_EVENT = {
    "event": "push, pull_request, tag, promote, rollback, cron or custom",
    "branch": "in place of the one that is checked out",
    "ref": "in place of the one that event and branch give",
    "target": "the environment of a promotion",
    "trusted": _TRUSTED,
}


@task(
    positional=["paths"],
    optional=["paths"],
    help={
        "paths": "files, or folders that hold a .drone.yml; this folder if not given",
        "trusted": _TRUSTED,
        "strict": "what Drone passes over in silence is a mistake",
    },
)
def lint(_: Any, paths: str = ".", trusted: bool = False, strict: bool = False) -> None:
    """Check pipeline files: file, line, column, and the nearest right key; exits 1 on a mistake.

    What Drone passes over in silence is a warning, with --strict a mistake.
    """
    found = [Path(path) for path in paths.split("\n")]
    raise SystemExit(pipelines.lint_files(found, trusted=trusted, strict=strict, out=sys.stdout))


@task(
    name="compile",
    positional=["path"],
    optional=["path"],
    help={
        **_EVENT,
        "path": "a pipeline file, or the folder that holds it; this one if not given",
        "cron": "the name of a schedule",
    },
)
def compile_(
    _: Any,
    path: str = ".",
    event: str = "push",
    branch: str = "",
    ref: str = "",
    target: str = "",
    cron: str = "",
    trusted: bool = False,
) -> None:
    """Print what a pipeline file compiles to for an event, as JSON; runs nothing."""
    choices = Choices(
        event=event, branch=branch, ref=ref, target=target, cron=cron, trusted=trusted
    )
    raise SystemExit(pipelines.compile_to_json(Path(path), choices, out=sys.stdout))


@task(
    name="exec",
    positional=["folder"],
    optional=["folder"],
    help={
        **_EVENT,
        "folder": _FOLDER,
        "project": _PROJECT,
        "pipeline": "run only the one of this name",
        "secret-file": _SECRETS,
    },
)
def exec_(
    _: Any,
    folder: str = ".",
    project: str = "",
    event: str = "push",
    branch: str = "",
    ref: str = "",
    target: str = "",
    pipeline: str = "",
    secret_file: str = "",
    trusted: bool = False,
) -> None:
    """Run a working copy's pipeline on this machine's Docker, exactly as CI will.

    Exits 1 when a step fails. --project takes images, trust and the rest from a project file.
    """
    choices = Choices(
        event=event,
        branch=branch,
        ref=ref,
        target=target,
        pipeline=pipeline,
        trusted=trusted,
        secrets=_secrets(secret_file),
    )
    if project:
        choices = choices.of_project(_project(project))
    code = pipelines.run_working_copy(
        Path(folder), choices, timeout=choices.timeout, out=sys.stdout
    )
    raise SystemExit(code)


@task(
    positional=["folder"],
    optional=["folder"],
    help={
        "folder": _FOLDER,
        "project": "which one it is for, where folder and origin do not say: its name, or a "
        "project file (shop.yaml)",
        "run": "let the pipeline build what ships besides the sources, which else is taken from "
        "where it lies",
        "secret-file": _SECRETS,
    },
)
def package(
    _: Any, folder: str = ".", project: str = "", run: bool = False, secret_file: str = ""
) -> None:
    """Build a working copy's package as CI will, with lintian's word, and rehearse its migrations.

    Exits 1 where anything is wrong; all of it is said.
    """
    if _is_file(project):
        chosen = _project(project)
    else:
        try:
            chosen = packages.choose_project(load_projects().projects, Path(folder), project)
        except SlipwayError as error:
            raise SystemExit(str(error)) from None
    choices = Choices(secrets=_secrets(secret_file)).of_project(chosen) if run else None
    code = packages.package_working_copy(Path(folder), chosen, out=sys.stdout, run=choices)
    raise SystemExit(code)


def _project(name: str) -> Project:
    """Return the project of a name, or of a file: not everybody has Slipway's own folder."""
    try:
        if _is_file(name):
            return load_project(Path(name).expanduser())
        shelf = load_projects()
        return find_project(shelf.projects, name, shelf.errors.values())
    except SlipwayError as error:
        raise SystemExit(str(error)) from None
    except OSError as error:
        msg = f"{name} cannot be read: {error.strerror}"
        raise SystemExit(msg) from None


def _is_file(name: str) -> bool:
    return name.endswith((".yaml", ".yml"))


def _secrets(file: str) -> dict[str, str]:
    try:
        return read_secret_file(Path(file)) if file else {}
    except SecretFileInvalid as error:
        raise SystemExit(str(error)) from None
