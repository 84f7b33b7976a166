"""What the tasks of ``fab`` do with words: over REST, over ssh, or in this machine's shell."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any, TextIO

from fabric import Connection

from include.cli import controls, deployments
from include.cli.server import order as orders
from include.cli.server.address import HOW, URL
from include.cli.server.client import AirflowServer
from include.cli.tasks.place import DEMO, desk, server
from slipway.model.controls import Action
from slipway.policies.planned_time import BadTime, read, require_ahead


def flag(name: str, given: bool) -> list[str]:
    """Return a flag, where it is given."""
    return [name] if given else []


def dag(c: Any, project: str, environment: str = "") -> str:
    """Return a DAG's id; from afar Airflow itself knows which there are."""
    if isinstance(c, Connection) or server() is not None:
        return f"{project}.{environment}" if environment else project
    require_airflow()
    return deployments.choose_dag(project, environment)


def said(why: str) -> str:
    """Return why, where somebody says it; ends otherwise."""
    if not why.strip():
        msg = 'say why: --why "..."'
        raise SystemExit(msg)
    return why


def time_to_come(at: str) -> str:
    """Return a time as a run is told it, where one is given; ends otherwise.

    :raises SystemExit: with what is wrong with it.
    """
    if not at:
        return ""
    try:
        planned = read(at)
        require_ahead(planned, datetime.now(UTC))
    except BadTime as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(orders.WRONG) from None
    return str(planned)


def control(c: Any, action: Action, **given: str) -> None:
    """Start the run in which Airflow knows who does something."""
    if not isinstance(c, Connection) and server() is None:
        require_airflow()
        controls.require_known(given.get("project", ""), given.get("environment", ""))
    order(c, controls.DAG_ID, controls.conf_of(action, **given))


def order(
    c: Any,
    dag_id: str,
    conf: dict[str, Any],
    *,
    follow: bool = True,
    json: bool = False,
    log_of: str | None = None,
    leaves: bool = False,
) -> None:
    """Start a run, and follow it where a server is known; Airflow's own command line starts only.

    With ``leaves`` it is followed until it waits, for a person or for its time.

    :raises SystemExit: with what became of the run.
    """
    address = None if isinstance(c, Connection) else server()
    if address is None:
        _trigger(c, dag_id, conf)
    elif c.config.run.dry:
        print(f"would start {dag_id} at {address.url} with {conf}")
    else:
        at = desk(json)
        how: dict[str, Any] = {"to_the_end": follow, "log_of": log_of, "leaves": leaves}
        raise SystemExit(orders.order(at, address, dag_id, conf, **how))


def _trigger(c: Any, dag_id: str, conf: dict[str, Any]) -> None:
    if not isinstance(c, Connection):
        require_airflow()
    answer = _typed(c, deployments.trigger_command(dag_id, conf), hide="out")
    deployments.tell(answer, dag_id, print)


def require_airflow() -> None:
    """Make sure that Airflow is here, where no server is named and nobody is asked over ssh.

    :raises SystemExit: when it is not.
    """
    try:
        is_here = find_spec("airflow") is not None
    except ImportError:
        is_here = False
    if not is_here:
        msg = f"there is no Airflow here, so it has to be said where one is: {HOW}"
        raise SystemExit(msg)


def python(c: Any, module: str, *arguments: str) -> None:
    """Run a module where Airflow is; with -H in the repository that the login begins in.

    :raises SystemExit: where a server is named, which has no answer to this.
    """
    if elsewhere(c):
        msg = (
            f"this cannot be asked of {URL}'s server: use `fab -H`, or a shell where Airflow "
            f"is, without {URL}"
        )
        raise SystemExit(msg)
    if not isinstance(c, Connection):
        require_airflow()
    # An Airflow over there may have Slipway in its plugins folder, and not installed.
    afar = ["env", "PYTHONPATH=.:./plugins", "python"]
    program = afar if isinstance(c, Connection) else [sys.executable]
    shell(c, [*program, "-m", module, *arguments])


def asked(
    c: Any, there: Callable[[AirflowServer, TextIO], int], module: str, *arguments: str
) -> None:
    """Ask a server, where one is named, and otherwise a module where Airflow is.

    :raises SystemExit: with the server's answer's code.
    """
    address = None if isinstance(c, Connection) else server()
    if address is None:
        python(c, module, *arguments)
        return
    at = desk()
    raise SystemExit(at.at(address, lambda airflow: there(airflow, at.out)))


def elsewhere(c: Any) -> bool:
    """Tell whether the shell names a server, so that nothing of Airflow's is here."""
    return not isinstance(c, Connection) and bool(os.environ.get(URL, "").strip())


def answer(question: Callable[[AirflowServer], str]) -> str:
    """Return what the server that the shell names answers.

    :param question: asks it.
    :raises SystemExit: where it has no answer, which is told.
    """
    found: list[str] = []

    def ask(airflow: AirflowServer) -> int:
        found.append(question(airflow))
        return 0

    address = server()
    code = desk().at(address, ask) if address is not None else 1
    if code:
        raise SystemExit(code)
    return found[0]


def shell(c: Any, words: list[str]) -> None:
    """Run a command, each word as it is."""
    _typed(c, shlex.join(words))


def _typed(c: Any, command: str, **how: Any) -> str:
    # What is typed, or was pasted behind it, is for the shell and for no command here.
    how["in_stream"] = False
    if isinstance(c, Connection) or not DEMO.exists():
        return str(c.run(command, **how).stdout)
    with c.prefix(f". {shlex.quote(str(DEMO))}"):
        return str(c.run(command, **how).stdout)
