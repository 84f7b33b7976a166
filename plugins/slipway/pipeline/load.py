"""A pipeline file's bytes -> its checked pipelines: reader, model and lint in a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipway.exceptions import PipelineFileMissing
from slipway.pipeline.earlier_forms import converted
from slipway.pipeline.image_rules import ImageRules
from slipway.pipeline.lint import lint, lint_file
from slipway.pipeline.lint_images import forbidden_images
from slipway.pipeline.lint_plugins import missing_rights
from slipway.pipeline.parse import parse
from slipway.pipeline.places import PipelineFileInvalid, Problem, by_place
from slipway.pipeline.privileged_plugins import PrivilegedPlugins
from slipway.pipeline.reader import read

if TYPE_CHECKING:
    from slipway.pipeline.model import Pipeline
    from slipway.pipeline.reader import Document

# Pipelines in one file, each variant of a matrix counted.
MOST_PIPELINES = 100

_SCRIPTED = {".jsonnet": "jsonnet", ".libsonnet": "jsonnet", ".star": "starlark",
             ".starlark": "starlark", ".py": "starlark"}  # fmt: skip
# Kinds of documents that Drone knows, and what becomes of them here.
_PASSED_OVER = {
    "secret": "is not read: secrets come from the project file",
    "signature": "is not checked",
    "template": "is not filled in",
    "cron": "is not read: schedules are Airflow's",
    "registry": "is not read: registries come from the project file",
    "organization": "is not read",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineFile:
    """What a file says.

    :param pipelines: in the order of the file.
    :param notices: what is in the file and plays no part, for the log.
    """

    pipelines: tuple[Pipeline, ...]
    notices: tuple[str, ...] = ()


def load(
    data: bytes | None, *, file: str, trusted: bool, image_rules: ImageRules | None = None,
    plugins: PrivilegedPlugins | None = None,
) -> PipelineFile:  # fmt: skip
    """Read, check and return the pipelines in a file.

    :param data: the file's content; None where the commit has no such file.
    :param file: its path in the repository.
    :param trusted: the project may use what reaches out of its containers.
    :param image_rules: which images it may use; all by default.
    :param plugins: which of them may have every right.
    :raises PipelineFileMissing: when there is no file.
    :raises PipelineFileInvalid: with everything that is wrong with it.
    """
    if language := next((v for k, v in _SCRIPTED.items() if file.endswith(k)), None):
        message = f"pipelines written in {language} are not evaluated"
        advice = "generate the YAML, commit it, and name it in the project file"
        problem = Problem(file=file, rule="scripted", message=message, advice=advice)
        raise PipelineFileInvalid([problem])
    if data is None:
        msg = f"the commit has no {file}"
        advice = "add it, or name another file under `test: {pipeline: ...}` in the project file"
        raise PipelineFileMissing(msg, advice=advice)
    documents, notices = _sorted_out(read(data, file=file), file)
    pipelines: list[Pipeline] = []
    problems: list[Problem] = []
    for document in documents:
        try:
            pipeline = parse(document)
        except PipelineFileInvalid as error:
            problems += error.problems
        else:
            pipelines.append(pipeline)
            problems += lint(document, pipeline, trusted=trusted)
            problems += forbidden_images(document, pipeline, image_rules or ImageRules())
            notices += missing_rights(
                document, pipeline, plugins or PrivilegedPlugins(trusted=trusted)
            )
    if len(pipelines) == len(documents):
        problems += lint_file(documents, pipelines)
    if problems:
        unique = dict.fromkeys(sorted(problems, key=by_place))
        raise PipelineFileInvalid(list(unique))
    return PipelineFile(pipelines=tuple(pipelines), notices=tuple(notices))


def _sorted_out(documents: list[Document], file: str) -> tuple[list[Document], list[str]]:
    """Part the pipelines from what else there is."""
    if not documents:
        raise PipelineFileInvalid([Problem(file=file, rule="empty", message="the file is empty")])
    kept: list[Document] = []
    notices: list[str] = []
    for document in documents:
        kind = document.data.get("kind") if isinstance(document.data, dict) else None
        if kind in _PASSED_OVER:
            notices.append(f"document {document.number}, of kind {kind}, {_PASSED_OVER[kind]}")
        else:
            kept += converted(document)
        if len(kept) > MOST_PIPELINES:
            message = f"the file has more than {MOST_PIPELINES} pipelines"
            advice = "pipelines of one file run for each commit; move some to other projects"
            problem = document.problem("too-many-pipelines", (), message, advice=advice)
            raise PipelineFileInvalid([problem])
    if not kept:
        message = f"the file has no pipeline ({'; '.join(notices)})"
        raise PipelineFileInvalid([Problem(file=file, rule="no-pipeline", message=message)])
    return kept, notices
