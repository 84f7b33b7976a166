"""Forms that ask how the run stands: left open when a file is compiled, filled when a step starts.

``${DRONE_BUILD_STATUS}`` in a plugin's settings has no value before the step's turn. The compiler
leaves a mark in its place, which holds a zero byte and so stands in no text of anybody else's, and
the runner puts the value where the mark is. A value is put in as it is: nothing in it is a form.
Where settings become JSON, which would write the zero byte in characters that everybody can write,
the mark is put back as it was, and says that its value is to be written as JSON.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, TypeVar

from slipway.pipeline.compiler.spec import LateForm
from slipway.pipeline.compiler.status import NAMES
from slipway.pipeline.yaml.substitution import Budget, expand, substitute

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slipway.pipeline.yaml.model import Pipeline, Step

    _Step = TypeVar("_Step", bound=Step)

# A mark, and one whose value goes into JSON.
_MARK = re.compile("\0([0-9]+)(j?)\0")
# One that was written as JSON: no backslash takes the meaning of the first from it.
_JSON_MARK = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000([0-9]+)\\u0000")
# A name and nothing else, and those whose values mean nothing to a shell.
_NAMED = re.compile(r"(?<!\$)\$\{([A-Z_]+)\}")
_PLAIN = frozenset(name for name in NAMES if "FAILED" not in name)


class LateForms:
    """Collects the late forms of one pipeline.

    :param variables: of the build; one that is not there is empty.
    :param budget: of the file.
    """

    def __init__(self, variables: Mapping[str, str], budget: Budget) -> None:
        self._variables = variables
        self._budget = budget
        self._used: dict[str, str] = {}
        self._forms: list[LateForm] = []

    @property
    def forms(self) -> tuple[LateForm, ...]:
        """Those that were found, in the order of their numbers."""
        return tuple(self._forms)

    def substituted(self, text: str) -> str:
        """Replace every form in a text: late ones by their marks, others by their values.

        :raises BadSubstitution: naming the form.
        :raises SubstitutionTooLong: naming the limit.
        """
        return expand(text, self._look_up, self._replaced, budget=self._budget)

    def in_words(self, pipeline: Pipeline) -> Pipeline:
        """Return a pipeline with marks in the words that containers run, in place of plain names.

        There may be a shell among these words. So only what is plain for sure is put in, which the
        names of steps are not.
        """
        return pipeline.model_copy(
            update={
                "services": tuple(map(self._in_words_of, pipeline.services)),
                "steps": tuple(map(self._in_words_of, pipeline.steps)),
            }
        )

    def _in_words_of(self, step: _Step) -> _Step:
        def marked(match: re.Match[str]) -> str:
            return self._mark(LateForm(form=match[0])) if match[1] in _PLAIN else match[0]

        lists = {"command": step.command, "entrypoint": step.entrypoint}
        changed = {
            key: tuple(_NAMED.sub(marked, word) for word in words)
            for key, words in lists.items()
            if words is not None
        }
        return step.model_copy(update=changed)

    def _look_up(self, name: str) -> str:
        """Return a variable's value, and remember that the form at hand asked for it."""
        known = "" if name in NAMES else self._variables.get(name, "")
        self._used[name] = known.replace("\0", "")
        return self._used[name]

    def _replaced(self, form: str, value: str) -> str:
        """Return what stands in a form's place, once what it uses was looked up."""
        used, self._used = self._used, {}
        if NAMES.isdisjoint(used):
            return value
        others = {name: text for name, text in used.items() if name not in NAMES}
        return self._mark(LateForm(form=form, variables=others))

    def _mark(self, late: LateForm) -> str:
        if late not in self._forms:
            self._forms.append(late)
        return f"\0{self._forms.index(late)}\0"


def in_json(text: str) -> str:
    """Put marks back that were written as JSON."""
    return _JSON_MARK.sub("\\1\0\\2j\0", text)


def filled(text: str, forms: Sequence[LateForm], status: Mapping[str, str]) -> str:
    """Put the values in the places of their marks.

    :param text: with marks in it.
    :param forms: of the pipeline.
    :param status: how the run stands, as
        :func:`slipway.pipeline.compiler.status.status_variables` has it.
    """
    if "\0" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        number = int(match[1])
        if number >= len(forms):
            return ""
        text = substitute(forms[number].form, {**forms[number].variables, **status})
        return json.dumps(text, ensure_ascii=False)[1:-1] if match[2] else text

    return _MARK.sub(value, text)


def filled_names(
    variables: Mapping[str, str], forms: Sequence[LateForm], status: Mapping[str, str]
) -> dict[str, str]:
    """Put the values in the places of their marks, in the names of variables as well.

    :param variables: with marks in names and values.
    :param forms: of the pipeline.
    :param status: how the run stands.
    """
    out: dict[str, str] = {}
    for name, text in variables.items():
        known = filled(name, forms, status)
        if known != name and known.startswith("PLUGIN_"):
            known = known.upper()
        out[known] = filled(text, forms, status)
    return out
