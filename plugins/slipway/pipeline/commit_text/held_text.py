"""A value of the build that is no plain text, and what is said where it would become code."""

from __future__ import annotations

import re
from dataclasses import dataclass

from slipway.exceptions import PipelineFileError
from slipway.pipeline.commit_text.code_of_programs import advice_for
from slipway.pipeline.commit_text.nested_language import Code, Language


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A value whose place a marker holds.

    :param form: as the file has it.
    :param name: of the variable that has the value.
    :param value: None where only the run will know it.
    :param plain: it is text wherever it is pasted, unless it is the line that ends a document.
    """

    form: str
    name: str
    value: str | None
    plain: bool = False

    @property
    def reference(self) -> str:
        """What a shell replaces by the value."""
        return f"${{{self.name}}}"


class CommitTextInCode(PipelineFileError):
    """Text of a commit would become code.

    :param held: the value.
    :param code: what it would be part of.
    :param marker: that held its place.
    :param position: which of the commands, from 0.
    """

    def __init__(self, held: Held, code: Code, *, marker: str = "", position: int = 0) -> None:
        where = {
            Language.COMMAND: "a command",
            Language.FED: f"something that {code.program} runs",
            Language.HANDED: f"something that {code.program} may run",
            Language.FORMAT: f"the format of {code.program}",
            Language.UNQUOTED: f"options of {code.program}",
        }.get(code.language, f"code of {code.program}")
        name = re.search(r"\w+", held.form)
        message = f"{held.form} is more than plain characters in this build, and would be {where}"
        super().__init__(message, advice=advice_for(code, name[0] if name else held.name))
        self.held = held
        self.marker = marker
        self.position = position
        """Of the command among its step's."""
