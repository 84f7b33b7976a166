"""``python -m include.demo.add_environment PROJECT ENVIRONMENT --listener PORT``: a place to run.

Does for one more project in the embedded cloud what an infrastructure team does on AWS: target
group, load balancer, and with ``--database`` a database, its secret, and the Airflow connection.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from include.demo import paths, processes
from include.demo.airflow_api import AirflowApi, DemoFailed
from include.localcloud import infrastructure
from include.localcloud.database import DatabaseFailed

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
    """Make an environment's place in the running demo; what is there stays.

    :param listener: the load balancer's port.
    :param port: the service's.
    :param health: the path of its health check.
    :param database: with a Postgres database, which Airflow gets a connection for: its URL is in
        no command line, where everybody on the machine could read it.
    :raises PlaceTaken: when another project's environment is called the same.
    :param parameters: the application's own, by name.
    """
    infrastructure.refuse_taken(
        endpoint=paths.ENDPOINT, region=paths.REGION, project=project, environment=environment
    )
    name, url = database_name(project, environment), None
    if database:
        databases = infrastructure.start_database(installation=paths.INSTALLATION, databases=[name])
        url = databases[name]
    infrastructure.lay_environment(
        endpoint=paths.ENDPOINT, region=paths.REGION, project=project, environment=environment,
        listener_port=listener, app_port=port, health_path=health, database_url=url,
        parameters=parameters or {},
    )  # fmt: skip
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
    try:
        make(**vars(options))
    except (DatabaseFailed, DemoFailed, infrastructure.PlaceTaken) as error:
        parser.exit(1, f"{error}\n")
    name = database_name(options.project, options.environment)
    sys.stdout.write(
        f"target_group: {options.project}-{options.environment}\n"
        f"health: {{path: {options.health}, port: {options.port}}}\n"
        + (f"database: {name}  # Airflow has a connection of this name now\n" * options.database)
        + f"\nThe load balancer answers at http://127.0.0.1:{options.listener}\n"
    )


def _connection(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    return {
        "conn_type": "postgres", "host": parts.hostname, "port": parts.port,
        "login": parts.username, "password": unquote(parts.password or ""),
        "schema": parts.path.strip("/"),
    }  # fmt: skip


if __name__ == "__main__":
    main()
