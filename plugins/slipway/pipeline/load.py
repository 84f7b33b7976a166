"""A pipeline file's bytes -> one checked pipeline: the reader, the model and the lint in a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway.exceptions import PipelineFileMissing
from slipway.pipeline.lint import lint
from slipway.pipeline.parse import parse
from slipway.pipeline.places import PipelineFileInvalid, Problem, by_place
from slipway.pipeline.reader import read

if TYPE_CHECKING:
    from slipway.pipeline.model import Pipeline


def load(data: bytes | None, *, file: str, trusted: bool) -> Pipeline:
    """Read, check and return the pipeline in a file.

    :param data: the file's content; None where the commit has no such file.
    :param file: its path in the repository.
    :param trusted: the project may use what reaches out of its containers.
    :raises PipelineFileMissing: when there is no file.
    :raises PipelineFileInvalid: with everything that is wrong with it.
    """
    if data is None:
        msg = f"the commit has no {file}"
        advice = "add it, or name another file under `test: {pipeline: ...}` in the project file"
        raise PipelineFileMissing(msg, advice=advice)
    documents = read(data, file=file)
    if not documents:
        raise PipelineFileInvalid([Problem(file=file, rule="empty", message="the file is empty")])
    first, *others = documents
    pipeline = parse(first)
    problems = [
        other.problem("not-yet", (), "a second document is not supported yet") for other in others
    ]
    problems += lint(first, pipeline, trusted=trusted)
    if problems:
        raise PipelineFileInvalid(sorted(problems, key=by_place))
    return pipeline
