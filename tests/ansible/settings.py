"""The program that a machine reads its secrets with, and values that arrive whole or not at all."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

ROLE = Path(__file__).resolve().parents[2] / "ansible" / "roles" / "app"
READER = ROLE.parent / "base" / "files" / "read_secrets.py"
VALUES = {
    "EMPTY": "",
    "BLANKS": "  a  b  ",
    "LINES": "-----BEGIN KEY-----\nabc\n\ndef\n-----END KEY-----\n",
    "TABS": "a\tb\t",
    "RETURNS": "a\r\nb\r",
    "QUOTES": "\"'`$\\ \"\" '' `` $$ \\\\ ",
    "LAST_BACKSLASH": "x\\",
    "BACKSLASH_BEFORE_A_LINE": "x\\\ny",
    "ESCAPES": r"\n \t \x41 \u0041 \101 \s",
    "EXPANSIONS": "$HOME ${HOME} %h %% $(id) `id`",
    "COMMENTS": "#a\n;b\n# c",
    "ASSIGNMENTS": "a\nEVIL=1\nexport EVIL=1",
    "END_OF_QUOTE": 'a"\nEVIL="1',
    "JINJA": "{{ 1 + 1 }} {% raw %} {# a #} {% endraw %}",
    "UNICODE": "ä—z 漢字 \U0001f511 \u202e\u2028\ufeff",
    "EDGES": "\ud7ff\ue000\ufdcf\ufdf0\ufffd\U00010000\U0001fffd\U0010fffd",
    "CONTROLS": "\x01\x07\x1b[31m\x7f",
    "LONG": "ab\\c" * 2000,
    "lower_case_9": "1",
}


def reader() -> Any:
    """Load the program, which is no module of any package."""
    spec = importlib.util.spec_from_file_location("read_secrets", READER)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def environment_file(text: str) -> dict[str, str]:
    """Read double-quoted lines of an EnvironmentFile as systemd.exec(5) says it does."""
    found: dict[str, str] = {}
    rest = iter(text)
    name = ""
    for character in rest:
        if character != "=":
            name += character
            continue
        assert next(rest) == '"', "only double-quoted values are written"
        value = found[name.lstrip("\n")] = _quoted(rest)
        assert all(map(_is_taken, value)), "systemd drops this value, and prints it"
        name = ""
    assert name.strip("\n") == "", "something stands outside the quotes"
    return found


def _is_taken(character: str) -> bool:
    """Say what systemd's reader of UTF-8 takes: no half characters, and no noncharacters."""
    code = ord(character)
    return not (0xD800 <= code < 0xE000 or 0xFDD0 <= code < 0xFDF0 or code & 0xFFFF >= 0xFFFE)


def _quoted(rest: Any) -> str:
    value = ""
    for character in rest:
        if character == '"':
            return value
        if character != "\\":
            value += character
            continue
        escaped = next(rest)
        if escaped in '"\\`$':
            value += escaped
        elif escaped != "\n":
            value += f"\\{escaped}"
    msg = "a quote is not closed"
    raise AssertionError(msg)
