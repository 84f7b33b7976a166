"""Where something stands in nfpm's description of a package, for messages that name the line.

nfpm reads the file; this only finds places in it, and finds none in a file that it cannot read.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml

_OVERRIDES = "/usr/share/lintian/overrides/"


@dataclass(frozen=True, kw_only=True, slots=True)
class PackagingFile:
    """nfpm's description.

    :param path: from the repository's top.
    :param text: its content.
    """

    path: str
    text: str

    def value(self, key: str) -> str | None:
        """Return what stands at a key of the file's top, as written; None without it."""
        found = self._entry(key)
        return None if found is None else str(getattr(found[1], "value", ""))

    def place(self, key: str) -> str:
        """Name a key's place, ``nfpm.yaml, line 7: `epoch: x```; the file alone without the key."""
        found = self._entry(key)
        if found is None:
            return self.path
        number = found[0].start_mark.line
        return f"{self.path}, line {number + 1}: `{self.text.splitlines()[number].strip()}`"

    def overrides(self, package: str) -> str | None:
        """Return the file of the repository that becomes the package's lintian overrides."""
        found = self._entry("contents")
        entries = found[1].value if found and isinstance(found[1], yaml.SequenceNode) else ()
        for entry in entries:
            pairs = entry.value if isinstance(entry, yaml.MappingNode) else ()
            fields = {str(key.value): str(value.value) for key, value in pairs}
            if fields.get("dst") == f"{_OVERRIDES}{package}":
                return fields.get("src")
        return None

    @property
    def is_read(self) -> bool:
        """Whether there is a mapping in the file, whose fields can be found."""
        return isinstance(self._top(), yaml.MappingNode)

    def _entry(self, key: str) -> tuple[yaml.Node, yaml.Node] | None:
        top = self._top()
        pairs = top.value if isinstance(top, yaml.MappingNode) else ()
        # nfpm takes the last of two equal keys.
        return next((pair for pair in reversed(pairs) if pair[0].value == key), None)

    def _top(self) -> yaml.Node | None:
        try:
            return yaml.compose(self.text, Loader=yaml.SafeLoader)
        except (yaml.YAMLError, RecursionError):
            return None
