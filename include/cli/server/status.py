"""What runs where, as the board of Airflow's server has it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, TextIO

from include.cli.board.table import as_json, tell
from include.cli.server.client import AirflowServer
from include.cli.server.errors import RunUnknown
from slipway.model.board.snapshot import ProjectSnapshot
from slipway.model.board.waiting import WaitingRun
from slipway.model.edition import version_of
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
    told = server.get(_PATH).get("projects") or ()
    every = [ProjectSnapshot.from_json(one) for one in told]
    waiting = _waiting(told)
    chosen = [one for one in every if project in ("", one.project)]
    if project and not chosen:
        near = nearest(project, [one.project for one in every])
        hint = f"; did you mean {near}?" if near else ""
        msg = f"there is no project {visible(project)!r} that you may see{hint}"
        raise RunUnknown(msg, advice="`fab status` lists those that there are")
    if as_programs:
        out.write(json.dumps(as_json(chosen, waiting), indent=1) + "\n")
    else:
        tell(chosen, out, time.time(), waiting or ())
    return 0


def release_on(server: AirflowServer, project: str, place: str) -> str:
    """Return the version of the release that an environment serves; a version is one itself.

    :param server: is asked.
    :param project: the project's name.
    :param place: an environment, or a version.
    :raises RunUnknown: when nothing serves there.
    """
    told = server.get(_PATH).get("projects") or ()
    every = (ProjectSnapshot.from_json(one) for one in told)
    there = next((one.of(place) for one in every if one.project == project), None)
    if there is None:
        return place
    if there.serving is None:
        msg = f"nothing serves {visible(project)} on {visible(place)}"
        raise RunUnknown(msg, advice="name a version instead; `fab status` says what serves")
    return version_of(there.serving.version)


def _waiting(projects: Iterable[Mapping[str, Any]]) -> list[WaitingRun] | None:
    """Read what runs wait for; None where the server says nothing of it, being an older one."""
    places = [place for one in projects for place in one.get("environments") or ()]
    if not any("waiting" in place for place in places):
        return None
    found = []
    for run in (run for place in places for run in place.get("waiting") or ()):
        with suppress(KeyError, TypeError, ValueError):  # of a version that knows more reasons
            found.append(WaitingRun.of_programs(run))
    return found
