"""What runs where, as the board of Airflow's server has it."""

from __future__ import annotations

import json
import time
from typing import TextIO

from include.cli.board.table import as_json, tell
from include.cli.server.client import AirflowServer
from include.cli.server.errors import RunUnknown
from slipway.model.board.snapshot import ProjectSnapshot
from slipway.model.text.inert import visible
from slipway.model.text.nearest import nearest

_PATH = "/slipway/board/status.json"


def tell_status(
    server: AirflowServer, out: TextIO, project: str = "", *, as_programs: bool = False
) -> int:
    """Say what runs where, of all that this person may see.

    :param server: is asked.
    :param out: where it is written.
    :param project: one alone; all when empty.
    :param as_programs: JSON.
    :raises RunUnknown: when there is no such project, with the nearest.
    """
    every = [ProjectSnapshot.from_json(one) for one in server.get(_PATH).get("projects") or ()]
    chosen = [one for one in every if project in ("", one.project)]
    if project and not chosen:
        near = nearest(project, [one.project for one in every])
        hint = f"; did you mean {near}?" if near else ""
        msg = f"there is no project {visible(project)!r} that you may see{hint}"
        raise RunUnknown(msg, advice="`fab status` lists those that there are")
    if as_programs:
        out.write(json.dumps(as_json(chosen), indent=1) + "\n")
    else:
        tell(chosen, out, time.time())
    return 0
