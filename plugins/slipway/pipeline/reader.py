"""A pipeline file's text -> plain data that remembers where each value stood.

The text comes from a commit, so it is hostile until shown otherwise: size, depth and the number
of values after aliases are unfolded all have limits, and no tag constructs anything.

Scalars stay the text that was written (``on`` is "on", ``010`` is "010"), because Drone reads
them into typed fields; only null is None. What YAML takes a text for is kept beside it, since a
plugin's settings have no type of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, Self

import yaml

from slipway.pipeline.places import Path, PipelineFileInvalid, Problem, Span

# Bytes. The longest pipeline files seen in the wild are about 60 KiB.
LARGEST = 1 << 18
DEEPEST = 30
# Values in a document, aliases unfolded: ten nested lists of ten aliases each would be 10^10.
MOST_VALUES = 20_000
# Characters in a file, aliases unfolded.
MOST_CHARACTERS = 1 << 20

# Values in a file as they are written: keys are such, too.
_MOST_NODES = 3 * MOST_VALUES

_TAG = "tag:yaml.org,2002:"
_MERGE, _NULL = f"{_TAG}merge", f"{_TAG}null"
_SCALARS = frozenset(_TAG + name for name in ("str", "int", "float", "bool", "timestamp", "value"))
# A form of substitution, and one within it; and characters of nobody's for those that YAML reads.
_FORM = re.compile(r"\$\{[A-Za-z_#][^{}\n\"']*(?:\$\{[^{}\n\"']*\}[^{}\n\"']*)*\}")
_SHELTER = {ord(character): 0xE000 + place for place, character in enumerate("{}[],:#")}
_RESTORE = {private: character for character, private in _SHELTER.items()}


class Scalar(str):
    """A scalar's text as it was written.

    :param kind: what YAML 1.1 takes it for: ``str``, ``int``, ``float``, ``bool``, ...
    """

    __slots__ = ("kind",)
    kind: str

    def __new__(cls, text: str, kind: str) -> Self:
        """Keep the kind beside the text."""
        scalar = super().__new__(cls, text)
        scalar.kind = kind
        return scalar


@dataclass(frozen=True, kw_only=True)
class Document:
    """One YAML document.

    :param number: counts from 1.
    :param data: dicts, lists, texts and None.
    :param values: where each value stood.
    :param keys: where the key of each mapping entry stood.
    :param origins: after a conversion, where in the file the new form's parts came from.
    """

    file: str
    number: int
    data: Any
    lines: tuple[str, ...]
    values: dict[Path, Span] = field(default_factory=dict)
    keys: dict[Path, Span] = field(default_factory=dict)
    origins: dict[Path, Path] = field(default_factory=dict)

    def problem(
        self, rule: str, path: Path, message: str, *, advice: str = "", at_key: bool = False
    ) -> Problem:
        """Describe a mistake at a path, or at the nearest place above that is in the file.

        :param at_key: point at the entry's key instead of its value.
        """
        path = self._origin(path)
        spans = self.keys if at_key else self.values
        while path not in spans and path:
            path, spans = path[:-1], self.values
        return _problem(
            self.file, rule, message, spans.get(path), self.lines,
            document=self.number, advice=advice,
        )  # fmt: skip

    def _origin(self, path: Path) -> Path:
        """Find where something of a converted document stood, by the longest part that is known."""
        for cut in range(len(path), 0, -1):
            if (origin := self.origins.get(path[:cut])) is not None:
                return (*origin, *path[cut:])
        return path


def read(data: bytes, *, file: str) -> list[Document]:
    """Read a file's documents; empty ones are left out, but counted.

    :param data: the file's content.
    :param file: its name, for messages.
    :raises PipelineFileInvalid: when it is too large, not YAML, or not to be trusted.
    """
    text = _decode(data, file)
    lines = tuple(text.splitlines())
    try:
        nodes = list(yaml.compose_all(_sheltered(text), Loader=_BoundedLoader))
    except _TooDeep as error:
        raise _refusal(file, error.rule, str(error), error.mark, lines) from error
    except yaml.MarkedYAMLError as error:
        message = f"this is not YAML: {error.problem or error.context}"
        raise _refusal(file, "yaml", message, error.problem_mark, lines) from error
    except yaml.YAMLError as error:
        raise _refusal(file, "yaml", f"this is not YAML: {error}", None, lines) from error
    size = _Size()
    documents = [
        _Builder(file, number, lines, size).document(node) for number, node in enumerate(nodes, 1)
    ]
    return [document for document in documents if document.data is not None]


def _sheltered(text: str) -> str:
    """Keep YAML from reading what is inside ``${...}``: Drone replaces it before it parses.

    ``[latest, ${DRONE_TAG:=none}]`` is a list of two. Each character stands in for one, so that
    every place stays where it is.
    """
    return _FORM.sub(lambda form: form[0].translate(_SHELTER), text)


def _decode(data: bytes, file: str) -> str:
    if len(data) > LARGEST:
        message = f"the file has {len(data)} bytes; {LARGEST} is the limit"
        raise _refusal(file, "too-large", message, None, ())
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"the file is not UTF-8 (byte {error.start})"
        raise _refusal(file, "encoding", message, None, ()) from error
    if private := next((number for number in _RESTORE if chr(number) in text), None):
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


class _Size:
    """The characters that a file's values may still have."""

    left = MOST_CHARACTERS


class _Builder:
    """Unfolds one document's nodes into data, counting as it goes."""

    def __init__(self, file: str, number: int, lines: tuple[str, ...], size: _Size) -> None:
        self._size = size
        self._document = Document(file=file, number=number, data=None, lines=lines)
        self._left = MOST_VALUES

    def document(self, node: yaml.Node) -> Document:
        return replace(self._document, data=self._build(node, ()))

    def _build(self, node: yaml.Node, path: Path) -> Any:
        self._document.values[path] = _span(node)
        self._left -= 1
        if self._left < 0 or len(path) > DEEPEST:
            raise self._broken(path, "alias-bomb", "aliases unfold into far too many values")
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            return [self._build(item, (*path, i)) for i, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.tag == _NULL:
            return None
        if isinstance(node, yaml.ScalarNode) and node.tag in _SCALARS:
            self._size.left -= len(node.value)
            if self._size.left < 0:
                message = f"aliases unfold into more than {MOST_CHARACTERS} characters"
                raise self._broken(path, "alias-bomb", message)
            return Scalar(node.value.translate(_RESTORE), node.tag.removeprefix(_TAG))
        tag = node.tag.replace(_TAG, "!!")
        raise self._broken(path, "tag", f"the tag {tag} means nothing here", advice="remove it")

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key, value in node.value:
            if key.tag == _MERGE:
                for name, content in self._merge(value, path).items():
                    merged.setdefault(name, content)
                continue
            name = self._key(key, path)
            here = (*path, name)
            if name in own:
                self._document.keys[here] = _span(key)
                message = f"`{name}` is here twice"
                raise PipelineFileInvalid(
                    [self._document.problem("duplicate-key", here, message, at_key=True)]
                )
            own[name] = self._build(value, here)
            self._document.keys[here] = _span(key)
        return merged | own

    def _merge(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        """Unfold ``<<``: one mapping, or several of which the first to name a key wins."""
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path) if self._deeper(path) else {}
        if not isinstance(node, yaml.SequenceNode):
            raise self._broken(path, "merge", "`<<` takes a mapping, or a list of mappings")
        merged: dict[str, Any] = {}
        for item in node.value:
            if not isinstance(item, yaml.MappingNode):
                raise self._broken(path, "merge", "`<<` takes a mapping, or a list of mappings")
            self._deeper(path)
            merged = self._mapping(item, path) | merged
        return merged

    def _deeper(self, path: Path) -> bool:
        """Count a merge as a value: one that merges itself would never end."""
        self._left -= MOST_VALUES // 200
        if self._left < 0:
            raise self._broken(path, "alias-bomb", "`<<` is used far too often")
        return True

    def _key(self, key: yaml.Node, path: Path) -> str:
        if isinstance(key, yaml.ScalarNode) and key.tag in (*_SCALARS, _NULL):
            return str(key.value).translate(_RESTORE)
        raise self._broken(path, "key", "a key must be plain text")

    def _broken(
        self, path: Path, rule: str, message: str, *, advice: str = ""
    ) -> PipelineFileInvalid:
        return PipelineFileInvalid([self._document.problem(rule, path, message, advice=advice)])


def _span(node: yaml.Node) -> Span:
    start, end = node.start_mark, node.end_mark
    width = end.column - start.column if end.line == start.line else 1
    return Span(line=start.line + 1, column=start.column + 1, width=max(1, width))


def _refusal(
    file: str, rule: str, message: str, mark: yaml.Mark | None, lines: tuple[str, ...]
) -> PipelineFileInvalid:
    span = Span(line=mark.line + 1, column=mark.column + 1) if mark else None
    return PipelineFileInvalid([_problem(file, rule, message, span, lines)])


def _problem(
    file: str, rule: str, message: str, span: Span | None, lines: tuple[str, ...],
    *, document: int = 1, advice: str = "",
) -> Problem:  # fmt: skip
    source = lines[span.line - 1] if span and span.line <= len(lines) else ""
    return Problem(
        file=file, rule=rule, message=message, document=document, span=span, source=source,
        advice=advice,
    )  # fmt: skip
