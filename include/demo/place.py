"""``python -m include.demo.place PROJECT ENVIRONMENT --listener PORT``: a place to run.

Does for one more project in the embedded cloud what an infrastructure team does on AWS: target
group, load balancer, and with ``--database`` a database, its secret, and the Airflow connection.
"""

from __future__ import annotations

import argparse
import shlex
import sys

from include.demo import home
from include.localcloud import landscape


def main() -> None:
    """Make the place and say what goes into the project file."""
    parser = argparse.ArgumentParser(prog="include.demo.place", description=__doc__)
    parser.add_argument("project")
    parser.add_argument("environment")
    parser.add_argument("--listener", type=int, required=True, help="the load balancer's port")
    parser.add_argument("--port", type=int, default=8000, help="the service's port")
    parser.add_argument("--health", default="/healthz", help="the service's health check path")
    parser.add_argument("--database", action="store_true", help="with a Postgres database")
    options = parser.parse_args()
    name = f"{options.project}_{options.environment}".replace("-", "_")
    url = None
    if options.database:
        databases = landscape.start_database(installation=home.INSTALLATION, databases=[name])
        url = databases[name]
    landscape.lay_environment(
        endpoint=home.ENDPOINT, region=home.REGION, project=options.project,
        environment=options.environment, listener_port=options.listener, app_port=options.port,
        health_path=options.health, database_url=url,
    )  # fmt: skip
    sys.stdout.write(
        f"target_group: {options.project}-{options.environment}\n"
        f"health: {{path: {options.health}, port: {options.port}}}\n"
    )
    if url:
        add = ["airflow", "connections", "add", name, "--conn-uri", url]
        sys.stdout.write(
            f"database: {name}\n\nGive Airflow the connection:\n"
            f"  . .slipway/env && {shlex.join(add)}\n\n"
        )
    sys.stdout.write(f"The load balancer answers at http://127.0.0.1:{options.listener}\n")


if __name__ == "__main__":
    main()
