"""A document's YAML nodes -> data: aliases and `<<` are unfolded, within limits."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from typing import Any

import yaml

from slipway.pipeline.yaml.diagnostics import Path, PipelineFileInvalid, Span
from slipway.pipeline.yaml.document import Document, Scalar

# Levels of nesting.
DEEPEST = 30
# Values in a document, aliases unfolded: ten nested lists of ten aliases each would be 10^10.
MOST_VALUES = 20_000
# Characters in a file, aliases unfolded.
MOST_CHARACTERS = 1 << 20

_TAG = "tag:yaml.org,2002:"
_MERGE, _NULL, _BINARY = f"{_TAG}merge", f"{_TAG}null", f"{_TAG}binary"
_SCALARS = frozenset(_TAG + name for name in ("str", "int", "float", "bool", "timestamp", "value"))
_KNOWN = _SCALARS | {_NULL, _BINARY, _MERGE, f"{_TAG}map", f"{_TAG}seq"}
_CONTAINERS, _STEP = ("steps", "services"), ("steps", 0)
# Characters of nobody's for those that YAML reads, where it must not.
SHELTER = {ord(character): 0xE000 + place for place, character in enumerate("{}[],:#")}
RESTORE = {private: character for character, private in SHELTER.items()}


class Size:
    """The characters that a file's values may still have."""

    left = MOST_CHARACTERS


class Builder:
    """Unfolds one document's nodes into data, counting as it goes."""

    def __init__(self, file: str, number: int, lines: tuple[str, ...], size: Size) -> None:
        self._size = size
        self._document = Document(file=file, number=number, data=None, lines=lines)
        self._left = MOST_VALUES

    def document(self, node: yaml.Node) -> Document:
        """Return the document that a node is the top of.

        :raises PipelineFileInvalid: when it is not to be trusted.
        """
        return replace(self._document, data=self._build(node, ()))

    def _build(self, node: yaml.Node, path: Path) -> Any:
        self._document.values[path] = _span(node)
        self._left -= 1
        if self._left < 0 or len(path) > DEEPEST:
            raise self._broken(path, "alias-bomb", "aliases unfold into far too many values")
        if node.tag not in _KNOWN:
            # A tag of nobody's stands before a value like any other, and constructs nothing.
            message = f"the tag `{node.tag.replace(_TAG, '!!')}` means nothing, so it is ignored"
            self._document.warn("tag", path, message, advice="remove it")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._build(item, (*path, i)) for i, item in enumerate(node.value)]
        if node.tag == _NULL:
            return None
        return self._scalar(node, path)

    def _scalar(self, node: yaml.Node, path: Path) -> Scalar:
        self._size.left -= len(node.value)
        if self._size.left < 0:
            message = f"aliases unfold into more than {MOST_CHARACTERS} characters"
            raise self._broken(path, "alias-bomb", message)
        text = node.value.translate(RESTORE)
        if node.tag == _BINARY:
            try:
                text = base64.b64decode("".join(text.split()), validate=True).decode()
            except (binascii.Error, ValueError) as error:
                message = "this is no text in base64"
                raise self._broken(path, "tag", message, advice="remove `!!binary`") from error
        return Scalar(text, node.tag.removeprefix(_TAG) if node.tag in _SCALARS else "str")

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        """Unfold a mapping; of two equal keys the last counts, as it does for Drone."""
        merged: dict[str, Any] = {}
        for key, value in node.value:
            if key.tag == _MERGE:
                for name, content in self._merge(value, path).items():
                    merged.setdefault(name, content)
        own: dict[str, Any] = {}
        for key, value in node.value:
            if key.tag == _MERGE:
                continue
            name = self._key(key, path)
            here = (*path, name)
            self._document.keys[here] = _span(key)
            if name in own:
                message = f"`{name}` is here twice; the last one counts"
                self._document.warn("duplicate-key", here, message, at_key=True)
            own[name] = _joined(own.get(name), self._build(value, here), path)
        return _merged(own, merged, path)

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
            merged = _merged(merged, self._mapping(item, path), path)
        return merged

    def _deeper(self, path: Path) -> bool:
        """Count a merge as a value: one that merges itself would never end."""
        self._left -= MOST_VALUES // 200
        if self._left < 0:
            raise self._broken(path, "alias-bomb", "`<<` is used far too often")
        return True

    def _key(self, key: yaml.Node, path: Path) -> str:
        if isinstance(key, yaml.ScalarNode):
            return str(key.value).translate(RESTORE)
        raise self._broken(path, "key", "a key must be plain text")

    def _broken(
        self, path: Path, rule: str, message: str, *, advice: str = ""
    ) -> PipelineFileInvalid:
        return PipelineFileInvalid([self._document.problem(rule, path, message, advice=advice)])


def _merged(own: dict[str, Any], base: dict[str, Any], path: Path) -> dict[str, Any]:
    """Put a mapping and what it merges together; its own keys win."""
    out = base | own
    for name in base.keys() & own.keys():
        out[name] = _joined(base[name], own[name], path)
    return out


def _joined(first: Any, second: Any, path: Path) -> Any:
    """Return the value of a key that was given twice, in the mapping at a path.

    The second counts. Only what fills a pipeline or a step is put together key by key: a step that
    merges another one keeps its variables, and adds its own.
    """
    fills = path == () or (len(path) == len(_STEP) and path[0] in _CONTAINERS)
    if fills and isinstance(first, dict) and isinstance(second, dict):
        return first | second
    return second


def _span(node: yaml.Node) -> Span:
    start, end = node.start_mark, node.end_mark
    width = end.column - start.column if end.line == start.line else 1
    return Span(line=start.line + 1, column=start.column + 1, width=max(1, width))
