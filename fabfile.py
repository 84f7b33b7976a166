"""Fabric: Slipway from a shell, over Airflow's REST API, on this machine or over ssh.

``fab deploy guestbook prod 1.4.0+42.g3f2a1b7`` asks the server that ``SLIPWAY_URL`` names, or a
running demo's, in the name of whose token it is. Where neither is, it is told to the Airflow of
this machine, and with ``fab -H ops@airflow.example.com deploy ...`` to the one over there: every
word is one argument to Airflow's own command line then, quoted for the shell in between.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

from fabric import Connection, task
from fabric.main import program
from invoke.tasks import Task

from include.cli import controls, deployments, pipelines, words
from include.cli import package as packages
from include.cli.choices import Choices
from include.cli.secret_file import SecretFileInvalid, read_secret_file
from include.cli.server.order import order
from include.cli.tasks.begin import new
from include.cli.tasks.check import check
from include.cli.tasks.place import DEMO, desk, server
from include.cli.tasks.runs import approve, follow, logs
from include.project.loader import load_projects
from include.project.lookup import find_project
from slipway.exceptions import SlipwayError
from slipway.model.controls import Action

# Tasks that have modules of their own; `fab` takes them from here.
__all__ = ["approve", "check", "follow", "logs", "new"]
_FOLLOW = "look on until the run ends; --no-follow only starts it (over the REST API)"
_JSON = "what became of the run, for programs"


@task(
    positional=["project"],
    optional=["ref"],
    help={
        "project": "its name",
        "ref": "branch, tag or sha; the delivered branch if not given",
        "follow": _FOLLOW,
        "json": _JSON,
    },
)
def build(c: Any, project: str, ref: str = "", follow: bool = True, json: bool = False) -> None:
    """Run a project's commit pipeline for a branch, tag or sha; exits 1 when it fails."""
    _order(c, _dag(c, project), {"ref": ref} if ref else {}, follow=follow, json=json)


@task(
    positional=["project", "environment", "version"],
    optional=["version"],
    help={
        "project": "its name",
        "environment": "one of the project's",
        "version": "`newest`, `previous`, `choose` or a release's; if not given, what the "
        "environment before it runs",
        "dry-run": "say what would be done, and do nothing",
        "override-freeze": "why it cannot wait for the end of the freeze",
        "urgent": "why it goes ahead of others that wait; kept with it for good",
        "pass-stop": "why it may not wait for the end of a stop, for those who may pass",
        "follow": _FOLLOW,
        "json": _JSON,
    },
)
def deploy(
    c: Any,
    project: str,
    environment: str,
    version: str = "",
    dry_run: bool = False,
    override_freeze: str = "",
    urgent: str = "",
    pass_stop: str = "",
    follow: bool = True,
    json: bool = False,
) -> None:
    """Put a release on an environment; `previous` is the way back, --dry-run only tells.

    Exits 1 when the deployment fails, with the reason.
    """
    params = {"version": version, "dry_run": dry_run, "override_freeze": override_freeze}
    params = {**params, "urgent": urgent, "pass_stop": pass_stop}
    given = {name: value for name, value in params.items() if value}
    # Of a dry run the plan is all that is wanted.
    log_of = "plan" if dry_run else None
    dag_id = _dag(c, project, environment)
    _order(c, dag_id, given, follow=follow, json=json, log_of=log_of)
    if not isinstance(c, Connection) and not dry_run:
        print(deployments.waits_for_a_person(project, environment), end="")


@task(
    positional=["project", "environment"],
    help={
        "project": "its name",
        "environment": "one of the project's",
        "override-freeze": "why it cannot wait for the end of the freeze",
        "urgent": "why it goes ahead of others that wait; kept with it for good",
        "pass-stop": "why it may not wait for the end of a stop, for those who may pass",
        "follow": _FOLLOW,
        "json": _JSON,
    },
)
def rollback(
    c: Any,
    project: str,
    environment: str,
    override_freeze: str = "",
    urgent: str = "",
    pass_stop: str = "",
    follow: bool = True,
    json: bool = False,
) -> None:
    """Put back the release that served before, as `fab deploy PROJECT ENVIRONMENT previous` does.

    Exits 1 when it fails, with the reason.
    """
    given = {"override_freeze": override_freeze, "urgent": urgent, "pass_stop": pass_stop}
    deploy(c, project, environment, "previous", follow=follow, json=json, **given)


@task(
    positional=["project", "environment"],
    optional=["environment"],
    help={"project": "its name", "environment": "one of the project's; its commits if not given"},
)
def runs(c: Any, project: str, environment: str = "") -> None:
    """List the runs of a project, or of one of its environments."""
    _run(c, ["airflow", "dags", "list-runs", _dag(c, project, environment)])


@task(
    positional=["project", "environment"],
    optional=["environment"],
    help={
        "project": "its name",
        "environment": "one alone; all if not given",
        "most": "how many deployments of each",
    },
)
def history(c: Any, project: str, environment: str = "", most: int = 20) -> None:
    """Say what became of a project's deployments: when, how, by whom, why; the newest first."""
    options = ["--environment", environment] if environment else []
    _python(c, "include.cli.history", project, *options, "--most", str(most))


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
    named = [environment] if environment else []
    flags = ["--since", since, *_flag("--json", json)]
    _python(c, "include.cli.board.dora", project, *named, *flags)


@task(
    positional=["project"],
    optional=["project"],
    help={"project": "one alone; all if not given", "json": "for programs"},
)
def status(c: Any, project: str = "", json: bool = False) -> None:
    """Say what runs where: version, since when, by whom, whether it is well, and what waits."""
    _python(c, "include.cli.board.status", *([project] if project else []), *_flag("--json", json))


@task(
    positional=["what"],
    optional=["what"],
    help={
        "what": "on, off or status",
        "why": "on: shown to whoever is held up",
        "wait": "seconds to wait until it is safe",
    },
)
def maintenance(c: Any, what: str = "status", why: str = "", wait: int = 0) -> None:
    """Let no new run begin, or let them begin again; say when those that had begun have ended."""
    given = [*(["--why", why] if why else []), *(["--wait", str(wait)] if wait else [])]
    _python(c, "include.cli.maintenance", what, *given)


@task(
    positional=["project"],
    help={"project": "its name", "most": "how many", "json": "for programs"},
)
def versions(c: Any, project: str, most: int = 20, json: bool = False) -> None:
    """List a project's releases, the newest first, and where each serves."""
    _python(c, "include.cli.board.versions", project, "--most", str(most), *_flag("--json", json))


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
    """
    flags = [*_flag("--whole", whole), *_flag("--json", json)]
    _python(c, "include.cli.board.diff", project, source, target, *flags)


@task(
    positional=["project"],
    optional=["project"],
    help={"project": "one alone; all if not given"},
)
def rebuild(c: Any, project: str = "") -> None:
    """Make what `status` and `history` show again, from what is on record and the fleets."""
    _python(c, "include.cli.board.rebuild", *([project] if project else []))


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
    _control(c, Action.HOLD, project=project, environment=environment, why=_said(why))


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
    _control(c, Action.RESUME, project=project, environment=environment, why=why)


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
    _control(c, Action.STOP, **place, why=_said(why), may_pass=may_pass)


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
    _control(c, action, project=project, version=version, why=_said(why))


@task(positional=["project"], optional=["project"], help={"project": "its name; all if not given"})
def held(c: Any, project: str = "") -> None:
    """Say what is held, stopped and rejected: by whom, since when, why."""
    _python(c, "include.cli.controls", *([project] if project else []))


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
    _python(c, "include.cli.audit", *([project] if project else []), *form)


@task(name="sign-records")
def sign_records(c: Any, sign: str = "") -> None:
    """List the records of before records were signed; --sign DIGEST signs what was listed.

    The list ends with its digest. With -H, for the repository that the login begins in.
    """
    _python(c, "include.cli.records", *(["--sign", sign] if sign else []))


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
    _python(c, "include.cli.image", project, *options)


@task(
    positional=["project"],
    help={
        "project": "its name",
        "url": "Airflow's address as the host reaches it; `[api] base_url` if not given",
    },
)
def hook(c: Any, project: str, url: str = "") -> None:
    """Make a project's webhook at its git host, or put it right; shows its last deliveries."""
    _python(c, "include.cli.hook", project, *(["--url", url] if url else []))


@task(positional=["project"], help={"project": "its name", "look": "send nothing"})
def news(c: Any, project: str, look: bool = False) -> None:
    """Send a test message to each of a project's channels; shows what was sent last, or failed."""
    _python(c, "include.cli.news", project, *(["--look"] if look else []))


@task(positional=["paths"], optional=["paths"])
def lint(_: Any, paths: str = ".", trusted: bool = False, strict: bool = False) -> None:
    """Check pipeline files (or the folders that hold a .drone.yml), by default this folder's.

    Exits 1 on a mistake.

    What Drone passes over in silence is a warning, with --strict a mistake.
    """
    found = [Path(path) for path in paths.split("\n")]
    raise SystemExit(pipelines.lint_files(found, trusted=trusted, strict=strict, out=sys.stdout))


@task(name="compile", positional=["path"])
def compile_(
    _: Any,
    path: str,
    event: str = "push",
    branch: str = "",
    ref: str = "",
    target: str = "",
    cron: str = "",
    trusted: bool = False,
) -> None:
    """Print what a pipeline file compiles to, as JSON."""
    choices = Choices(
        event=event, branch=branch, ref=ref, target=target, cron=cron, trusted=trusted
    )
    raise SystemExit(pipelines.compile_to_json(Path(path), choices, out=sys.stdout))


@task(name="exec", positional=["folder"])
def exec_(
    _: Any,
    folder: str,
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

    --project takes images, trust and the rest from a project file.
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
        shelf = load_projects()
        try:
            chosen = find_project(shelf.projects, project, shelf.errors.values())
        except SlipwayError as error:
            raise SystemExit(str(error)) from None
        choices = choices.of_project(chosen)
    code = pipelines.run_working_copy(
        Path(folder), choices, timeout=choices.timeout, out=sys.stdout
    )
    raise SystemExit(code)


@task(positional=["folder"])
def package(
    _: Any, folder: str, project: str = "", run: bool = False, secret_file: str = ""
) -> None:
    """Build a working copy's package as CI will, with lintian's word, and rehearse its migrations.

    --project says which project file it is for, where folder and origin do not. --run lets the
    pipeline build what ships besides the sources, which else is taken from where it lies.
    """
    try:
        chosen = packages.choose_project(load_projects().projects, Path(folder), project)
    except SlipwayError as error:
        raise SystemExit(str(error)) from None
    choices = Choices(secrets=_secrets(secret_file)).of_project(chosen) if run else None
    code = packages.package_working_copy(Path(folder), chosen, out=sys.stdout, run=choices)
    raise SystemExit(code)


def _secrets(file: str) -> dict[str, str]:
    try:
        return read_secret_file(Path(file)) if file else {}
    except SecretFileInvalid as error:
        raise SystemExit(str(error)) from None


def _flag(name: str, given: bool) -> list[str]:
    return [name] if given else []


def _dag(c: Any, project: str, environment: str = "") -> str:
    """Return a DAG's id; from afar Airflow itself knows which there are."""
    if isinstance(c, Connection) or server() is not None:
        return f"{project}.{environment}" if environment else project
    return deployments.choose_dag(project, environment)


def _said(why: str) -> str:
    if not why.strip():
        msg = 'say why: --why "..."'
        raise SystemExit(msg)
    return why


def _control(c: Any, action: Action, **given: str) -> None:
    """Start the run in which Airflow knows who does something."""
    if not isinstance(c, Connection) and server() is None:
        controls.require_known(given.get("project", ""), given.get("environment", ""))
    _order(c, controls.DAG_ID, controls.conf_of(action, **given))


def _order(
    c: Any,
    dag_id: str,
    conf: dict[str, Any],
    *,
    follow: bool = True,
    json: bool = False,
    log_of: str | None = None,
) -> None:
    """Start a run, and follow it where a server is known; Airflow's own command line starts only.

    :raises SystemExit: with what became of the run.
    """
    address = None if isinstance(c, Connection) else server()
    if address is None:
        _trigger(c, dag_id, conf)
    elif c.config.run.dry:
        print(f"would start {dag_id} at {address.url} with {conf}")
    else:
        at = desk(json)
        raise SystemExit(order(at, address, dag_id, conf, to_the_end=follow, log_of=log_of))


def _trigger(c: Any, dag_id: str, conf: dict[str, Any]) -> None:
    answer = _shell(c, deployments.trigger_command(dag_id, conf), hide="out")
    deployments.tell(answer, dag_id, print)


def _python(c: Any, module: str, *arguments: str) -> None:
    """Run a module where Airflow is; with -H in the repository that the login begins in."""
    # An Airflow over there may have Slipway in its plugins folder, and not installed.
    afar = ["env", "PYTHONPATH=.:./plugins", "python"]
    python = afar if isinstance(c, Connection) else [sys.executable]
    _run(c, [*python, "-m", module, *arguments])


def _run(c: Any, words: list[str]) -> None:
    _shell(c, shlex.join(words))


def _shell(c: Any, command: str, **how: Any) -> str:
    # What is typed, or was pasted behind it, is for the shell and for no command here.
    how["in_stream"] = False
    if isinstance(c, Connection) or not DEMO.exists():
        return str(c.run(command, **how).stdout)
    with c.prefix(f". {shlex.quote(str(DEMO))}"):
        return str(c.run(command, **how).stdout)


def _arrange_words() -> None:
    """Let words stand in the order in which people type them (include/cli/words.py)."""
    typed: list[str] | None = getattr(getattr(program, "core", None), "unparsed", None)
    if not typed:
        return
    shapes = {}
    for one in (value for value in globals().values() if isinstance(value, Task)):
        # Invoke takes each word's help away when it is asked for the words.
        helps = dict(one.help)
        arguments = {str(argument.name): argument for argument in one.get_arguments()}
        one.help = helps
        shapes[one.name] = words.Shape(
            words=tuple(one.positional),
            needed=sum(arguments[name].default is None for name in one.positional),
            with_value={
                f"--{flag}" if len(flag) > 1 else f"-{flag}": name
                for name, argument in arguments.items()
                if argument.takes_value
                for flag in (*argument.names, name.replace("_", "-"))
            },
            several=one.name == "lint",
        )
    arranged = words.arrange(typed, shapes)
    typed[:] = arranged.words
    if arranged.help_for:
        program.args["help"].value = arranged.help_for


_arrange_words()
