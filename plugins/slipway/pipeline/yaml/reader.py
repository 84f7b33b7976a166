"""A pipeline file's text -> plain data that remembers where each value stood.

The text comes from a commit, so it is hostile until shown otherwise: size, depth and the number
of values after aliases are unfolded all have limits, and no tag constructs anything.

Scalars stay the text that was written (``on`` is "on", ``010`` is "010"), because Drone reads
them into typed fields; only null is None. What YAML takes a text for is kept beside it, since a
plugin's settings have no type of their own.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from slipway.pipeline.yaml.diagnostics import PipelineFileInvalid, Problem, Span
from slipway.pipeline.yaml.document import Document, problem_at
from slipway.pipeline.yaml.unfold import DEEPEST, MOST_VALUES, RESTORE, SHELTER, Builder, Size

# Bytes. The longest pipeline files seen in the wild are about 60 KiB.
LARGEST = 1 << 18
# Values in a file as they are written: keys are such, too.
_MOST_NODES = 3 * MOST_VALUES
# A form of substitution, and one within it.
_FORM = re.compile(r"\$\{[A-Za-z_#][^{}\n\"']*(?:\$\{[^{}\n\"']*\}[^{}\n\"']*)*\}")
# Where Drone stops reading.
_END = re.compile(r"^\.\.\.", re.MULTILINE)
_CONTENT = re.compile(r"^[^\S\n]*([^\s#].*)$", re.MULTILINE)


def read(data: bytes, *, file: str) -> list[Document]:
    """Read a file's documents; empty ones are left out, but counted.

    :param data: the file's content.
    :param file: its name, for messages.
    :raises PipelineFileInvalid: when it is too large, not YAML, or not to be trusted.
    """
    text = _decode(data, file)
    lines = tuple(text.splitlines())
    end = _END.search(text)
    read_text = text[: end.start()] if end else text
    try:
        nodes = list(yaml.compose_all(_sheltered(read_text), Loader=_BoundedLoader))
    except _TooDeep as error:
        raise _refusal(file, error.rule, str(error), error.mark, lines) from error
    except yaml.MarkedYAMLError as error:
        message = f"this is not YAML: {error.problem or error.context}"
        raise _refusal(file, "yaml", message, error.problem_mark, lines) from error
    except yaml.YAMLError as error:
        raise _refusal(file, "yaml", f"this is not YAML: {error}", None, lines) from error
    size = Size()
    documents = [
        Builder(file, number, lines, size).document(node) for number, node in enumerate(nodes, 1)
    ]
    documents = [document for document in documents if document.data is not None]
    if end and documents and (rest := _CONTENT.search(text, end.end())):
        documents[-1].warnings.append(_unread(documents[-1], text, rest))
    return documents


def _unread(document: Document, text: str, rest: re.Match[str]) -> Problem:
    line = text.count("\n", 0, rest.start(1)) + 1
    span = Span(line=line, column=rest.start(1) - rest.start() + 1)
    message = "nothing is read after a line that begins with `...`"
    return problem_at(document.file, "after-the-end", message, span, document.lines)


def _sheltered(text: str) -> str:
    """Keep YAML from reading what is inside ``${...}``: Drone replaces it before it parses.

    ``[latest, ${DRONE_TAG:=none}]`` is a list of two. Each character stands in for one, so that
    every place stays where it is.
    """
    return _FORM.sub(lambda form: form[0].translate(SHELTER), text)


def _decode(data: bytes, file: str) -> str:
    if len(data) > LARGEST:
        message = f"the file has {len(data)} bytes; {LARGEST} is the limit"
        raise _refusal(file, "too-large", message, None, ())
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"the file is not UTF-8 (byte {error.start})"
        raise _refusal(file, "encoding", message, None, ()) from error
    if private := next((number for number in RESTORE if chr(number) in text), None):
        message = f"the character U+{private:04X} means nothing in a pipeline file"
        raise _refusal(file, "encoding", message, None, ())
    return text


class _TooDeep(yaml.YAMLError):
    rule = "too-deep"

    def __init__(self, mark: yaml.Mark) -> None:
        super().__init__(f"values are nested more than {DEEPEST} deep")
        self.mark = mark


class _TooMany(_TooDeep):
    rule = "too-many-values"

    def __init__(self, mark: yaml.Mark) -> None:
        yaml.YAMLError.__init__(self, f"the file has more than {_MOST_NODES} values")
        self.mark = mark


class _BoundedLoader(yaml.SafeLoader):
    """Composes nodes, but stops before a deep nest exhausts the stack."""

    depth = 0
    nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.depth += 1
        self.nodes += 1
        if self.depth > DEEPEST:
            raise _TooDeep(self.get_mark())
        if self.nodes > _MOST_NODES:
            raise _TooMany(self.get_mark())
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def _refusal(
    file: str, rule: str, message: str, mark: yaml.Mark | None, lines: tuple[str, ...]
) -> PipelineFileInvalid:
    span = Span(line=mark.line + 1, column=mark.column + 1) if mark else None
    return PipelineFileInvalid([problem_at(file, rule, message, span, lines)])
