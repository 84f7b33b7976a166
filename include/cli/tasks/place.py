"""Where the tasks of ``fab`` find a server."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from include.cli.server.address import Address, address_of, required
from include.cli.server.order import WRONG, Desk
from slipway.exceptions import SlipwayError

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / ".slipway" / "env"


def desk(as_json: bool = False) -> Desk:
    """Return the terminal that the task was typed at."""
    return Desk(out=sys.stdout, err=sys.stderr, as_json=as_json)


def server() -> Address | None:
    """Return the server that the shell names, or a demo's; None where there is none."""
    try:
        return address_of(os.environ, DEMO)
    except SlipwayError as error:
        raise _wrong(error) from None


def needed_server() -> Address:
    """Return the server that the shell names, or a demo's."""
    try:
        return required(os.environ, DEMO)
    except SlipwayError as error:
        raise _wrong(error) from None


def _wrong(error: SlipwayError) -> SystemExit:
    sys.stderr.write(f"{error}\n")
    return SystemExit(WRONG)
