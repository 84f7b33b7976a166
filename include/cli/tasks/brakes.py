"""``fab hold``, ``resume``, ``stop``, ``reject``, ``cancel``, ``held`` and ``audit``."""

from __future__ import annotations

from typing import Any, TextIO

from fabric import task

from include.cli import audit as written
from include.cli.server import reads
from include.cli.server.client import AirflowServer
from include.cli.tasks.doing import asked, control, flag, said
from slipway.model.controls import Action


@task(
    positional=["project", "environment"],
    help={
        "project": "its name",
        "environment": "one of the project's",
        "why": "shown to whoever is held up",
    },
)
def hold(c: Any, project: str, environment: str, why: str = "") -> None:
    """Let no commit deploy to an environment by itself, until `fab resume`; --why is needed."""
    control(c, Action.HOLD, project=project, environment=environment, why=said(why))


@task(
    positional=["project", "environment"],
    optional=["project", "environment"],
    help={
        "project": "its name; everything if not given",
        "environment": "one of the project's; the whole project if not given",
        "why": "kept with it",
    },
)
def resume(c: Any, project: str = "", environment: str = "", why: str = "") -> None:
    """End a hold, and a stop, of an environment, of a project's whole, or of everything."""
    control(c, Action.RESUME, project=project, environment=environment, why=why)


@task(
    positional=["project", "environment"],
    optional=["project", "environment"],
    help={
        "project": "its name; everything if not given",
        "environment": "one of the project's; the whole project if not given",
        "why": "shown to whoever is held up",
        "may-pass": "logins and role:NAME, with commas between them; nobody if not given",
    },
)
def stop(
    c: Any, project: str = "", environment: str = "", why: str = "", may_pass: str = ""
) -> None:
    """Let nothing begin to deploy to an environment, a project or at all; --why is needed.

    What has begun goes on to its end, and a swap that fails goes back.
    """
    place = {"project": project, "environment": environment}
    control(c, Action.STOP, **place, why=said(why), may_pass=may_pass)


@task(
    positional=["project", "version"],
    help={
        "project": "its name",
        "version": "of the release, or the first characters of its sha",
        "why": "shown to whoever asks for it",
        "withdraw": "take the rejection back",
    },
)
def reject(c: Any, project: str, version: str, why: str = "", withdraw: bool = False) -> None:
    """Let a release be deployed nowhere: not offered, not `newest`, not `previous`; with --why."""
    action = Action.ACCEPT if withdraw else Action.REJECT
    control(c, action, project=project, version=version, why=said(why))


@task(
    positional=["project", "environment"],
    help={
        "project": "its name",
        "environment": "one of the project's",
        "run": "the run's id; each deployment that waits for its time there if not given",
        "why": "kept with it",
    },
)
def cancel(c: Any, project: str, environment: str, run: str = "", why: str = "") -> None:
    """Call off a deployment that waits for its time (`fab deploy --at`): it never begins."""
    control(c, Action.CANCEL, project=project, environment=environment, run=run, why=why)


@task(
    positional=["project"],
    optional=["project"],
    help={"project": "its name; all if not given", "json": "for programs"},
)
def held(c: Any, project: str = "", json: bool = False) -> None:
    """Say what is held, stopped and rejected: by whom, since when, why."""
    words = [project] if project else []

    def there(airflow: AirflowServer, out: TextIO) -> int:
        return reads.tell_held(airflow, out, project, as_programs=json)

    asked(c, there, "include.cli.controls", *words, *flag("--json", json))


@task(
    positional=["project"],
    optional=["project"],
    help={
        "project": "its name; all if not given",
        "csv": "as CSV, for a spreadsheet",
        "json": "as JSON",
    },
)
def audit(c: Any, project: str = "", csv: bool = False, json: bool = False) -> None:
    """List who asked, approved, held, stopped, rejected or passed a freeze: when and why."""
    form = ["--csv"] if csv else ["--json"] if json else []
    write = written.write_csv if csv else written.write_json if json else written.write_words

    def there(airflow: AirflowServer, out: TextIO) -> int:
        return reads.tell_audit(airflow, out, project, write)

    asked(c, there, "include.cli.audit", *([project] if project else []), *form)
