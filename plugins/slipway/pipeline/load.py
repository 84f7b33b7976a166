"""A pipeline file's bytes -> its checked pipelines: reader, model and lint in a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from slipway.pipeline.legacy.drone_0_8 import converted
from slipway.pipeline.lint.ignored_keys import warn
from slipway.pipeline.lint.image_rules import ImageRules
from slipway.pipeline.lint.images import forbidden_images
from slipway.pipeline.lint.other_runners import PASSED_OVER, not_for_us, trigger_of, warn_of_waiting
from slipway.pipeline.lint.plugins import missing_rights
from slipway.pipeline.lint.privileged_plugins import PrivilegedPlugins
from slipway.pipeline.lint.rules import lint, lint_file
from slipway.pipeline.lint.trust import unpublished
from slipway.pipeline.yaml.conditions import Conditions
from slipway.pipeline.yaml.diagnostics import MOST_SHOWN, PipelineFileInvalid, Problem, by_place
from slipway.pipeline.yaml.missing_file import GENERATE, language_of, missing
from slipway.pipeline.yaml.parse import parse
from slipway.pipeline.yaml.reader import read

if TYPE_CHECKING:
    from collections.abc import Collection

    from slipway.pipeline.yaml.document import Document
    from slipway.pipeline.yaml.model import Pipeline

# Pipelines in one file, each variant of a matrix counted.
MOST_PIPELINES = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineFile:
    """What a file says.

    :param pipelines: in the order of the file.
    :param notices: what is in the file and plays no part, for the log.
    :param warnings: what Drone passes over in silence.
    :param elsewhere: names of pipelines that other runners would run, and when.
    :param documents: where each pipeline stands.
    """

    pipelines: tuple[Pipeline, ...]
    notices: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()
    elsewhere: Mapping[str, Conditions] = field(default_factory=dict)
    documents: tuple[Document, ...] = ()

    def told(self) -> list[str]:
        """Return the lines that a log shows before the pipelines run."""
        shown = [f"warning: {problem}" for problem in self.warnings[:MOST_SHOWN]]
        if len(self.warnings) > MOST_SHOWN:
            shown.append(f"... and {len(self.warnings) - MOST_SHOWN} more warnings")
        return [*self.notices, *(line for one in shown for line in one.split("\n"))]


def load(
    data: bytes | None,
    *,
    file: str,
    trusted: bool,
    strict: bool = False,
    image_rules: ImageRules | None = None,
    plugins: PrivilegedPlugins | None = None,
    beside: Collection[str] = (),
) -> PipelineFile:
    """Read, check and return the pipelines in a file.

    :param data: the file's content; None where the commit has no such file.
    :param file: its path in the repository.
    :param trusted: the project may use what reaches out of its containers.
    :param strict: what Drone passes over in silence is a mistake.
    :param image_rules: which images it may use; all by default.
    :param plugins: which of them may have every right.
    :param beside: other files that may be meant, where there is none
        (:data:`slipway.pipeline.yaml.missing_file.OTHERS`).
    :raises PipelineFileMissing: when there is no file.
    :raises PipelineFileInvalid: with everything that is wrong with it.
    """
    if language := language_of(file):
        message = f"pipelines written in {language} are not evaluated"
        problem = Problem(file=file, rule="scripted", message=message, advice=GENERATE)
        raise PipelineFileInvalid([problem])
    if data is None:
        raise missing(file, beside)
    read_documents = read(data, file=file)
    found = _sorted_out(read_documents, file)
    pipelines, problems = _checked(
        found,
        trusted=trusted,
        rules=image_rules or ImageRules(),
        plugins=plugins or PrivilegedPlugins(trusted=trusted),
    )
    warnings = [one for document in read_documents for one in document.warnings]
    if strict:
        problems, warnings = problems + warnings, []
    if problems:
        raise PipelineFileInvalid(_in_order(problems), _in_order(warnings))
    return PipelineFile(
        pipelines=tuple(pipelines),
        notices=tuple(found.notices),
        warnings=tuple(_in_order(warnings)),
        elsewhere=found.elsewhere,
        documents=tuple(found.documents),
    )


def _in_order(problems: list[Problem]) -> list[Problem]:
    return list(dict.fromkeys(sorted(problems, key=by_place)))


def _checked(
    found: _Found, *, trusted: bool, rules: ImageRules, plugins: PrivilegedPlugins
) -> tuple[list[Pipeline], list[Problem]]:
    pipelines: list[Pipeline] = []
    problems: list[Problem] = []
    for document in found.documents:
        try:
            pipeline = parse(document)
        except PipelineFileInvalid as error:
            problems += error.problems
        else:
            pipelines.append(pipeline if trusted else unpublished(pipeline))
            problems += lint(document, pipeline, trusted=trusted)
            problems += forbidden_images(document, pipeline, rules)
            lines = list(missing_rights(document, pipeline, plugins))
            if lines and lines[0] not in found.notices:  # variants of a matrix lack the same
                found.notices += lines
            warn(document, pipeline, trusted=trusted)
    if len(pipelines) == len(found.documents):
        problems += lint_file(found.documents, pipelines, found.elsewhere)
        warn_of_waiting(found.documents, pipelines, found.elsewhere)
    return pipelines, problems


@dataclass
class _Found:
    """What a file's documents were found to be.

    :param left_out: why documents are not run here.
    """

    documents: list[Document] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    elsewhere: dict[str, Conditions] = field(default_factory=dict)
    left_out: list[tuple[Document, Problem]] = field(default_factory=list)


def _sorted_out(documents: list[Document], file: str) -> _Found:
    """Part the pipelines that are run here from what else there is."""
    if not documents:
        raise PipelineFileInvalid([Problem(file=file, rule="empty", message="the file is empty")])
    found = _Found()
    for document in documents:
        _sort(document, found)
        if len(found.documents) > MOST_PIPELINES:
            message = f"the file has more than {MOST_PIPELINES} pipelines"
            advice = "pipelines of one file run for each commit; move some to other projects"
            problem = document.problem("too-many-pipelines", (), message, advice=advice)
            raise PipelineFileInvalid([problem])
    if not found.documents and found.left_out:
        raise PipelineFileInvalid([problem for _, problem in found.left_out])
    if not found.documents:
        message = f"the file has no pipeline ({'; '.join(found.notices)})"
        raise PipelineFileInvalid([Problem(file=file, rule="no-pipeline", message=message)])
    for document, problem in found.left_out:
        name = document.data.get("name") or f"document {document.number}"
        message = f"{name} is not run: {problem.message}"
        document.warnings.append(replace(problem, message=message))
    return found


def _sort(document: Document, found: _Found) -> None:
    kind = document.data.get("kind") if isinstance(document.data, dict) else None
    if isinstance(kind, str) and kind in PASSED_OVER:
        notice = f"document {document.number}, of kind {kind}, {PASSED_OVER[kind]}"
        found.notices.append(notice)
        return
    for one in converted(document):
        problem = not_for_us(one)
        if problem is None:
            found.documents.append(one)
        else:
            found.left_out.append((document, problem))
            if kind == "pipeline":
                found.elsewhere |= [trigger_of(one)]
