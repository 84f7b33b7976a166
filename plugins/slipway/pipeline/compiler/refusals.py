"""Where in a file a commit's text would become code, and so refuses a build."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipway.pipeline.yaml.diagnostics import MOST_SHOWN, PipelineFileInvalid

if TYPE_CHECKING:
    from slipway.pipeline.commit_text.insertion import CommitTextInCode
    from slipway.pipeline.yaml.diagnostics import Path, Problem
    from slipway.pipeline.yaml.document import Document

# What stands for a form that was refused, so that whatever is around it is read on.
_PLAIN = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusals:
    """What is done about them: a build ends at the first, a check notes each.

    :param document: where the pipeline stands; None leaves the place out.
    :param noted: takes them, as many as are shown; None ends at the first.
    """

    document: Document | None = None
    noted: list[Problem] | None = None

    def add(self, error: CommitTextInCode, place: Path) -> None:
        """Say where a value would have become code.

        :param error: that was raised for the value.
        :param place: in the document.
        :raises PipelineFileError: where the build ends with it.
        """
        if self.document is None:
            raise error
        problem = self.document.problem(
            "commit-text-in-code", place, error.message, advice=error.advice
        )
        if self.noted is None or len(self.noted) >= MOST_SHOWN:
            raise PipelineFileInvalid([problem]) from error
        self.noted.append(problem)


def without(form: str, text: str) -> str:
    """Return a text in which a form that was refused is a plain word."""
    return text.replace(form, _PLAIN)
