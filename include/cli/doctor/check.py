"""``fab check [PROJECT]``, put together."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TextIO

from include.cli.doctor import here
from include.cli.doctor.report import WRONG, Line, counted, told
from include.cli.doctor.there import server_lines
from include.cli.server.address import HOW, Address
from include.cli.server.client import AirflowServer, connect
from include.project.loader import load_projects
from slipway.exceptions import SlipwayError


def check(
    out: TextIO,
    project: str = "",
    *,
    address: Callable[[], Address | None],
    recipes: Path,
    as_json: bool = False,
    open_server: Callable[[Address], AirflowServer] = connect,
) -> int:
    """Look at everything that can be looked at from here, and say what to do.

    :param out: where it is written.
    :param project: one alone; all when empty.
    :param address: finds the server; None where there is none.
    :param recipes: the folder that holds ``packer`` and ``ansible``.
    :param as_json: for programs.
    :param open_server: opens the server at an address.
    :returns: 1 where something is wrong.
    """
    lines: list[Line] = []
    for one in _every(project, address, recipes, open_server):
        lines.append(one)
        if not as_json:
            out.writelines(f"{line}\n" for line in told([one]))
            out.flush()
    if as_json:
        out.write(json.dumps([asdict(one) for one in lines], indent=1) + "\n")
    else:
        out.write(f"{counted(lines)}\n")
    return 1 if any(one.state == WRONG for one in lines) else 0


def _every(
    project: str,
    address: Callable[[], Address | None],
    recipes: Path,
    open_server: Callable[[Address], AirflowServer],
) -> Iterator[Line]:
    if here.has_files():
        yield from here.project_files(load_projects(), project, recipes)
    yield from here.engine()
    yield from _server(project, address, open_server)


def _server(
    project: str,
    address: Callable[[], Address | None],
    open_server: Callable[[Address], AirflowServer],
) -> Iterable[Line]:
    try:
        found = address()
    except SlipwayError as error:
        return [_wrong(error)]
    if found is None:
        words = "connections, rights, places, images, hooks and databases were not looked at"
        return [Line(area="server", what="none", state="not checked", words=words, cure=HOW)]
    try:
        return chain(server_lines(open_server(found), project))
    except SlipwayError as error:
        return [_wrong(error)]


def _wrong(error: SlipwayError) -> Line:
    return Line(area="server", what="login", state=WRONG, words=error.message, cure=error.advice)
