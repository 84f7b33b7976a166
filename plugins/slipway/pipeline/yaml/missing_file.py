"""What is said where the pipeline file is not there: often it has another name, or another form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway.exceptions import PipelineFileMissing

if TYPE_CHECKING:
    from collections.abc import Collection

_SCRIPTED = {
    ".jsonnet": "jsonnet",
    ".libsonnet": "jsonnet",
    ".star": "starlark",
    ".starlark": "starlark",
    ".py": "starlark",
}
GENERATE = "generate the YAML, commit it, and name it in the project file"
_NAME_IT = "name it under `test: {{pipeline: {}}}` in the project file"
_OTHER_FORM = "that is another form; write the same as a pipeline of Drone's"
# Files that a repository may have instead.
OTHERS = {
    ".drone.yaml": _NAME_IT,
    "drone.yml": _NAME_IT,
    "drone.yaml": _NAME_IT,
    ".drone.star": f"starlark is not evaluated; {GENERATE}",
    ".drone.starlark": f"starlark is not evaluated; {GENERATE}",
    ".drone.jsonnet": f"jsonnet is not evaluated; {GENERATE}",
    ".woodpecker.yml": _OTHER_FORM,
    ".woodpecker.yaml": _OTHER_FORM,
    ".gitlab-ci.yml": _OTHER_FORM,
    ".travis.yml": _OTHER_FORM,
}


def language_of(file: str) -> str:
    """Name the language that a file is a program in; empty where it is none."""
    return next((language for end, language in _SCRIPTED.items() if file.endswith(end)), "")


def missing(
    file: str, beside: Collection[str], *, subject: str = "the commit"
) -> PipelineFileMissing:
    """Say that a file is not there, and what is.

    :param file: its path, as people know it.
    :param beside: those of :data:`OTHERS` that are there.
    :param subject: whose file it would be, for the message.
    """
    found = next((name for name in OTHERS if name in beside), "")
    if found:
        msg = f"{subject} has no {file}, but {found}"
        return PipelineFileMissing(msg, advice=OTHERS[found].format(found))
    advice = "add it, or name another file under `test: {pipeline: ...}` in the project file"
    return PipelineFileMissing(f"{subject} has no {file}", advice=advice)
