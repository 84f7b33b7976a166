"""``python -m include.localcloud serve ...`` and ``python -m include.localcloud down ...``."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from include.localcloud.engine import Engine
from include.localcloud.network import checked_cidr, free_cidr
from include.localcloud.serve import serve
from include.localcloud.settings import CloudSettings


def main() -> None:
    """Read the command line and obey."""
    arguments = _parser().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    if arguments.command == "down":
        Engine(installation=arguments.installation).sweep()
        return
    serve(
        CloudSettings(
            home=arguments.home.resolve(),
            installation=arguments.installation,
            port=arguments.port,
            cidr=arguments.cidr or free_cidr(Engine(installation=arguments.installation)),
            region=arguments.region,
        )
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m include.localcloud", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="serve in the foreground until SIGTERM")
    serving.add_argument("--home", type=Path, required=True, help="folder for sockets and state")
    serving.add_argument("--installation", required=True, help="label on everything made")
    serving.add_argument("--port", type=int, default=4566, help="port of the API on 127.0.0.1")
    serving.add_argument(
        "--cidr", type=checked_cidr, help="the VPC, a /16; the first free one unless given"
    )
    serving.add_argument("--region", default="eu-west-1", help="where instances become real")
    removing = commands.add_parser("down", help="remove what a killed cloud left")
    removing.add_argument("--installation", required=True)
    return parser


if __name__ == "__main__":
    main()
