"""What ``fab`` shows: ``status``, ``versions``, ``history``, ``timings``, ``dora``, ``diff``."""

from __future__ import annotations

from typing import Any, TextIO

from fabric import task

from include.cli.server import reads
from include.cli.server.client import AirflowServer
from include.cli.server.status import release_on, tell_status
from include.cli.server.timings import tell_timings
from include.cli.tasks.doing import answer, asked, elsewhere, flag, order, python


@task(
    positional=["project", "environment"],
    optional=["environment"],
    help={
        "project": "its name",
        "environment": "one alone; all if not given",
        "most": "how many deployments of each",
        "json": "for programs",
    },
)
def history(
    c: Any, project: str, environment: str = "", most: int = 20, json: bool = False
) -> None:
    """Say what became of a project's deployments: when, how, by whom, why; the newest first."""
    options = ["--environment", environment] if environment else []

    def there(airflow: AirflowServer, out: TextIO) -> int:
        place = (project, environment)
        return reads.tell_history(airflow, out, *place, most=most, as_programs=json)

    words = [*options, "--most", str(most), *flag("--json", json)]
    asked(c, there, "include.cli.history", project, *words)


@task(
    positional=["what"],
    help={
        "what": "a run's id, a commit, or a project (or project.environment) for its newest run",
        "last": "over so many runs of the project: each step's median, and how it changes",
        "json": "for programs",
    },
)
def timings(c: Any, what: str, last: int = 0, json: bool = False) -> None:
    """Say where each second of a run went, from the push to serving machines."""

    def there(airflow: AirflowServer, out: TextIO) -> int:
        return tell_timings(airflow, out, what, last=last, as_programs=json)

    words = [what, "--last", str(last), *flag("--json", json)]
    asked(c, there, "include.cli.board.timings", *words)


@task(
    positional=["project", "environment"],
    optional=["environment"],
    help={
        "project": "its name",
        "environment": "one alone; all if not given",
        "since": "from when on: 30d, 12w, or a day, 2026-11-01",
        "json": "for programs, with the deployments behind each figure",
    },
)
def dora(
    c: Any, project: str, environment: str = "", since: str = "30d", json: bool = False
) -> None:
    """Say lead time, deployment frequency, change-failure rate and time to restore."""

    def there(airflow: AirflowServer, out: TextIO) -> int:
        return reads.tell_dora(airflow, out, project, environment, since=since, as_programs=json)

    words = [*([environment] if environment else []), "--since", since, *flag("--json", json)]
    asked(c, there, "include.cli.board.dora", project, *words)


@task(
    positional=["project"],
    optional=["project"],
    help={"project": "one alone; all if not given", "json": "for programs"},
)
def status(c: Any, project: str = "", json: bool = False) -> None:
    """Say what runs where: version, since when, by whom, whether it is well, and what waits."""

    def there(airflow: AirflowServer, out: TextIO) -> int:
        return tell_status(airflow, out, project, as_programs=json)

    words = [project] if project else []
    asked(c, there, "include.cli.board.status", *words, *flag("--json", json))


@task(
    positional=["project"],
    help={"project": "its name", "most": "how many", "json": "for programs"},
)
def versions(c: Any, project: str, most: int = 20, json: bool = False) -> None:
    """List a project's releases, the newest first, and where each serves."""

    def there(airflow: AirflowServer, out: TextIO) -> int:
        return reads.tell_versions(airflow, out, project, most=most, as_programs=json)

    words = ["--most", str(most), *flag("--json", json)]
    asked(c, there, "include.cli.board.versions", project, *words)


@task(
    positional=["project", "source", "target"],
    help={
        "project": "its name",
        "source": "the environment whose release would come, or a version",
        "target": "the environment that would be given it",
        "whole": "leave out nothing",
        "json": "for programs",
    },
)
def diff(
    c: Any, project: str, source: str, target: str, whole: bool = False, json: bool = False
) -> None:
    """Say what an environment would get of another: commits, migrations, packages, settings.

    `fab diff guestbook dev prod`: what prod would get if it were given what dev serves, or lose.
    From afar it is the plan of a dry run, which whoever may deploy there may ask for.
    """
    if elsewhere(c):
        if whole or json:  # a plan is for people, and is cut where it is long
            msg = "--whole and --json are answered where Airflow is, or with `fab -H`"
            raise SystemExit(msg)
        version = answer(lambda airflow: release_on(airflow, project, source))
        conf = {"version": version, "dry_run": True}
        order(c, f"{project}.{target}", conf, log_of="plan")
        return
    flags = [*flag("--whole", whole), *flag("--json", json)]
    python(c, "include.cli.board.diff", project, source, target, *flags)


@task(
    positional=["project"],
    optional=["project"],
    help={"project": "one alone; all if not given"},
)
def rebuild(c: Any, project: str = "") -> None:
    """Make what `status` and `history` show again, from what is on record and the fleets."""
    python(c, "include.cli.board.rebuild", *([project] if project else []))


@task(
    positional=["project", "environment", "version"],
    optional=["environment", "version"],
    help={
        "project": "its name",
        "environment": "one alone; all if not given",
        "version": "of a release; the newest if not given",
    },
)
def image(c: Any, project: str, environment: str = "", version: str = "") -> None:
    """Say what a project's images are made of, and why one would be baked anew; bakes nothing.

    Of the newest release, and of every environment, unless one is named.
    """
    given = {"--environment": environment, "--version": version}
    options = [word for name, value in given.items() if value for word in (name, value)]
    python(c, "include.cli.image", project, *options)
