"""YAML text -> nodes, as libyaml scans it: Drone's own reader is a port of that.

PyYAML's own scanner refuses what libyaml takes, such as tabs between words, and takes some of what
libyaml refuses, such as ``{a:}``. So libyaml is asked first, and the other where that refuses. The
nodes are put together here, for the limits, and because neither lets an anchor's name be given
away twice, nor says where an alias stood.
"""

from __future__ import annotations

import copy
from typing import Any

import yaml
from yaml.composer import Composer

from slipway.pipeline.yaml.unfold import DEEPEST, MOST_VALUES

# Values in a file as they are written: keys are such, too.
_MOST_NODES = 3 * MOST_VALUES


class TooDeep(yaml.YAMLError):
    """Values are nested deeper than anybody nests them."""

    rule = "too-deep"

    def __init__(self, mark: Any) -> None:
        super().__init__(f"values are nested more than {DEEPEST} deep")
        self.mark = mark


class TooMany(TooDeep):
    """There are more values than anybody writes."""

    rule = "too-many-values"

    def __init__(self, mark: Any) -> None:
        yaml.YAMLError.__init__(self, f"the file has more than {_MOST_NODES} values")
        self.mark = mark


def compose(text: str) -> list[yaml.Node]:
    """Return the top node of each document.

    :raises TooDeep: before a deep nest exhausts the stack, or too many values the memory.
    :raises yaml.YAMLError: when it is not YAML.
    """
    try:
        return _composed(_AsLibyaml(text))
    except TooDeep:
        raise
    except yaml.YAMLError:
        try:
            return _composed(_AsPyYaml(text))
        except yaml.YAMLError:
            pass  # what libyaml says of it is told
        raise


def _composed(composer: _AsLibyaml | _AsPyYaml) -> list[yaml.Node]:
    nodes: list[yaml.Node] = []
    try:
        while composer.check_node():
            node = composer.get_node()
            if node is not None:
                nodes.append(node)
    finally:
        composer.dispose()
    return nodes


class _Bounded(Composer):
    """Composes nodes within limits, and gives each alias its own place."""

    _depth = 0
    _nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        self._nodes += 1
        event: Any = self.peek_event()  # type: ignore[attr-defined] # the parser's
        if self._depth > DEEPEST:
            raise TooDeep(event.start_mark)
        if self._nodes > _MOST_NODES:
            raise TooMany(event.start_mark)
        try:
            if isinstance(event, yaml.AliasEvent):
                return _placed(super().compose_node(parent, index), event)
            # Of two anchors of one name, the last before an alias counts.
            self.anchors.pop(event.anchor, None)
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


class _AsLibyaml(_Bounded, yaml.CSafeLoader):
    """Composes what libyaml parses."""

    def __init__(self, text: str) -> None:
        yaml.CSafeLoader.__init__(self, text)
        Composer.__init__(self)


class _AsPyYaml(_Bounded, yaml.SafeLoader):
    """Composes what PyYAML's own parser does."""


def _placed(node: yaml.Node | None, alias: yaml.AliasEvent) -> yaml.Node | None:
    """Return a node that stands where an alias of it stood; what is in it is the same."""
    here = copy.copy(node)
    if here is not None:
        here.start_mark, here.end_mark = alias.start_mark, alias.end_mark
    return here
