"""``python -m include.stack up|test|check|down``: the stack beside the embedded cloud."""

from __future__ import annotations

import argparse
import sys

from include.demo.airflow_api import DemoFailed
from include.demo.processes import UnknownProcess
from include.demo.progress import say
from include.stack import paths, secret_files
from include.stack.trial import run as trial
from include.stack.up import check, down, up


def main() -> None:
    """Read the command line and obey."""
    parser = argparse.ArgumentParser(prog="python -m include.stack", description=__doc__)
    parser.add_argument("command", choices=["up", "test", "check", "down"])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--case", type=int, action="append", default=[], help="test: this alone")
    given = parser.parse_args()
    if given.command in ("check", "down"):
        check() if given.command == "check" else down()
        return
    up(given.workers)
    _tell_login()
    if given.command == "test":
        trial.main(given.case)


def _tell_login() -> None:
    """Say who may log in, once."""
    if not paths.TOLD.exists():
        password = secret_files.admin_password(paths.SECRETS)
        say(f"{paths.UI}: log in as {secret_files.USER} with {password}")
        say("it is told this once; change it in the UI, under your name")
        paths.TOLD.touch()


if __name__ == "__main__":
    try:
        main()
    except DemoFailed as error:
        sys.exit(f"\nThe stack stopped: {error}\n\n`make stack-down` removes what it made.")
    except UnknownProcess as error:
        sys.exit(f"\n{error}.")
