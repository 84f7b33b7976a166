"""Fabric: Slipway from a shell, on this machine or over ssh.

``fab deploy guestbook prod 1.4.0+42.g3f2a1b7`` talks to the Airflow of this machine (of a running
demo, where there is one); ``fab -H ops@airflow.example.com deploy ...`` to the one over there.
Every word given is one argument to Airflow's own command line, quoted for the shell in between.
"""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from fabric import Connection, task
from fabric.main import program

ROOT = Path(__file__).resolve().parent
# Airflow puts plugins/ on the path by itself; a shell does not.
sys.path[:0] = [str(ROOT), str(ROOT / "plugins")]

from include.cli import package as packages  # noqa: E402
from include.cli import pipelines  # noqa: E402
from include.cli.secret_file import SecretFileInvalid, read_secret_file  # noqa: E402
from include.project.loader import load_projects  # noqa: E402 - needs the path above
from slipway.exceptions import SlipwayError  # noqa: E402
from slipway.pipeline.lint.image_rules import ImageRules  # noqa: E402

DEMO = ROOT / ".slipway" / "env"


def _take_several_paths() -> None:
    """Let ``fab lint A B C`` name several files: Fabric would take B for the name of a task."""
    words: list[str] = getattr(getattr(program, "core", None), "unparsed", [])
    if words[:1] == ["lint"]:
        paths = [word for word in words[1:] if not word.startswith("-")]
        flags = [word for word in words[1:] if word.startswith("-")]
        words[1:] = ["\n".join(paths), *flags] if paths else flags


_take_several_paths()


@task
def check(_: Any) -> None:
    """Read every project file and say what is wrong with each; exits 1 if anything is."""
    shelf = load_projects()
    for name, project in shelf.projects.items():
        print(f"{name}: {', '.join(project.environments)}")
    for error in shelf.errors.values():
        print(error)
    if shelf.errors:
        raise SystemExit(1)


@task(positional=["project"], optional=["ref"])
def build(c: Any, project: str, ref: str = "") -> None:
    """Run a project's commit pipeline for a branch, tag or sha."""
    _trigger(c, project, {"ref": ref} if ref else {})


@task(positional=["project", "environment", "version"], optional=["version"])
def deploy(
    c: Any, project: str, environment: str, version: str = "", dry_run: bool = False,
    override_freeze: str = "",
) -> None:  # fmt: skip
    """Put a release on an environment; `previous` is the way back, --dry-run only tells."""
    params = {"version": version, "dry_run": dry_run, "override_freeze": override_freeze}
    given = {name: value for name, value in params.items() if value}
    _trigger(c, f"{project}.{environment}", given)


@task(positional=["project"], optional=["environment"])
def runs(c: Any, project: str, environment: str = "") -> None:
    """List the runs of a project, or of one of its environments."""
    dag_id = f"{project}.{environment}" if environment else project
    _airflow(c, "dags", "list-runs", dag_id)


@task(name="sign-records")
def sign_records(c: Any, sign: str = "") -> None:
    """List the records of before records were signed; --sign DIGEST signs what was listed.

    The list ends with its digest. With -H, for the repository that the login begins in.
    """
    python = "python" if isinstance(c, Connection) else sys.executable
    words = [python, "-m", "include.cli.records", *(["--sign", sign] if sign else [])]
    root = "." if isinstance(c, Connection) else ROOT
    _run(c, ["env", f"PYTHONPATH={root}:{root}/plugins", *words])


@task(positional=["paths"])
def lint(_: Any, paths: str, trusted: bool = False, strict: bool = False) -> None:
    """Check pipeline files (or the folders that hold a .drone.yml); exits 1 on a mistake.

    What Drone passes over in silence is a warning, with --strict a mistake.
    """
    found = [Path(path) for path in paths.split("\n")]
    raise SystemExit(pipelines.lint_files(found, trusted=trusted, strict=strict, out=sys.stdout))


@task(name="compile", positional=["path"])
def compile_(
    _: Any, path: str, event: str = "push", branch: str = "", ref: str = "", target: str = "",
    cron: str = "", trusted: bool = False,
) -> None:  # fmt: skip
    """Print what a pipeline file compiles to, as JSON."""
    choices = pipelines.Choices(
        event=event, branch=branch, ref=ref, target=target, cron=cron, trusted=trusted
    )
    raise SystemExit(pipelines.compile_to_json(Path(path), choices, out=sys.stdout))


@task(name="exec", positional=["folder"])
def exec_(
    _: Any, folder: str, project: str = "", event: str = "push", branch: str = "", ref: str = "",
    target: str = "", pipeline: str = "", secret_file: str = "", trusted: bool = False,
) -> None:  # fmt: skip
    """Run a working copy's pipeline on this machine's Docker, exactly as CI will.

    --project takes images, trust and the rest from a project file.
    """
    try:
        secrets = read_secret_file(Path(secret_file)) if secret_file else {}
    except SecretFileInvalid as error:
        raise SystemExit(str(error)) from None
    choices = pipelines.Choices(
        event=event,
        branch=branch,
        ref=ref,
        target=target,
        pipeline=pipeline,
        trusted=trusted,
        secrets=secrets,
    )
    timeout = 3600.0
    if project:
        projects = load_projects().projects
        if project not in projects:
            msg = f"there is no project {project!r}; there is {', '.join(projects)}"
            raise SystemExit(msg)
        settings = projects[project].test
        timeout = settings.timeout.total_seconds()
        choices = replace(
            choices, file=settings.pipeline, images=settings.images, node=settings.node,
            reports=settings.reports, trusted=trusted or settings.trusted, strict=settings.strict,
            image_rules=ImageRules(
                registries=settings.registries, allowed=settings.allowed_images,
                images=settings.images,
            ),
        )  # fmt: skip
    code = pipelines.run_working_copy(Path(folder), choices, timeout=timeout, out=sys.stdout)
    raise SystemExit(code)


@task(positional=["folder"])
def package(_: Any, folder: str, project: str = "") -> None:
    """Build a working copy's package as CI will, with lintian's word, and rehearse its migrations.

    --project says which project file it is for, where folder and origin do not.
    """
    try:
        chosen = packages.choose_project(load_projects().projects, Path(folder), project)
    except SlipwayError as error:
        raise SystemExit(str(error)) from None
    raise SystemExit(packages.package_working_copy(Path(folder), chosen, out=sys.stdout))


def _trigger(c: Any, dag_id: str, conf: dict[str, Any]) -> None:
    _airflow(c, "dags", "trigger", dag_id, "--conf", json.dumps(conf))


def _airflow(c: Any, *arguments: str) -> None:
    _run(c, ["airflow", *arguments])


def _run(c: Any, words: list[str]) -> None:
    command = shlex.join(words)
    if isinstance(c, Connection) or not DEMO.exists():
        c.run(command)
    else:
        with c.prefix(f". {shlex.quote(str(DEMO))}"):
            c.run(command)
