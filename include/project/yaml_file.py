"""A file of YAML, as values and as the places where they stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from include.project.errors import unreadable
from slipway.exceptions import ProjectFileError

# libyaml, where PyYAML was built with it, reads six times as fast as PyYAML alone.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path, file: str) -> tuple[yaml.Node, Any]:
    """Read a file once, and return its nodes, which know their lines, and its values.

    :param path: the file.
    :param file: how it is called in messages.
    :raises ProjectFileError: when it cannot be read, is no YAML or is empty.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        msg = f"{file}: the file cannot be read: {error.strerror}"
        raise ProjectFileError(msg, advice="correct the file's rights, or remove it") from error
    except UnicodeDecodeError as error:
        msg = f"{file}: byte {error.start + 1} is no UTF-8"
        raise ProjectFileError(msg, advice="save the file as UTF-8") from error
    try:
        root, data = _read(text, _Loader)
    except (yaml.YAMLError, ValueError) as error:
        raise unreadable(file, _in_words(text, error)) from error
    if root is None:
        msg = f"{file}:1:1: the file is empty"
        raise ProjectFileError(msg, advice="include/projects/guestbook.yaml is an example")
    return root, data


def _read(text: str, kind: Any) -> tuple[yaml.Node | None, Any]:
    loader = kind(text)
    try:
        root = loader.get_single_node()
        return root, None if root is None else loader.construct_document(root)
    finally:
        loader.dispose()


def _in_words(text: str, error: Exception) -> Exception:
    """Return what PyYAML alone says of a mistake: it has more words for it than libyaml."""
    try:
        _read(text, yaml.SafeLoader)
    except (yaml.YAMLError, ValueError) as said:
        return said
    return error
