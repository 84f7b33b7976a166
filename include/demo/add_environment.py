"""``python -m include.demo.add_environment PROJECT ENVIRONMENT --listener PORT``: a place to run.

Does for one more project in the embedded cloud what an infrastructure team does on AWS: target
group, load balancer, and for a project with migrations a database, its secret, and the Airflow
connection. Run again it changes what is there into what is asked for, and says what it cannot.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
from collections.abc import Mapping

from include.demo import paths, processes
from include.demo.airflow_api import AirflowApi, DemoFailed
from include.demo.airflow_environment import postgres_connection
from include.localcloud import infrastructure
from include.localcloud.database import DatabaseFailed
from include.project.loader import load_projects
from include.project.model import Deploy

# Seconds; the demo runs, so it answers.
_PATIENCE = 30


def make(
    project: str,
    environment: str,
    *,
    listener: int,
    port: int = 8000,
    health: str = "/healthz",
    database: bool = False,
    parameters: Mapping[str, str] | None = None,
) -> None:
    """Make an environment's place in the running demo, or change it.

    :param project: the project's name.
    :param environment: the environment's name.
    :param listener: the load balancer's port.
    :param port: the service's.
    :param health: the path of its health check.
    :param database: with a Postgres database, which Airflow gets a connection for: its URL is in
        no command line, where everybody on the machine could read it.
    :param parameters: the application's own, by name.
    :raises PlaceTaken: when name or port are another's.
    """
    infrastructure.refuse_taken(
        endpoint=paths.ENDPOINT,
        region=paths.REGION,
        project=project,
        environment=environment,
        listener_port=listener,
        app_port=port,
    )
    if _is_used_elsewhere(listener):
        msg = f"something else listens on port {listener} of this machine; choose another one"
        raise infrastructure.PlaceTaken(msg)
    name, url = database_name(project, environment), None
    if database:
        databases = infrastructure.start_database(installation=paths.INSTALLATION, databases=[name])
        url = databases[name]
    infrastructure.lay_environment(
        endpoint=paths.ENDPOINT,
        region=paths.REGION,
        project=project,
        environment=environment,
        listener_port=listener,
        app_port=port,
        health_path=health,
        database_url=url,
        parameters=parameters or {},
    )
    if url:
        api = AirflowApi()
        api.wait_until_ready(timeout=_PATIENCE)
        api.set_connection(name, _connection(url))


def database_name(project: str, environment: str) -> str:
    """Name an environment's database, and Airflow's connection to it.

    Both names may have dashes; two places never share a database.
    """
    return "_".join(name.replace("-", "__") for name in (project, environment))


def main() -> None:
    """Make the place and say what goes into the project file."""
    parser = argparse.ArgumentParser(prog="include.demo.add_environment", description=__doc__)
    parser.add_argument("project")
    parser.add_argument("environment")
    parser.add_argument("--listener", type=int, required=True, help="the load balancer's port")
    parser.add_argument("--port", type=int, default=8000, help="the service's port")
    parser.add_argument("--health", default="/healthz", help="the service's health check path")
    parser.add_argument("--database", action="store_true", help="with a Postgres database")
    options = parser.parse_args()
    if not processes.alive("cloud"):
        parser.error("no demo runs in this clone; start it with `make demo`")
    options.database = options.database or _has_migrations(options.project)
    try:
        make(**vars(options))
    except (DatabaseFailed, DemoFailed, infrastructure.PlaceTaken) as error:
        parser.exit(1, f"{error}\n")
    sys.stdout.write(
        f"The load balancer answers at http://127.0.0.1:{options.listener}. For the project file:\n"
        f"\n{_block(options)}"
    )
    sys.stdout.write(_DATABASE if options.database else _NO_DATABASE)


_DATABASE = """
The service finds the database in the variable DATABASE_URL, as
postgresql://user:password@host:5432/name. This server knows no TLS: a driver that insists on it, as
Go's lib/pq does, needs `config: {PGSSLMODE: disable}` under `package` in the project file.
"""
_NO_DATABASE = "\nWith migrations it needs a database: run this again, with --database.\n"


def _block(options: argparse.Namespace) -> str:
    """Write what the project file says of this environment."""
    name = database_name(options.project, options.environment)
    connection = "  # Airflow has a connection of this name now"
    lines = [
        _deploy(options),
        f"aws: {{region: {paths.REGION}}}",
        *([f"database: {name}{connection}"] if options.database else []),
        f"target_group: {options.project}-{options.environment}",
        f"instance: {{subnets: [{', '.join(infrastructure.SUBNETS)}],"
        f" security_groups: [{infrastructure.SECURITY_GROUP}]}}",
        f"health: {{path: {options.health}, port: {options.port}, timeout: 2m}}",
        "soak: 5s",
    ]
    return f"  {options.environment}:\n" + "".join(f"    {line}\n" for line in lines)


def _deploy(options: argparse.Namespace) -> str:
    """Say when it is deployed to: only one environment of a project can be continuous."""
    project = load_projects().projects.get(options.project)
    places = project.environments.items() if project else ()
    taken = [name for name, one in places if one.deploy is Deploy.CONTINUOUS]
    if taken and options.environment not in taken:
        return f"deploy: manual  # {taken[0]} is the continuous one"
    return "deploy: continuous  # `manual` where each deployment is started by hand"


def _has_migrations(project: str) -> bool:
    """Say whether there is a project file of that name already, and it has migrations."""
    found = load_projects().projects.get(project)
    return found is not None and found.migrations is not None


def _is_used_elsewhere(port: int) -> bool:
    """Say whether somebody listens on a port who is not the embedded cloud's balancer."""
    if infrastructure.is_listened_on(endpoint=paths.ENDPOINT, region=paths.REGION, port=port):
        return False
    with socket.socket() as asked:
        asked.settimeout(1)
        return asked.connect_ex(("127.0.0.1", port)) == 0


def _connection(url: str) -> dict[str, object]:
    # Said, as a real connection should: this one leads over the machine's own bridge.
    return {**postgres_connection(url), "extra": json.dumps({"sslmode": "disable"})}


if __name__ == "__main__":
    main()
