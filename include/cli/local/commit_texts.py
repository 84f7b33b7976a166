"""Where a pipeline file takes no text of a commit, so that a message alone refuses a build.

What a build is refused for depends on its commit: it may pass a hundred times, and not with the
first message that has an apostrophe. So the file is compiled for a commit that nobody made.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from slipway.exceptions import SlipwayError
from slipway.model.facts import Checkout, Release
from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.compiler.variables import build_variables, event_of
from slipway.pipeline.yaml.diagnostics import by_place

if TYPE_CHECKING:
    from slipway.pipeline.load import PipelineFile
    from slipway.pipeline.yaml.diagnostics import Problem

_MESSAGE, _AUTHOR = "Fix it's (and more)", "Ada O'Lovelace"
_IN_CODE = " is more than plain characters"


def refused_texts(file: PipelineFile, *, trusted: bool) -> list[Problem]:
    """Return the places where a usual message, or author, would refuse the build.

    :param file: one that is right otherwise.
    :param trusted: the project may use what reaches out of its containers.
    """
    checkout = Checkout(
        release=Release(project="lint", sha="0" * 40, version="1.0.0+1.g0000000"),
        repository="https://git.example.com/lint/lint.git",
        ref="main",
        branch="main",
        message=_MESSAGE,
        author_name=_AUTHOR,
        author_email="ada@example.com",
        committed_at=0,
        parent=None,
    )
    event = event_of(checkout)
    variables = {
        **build_variables(checkout, event),
        "DRONE_PULL_REQUEST_TITLE": _MESSAGE,
        "DRONE_TAG": "v1.0.0",
    }
    refused: list[Problem] = []
    build = Build(id="lint", event=event, variables=variables, trusted=trusted)
    # What else is wrong with it the build itself will say.
    with suppress(SlipwayError):
        compile_file(file, build, refused)
    # Variants of a matrix have the same places.
    return [_told(one) for one in dict.fromkeys(sorted(refused, key=by_place))]


def _told(problem: Problem) -> Problem:
    form = problem.message.partition(_IN_CODE)[0]
    message = (
        f"{form} takes plain values alone here, so a commit by `{_AUTHOR}` with the message "
        f"`{_MESSAGE}` may be refused"
    )
    return replace(problem, message=message)
