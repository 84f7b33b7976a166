"""A pipeline file's text -> plain data that remembers where each value stood.

The text comes from a commit, so it is hostile until shown otherwise: size, depth and the number
of values after aliases are unfolded all have limits, and no tag constructs anything.

Scalars stay the text that was written (``on`` is "on", ``010`` is "010"), because Drone reads
them into typed fields; only null is None. What YAML takes a text for is kept beside it, since a
plugin's settings have no type of their own.
"""

from __future__ import annotations

import re

import yaml

from slipway.pipeline.yaml.composer import TooDeep, compose
from slipway.pipeline.yaml.diagnostics import PipelineFileInvalid, Problem, Span
from slipway.pipeline.yaml.document import Document, problem_at
from slipway.pipeline.yaml.unfold import RESTORE, SHELTER, Builder, Size

# Bytes. The longest pipeline files seen in the wild are about 60 KiB.
LARGEST = 1 << 18
# A form of substitution, and one within it.
_FORM = re.compile(r"\$\{[A-Za-z_#][^{}\n\"']*(?:\$\{[^{}\n\"']*\}[^{}\n\"']*)*\}")
# Where Drone stops reading, and where it begins another document, though YAML does not.
_END = re.compile(r"^\.\.\.", re.MULTILINE)
_RULER = re.compile(r"^---(?=[^\s]).*$", re.MULTILINE)
# What no YAML file holds, and what stands in for some characters while it is read.
_FORBIDDEN = re.compile(
    "[^\\t\\n\\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
    f"|[{''.join(map(chr, RESTORE))}]"
)
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
# How a text begins that Windows calls Unicode.
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# What is said of a scanner's complaint.
_REPAIRS = {
    "did not find expected alphabetic or numeric character": (
        "put a text that begins with `&` or `*` in quotes"
    ),
    "did not find expected key": (
        "is the line indented as those around it? A text that begins with a quote is in quotes "
        "as a whole"
    ),
    "mapping values are not allowed in this context": (
        "is the line indented as those around it? A text with `: ` in it is put in quotes"
    ),
    "found unknown escape character": "in single quotes a backslash is only a backslash",
}
_CONTENT = re.compile(r"^[^\S\n]*([^\s#].*)$", re.MULTILINE)


def read(data: bytes, *, file: str) -> list[Document]:
    """Read a file's documents; empty ones are left out, but counted.

    :param data: the file's content.
    :param file: its name, for messages.
    :raises PipelineFileInvalid: when it is too large, not YAML, or not to be trusted.
    """
    text = _decode(data, file)
    lines = tuple(_BREAK.split(text))
    end = _END.search(text)
    read_text = _RULER.sub("---", text[: end.start()] if end else text)
    try:
        nodes = list(compose(_sheltered(read_text)))
    except TooDeep as error:
        raise _refusal(file, error.rule, str(error), error.mark, lines) from error
    except yaml.MarkedYAMLError as error:
        problem = error.problem or error.context or ""
        message, mark = f"this is not YAML: {problem}", error.problem_mark
        raise _refusal(file, "yaml", message, mark, lines, _repair(problem, mark, lines)) from error
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
    span = _place(text[: rest.start(1)])
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
        raise _not_utf_8(data, error, file) from error
    if found := _FORBIDDEN.search(text):
        message = f"the character U+{ord(found[0]):04X} means nothing in a pipeline file"
        problem = problem_at(
            file,
            "encoding",
            message,
            _place(text[: found.start()]),
            tuple(_BREAK.split(text)),
            advice="remove it; within double quotes YAML takes it as an escape, such as `\\x1b`",
        )
        raise PipelineFileInvalid([problem])
    return text


def _not_utf_8(data: bytes, error: UnicodeDecodeError, file: str) -> PipelineFileInvalid:
    """Say where the first byte is that is no UTF-8."""
    before = data[: error.start].decode("utf-8-sig")
    message = "the file is not UTF-8" + (", but UTF-16" if data.startswith(_UTF_16) else "")
    lines = tuple(_BREAK.split(data.decode("utf-8-sig", errors="replace")))
    problem = problem_at(
        file, "encoding", message, _place(before), lines, advice="save it as UTF-8"
    )
    return PipelineFileInvalid([problem])


def _place(before: str) -> Span:
    """Return the place behind a text."""
    lines = _BREAK.split(before)
    return Span(line=len(lines), column=len(lines[-1]) + 1)


def _repair(problem: str, mark: yaml.Mark | None, lines: tuple[str, ...]) -> str:
    """Say how the commonest slips are put right, in other words than a scanner's."""
    source = lines[mark.line] if mark and mark.line < len(lines) else ""
    at = source[mark.column : mark.column + 1] if mark else ""
    if at == "\t" or "tab" in problem:
        return "there is a tab; lines are indented with blanks"
    if problem == "found character that cannot start any token":
        return f"put a text that begins with `{at}` in quotes"
    return _REPAIRS.get(problem, "")


def _refusal(
    file: str,
    rule: str,
    message: str,
    mark: yaml.Mark | None,
    lines: tuple[str, ...],
    advice: str = "",
) -> PipelineFileInvalid:
    span = Span(line=mark.line + 1, column=mark.column + 1) if mark else None
    return PipelineFileInvalid([problem_at(file, rule, message, span, lines, advice=advice)])
