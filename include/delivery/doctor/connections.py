"""The connections and variables that a project file names: are they there?"""

from __future__ import annotations

from collections.abc import Iterator

from airflow.sdk import BaseHook, Variable
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError

from include.delivery.doctor.finding import Checked, State
from include.project.model import Project
from slipway.hooks.store.signing_keys import CONNECTION, record_keys

AREA, RECORDS = "connections", f"connection {CONNECTION}"
_APT = "slipway_apt"


def connections(project: Project) -> Iterator[Checked]:
    """Look for each, and say what it is for.

    :param project: whose file names them.
    """
    for name, purpose in sorted(named(project).items()):
        try:
            BaseHook.get_connection(name)
        except AirflowNotFoundException:
            yield _missing(f"connection {name}", purpose, f"airflow connections add {name} ...")
        else:
            yield Checked(area=AREA, what=f"connection {name}", words=purpose)
    for name in sorted(_variables(project)):
        try:
            Variable.get(name)
        except (KeyError, AirflowRuntimeError):
            cure = f"airflow variables set {name} ..."
            yield _missing(f"variable {name}", "a secret of the pipeline", cure)
        else:
            yield Checked(area=AREA, what=f"variable {name}", words="a secret of the pipeline")


def signing(_: Project) -> Iterator[Checked]:
    """Look for the key that records are signed with.

    :raises EnvironmentMisconfigured: when there is none, or it could be guessed.
    """
    record_keys()
    yield Checked(area=AREA, what=RECORDS, words="signs records")


def named(project: Project) -> dict[str, str]:
    """Return the connections that a project needs, and what each is for.

    :param project: whose file names them.
    """
    source = project.repository
    found = {_APT: "the apt repository"}
    wanted: dict[str | None, str] = {
        source.connection: "reads the repository",
        source.webhook: "the secret of the webhook",
        source.forge_connection: "the host's REST API",
        **dict.fromkeys(source.submodules.values(), "reads submodules"),
    }
    found |= {name: purpose for name, purpose in wanted.items() if name}
    for name, environment in project.environments.items():
        found[environment.aws.connection] = "the AWS account"
        if environment.database:
            found[environment.database] = f"the database of {name}"
    for channel in project.news.values():
        connection = getattr(channel, channel.kind.value)
        found[str(connection)] = "news"
    for value in project.test.secrets.values():
        kind, _, rest = value.partition(":")
        if kind == "connection":
            found[rest.partition(":")[0]] = "a secret of the pipeline"
    return found


def _variables(project: Project) -> set[str]:
    sources = (value.partition(":") for value in project.test.secrets.values())
    return {rest for kind, _, rest in sources if kind == "variable"}


def _missing(what: str, purpose: str, command: str) -> Checked:
    return Checked(
        area=AREA,
        what=what,
        state=State.WRONG,
        words=f"there is none; it is for: {purpose}",
        cure=f"add it in Airflow (Admin) or in the secrets backend: `{command}`",
    )
