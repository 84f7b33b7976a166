"""Programs that pipelines use, and what their words are to them.

Nobody can list what runs code. So these lists say of which programs the words, and the input, are
known to be text; whatever is in none of them is looked at with suspicion
(:mod:`slipway.pipeline.commit_text.suspicion`). The long ones are in ``programs.toml``.
"""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from typing import Any

SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash"})
# Those whose second word says that a program follows.
LAUNCHERS = {
    "poetry": "run",
    "uv": "run",
    "pipenv": "run",
    "pdm": "run",
    "rye": "run",
    "bundle": "exec",
    "bundler": "exec",
}
# Options whose next word, or the rest of which, is code; the short ones may stand in a cluster.
INTERPRETERS: dict[str, str] = {
    "python": "c",
    "pypy": "c",
    "perl": "eE",
    "ruby": "e",
    "lua": "e",
    "luajit": "e",
    "node": "ep",
    "nodejs": "ep",
    "php": "rBRE",
    "R": "e",
    "Rscript": "e",
    "julia": "eE",
    "groovy": "e",
    "scala": "e",
    "elixir": "e",
    "ghc": "e",
}
# Clients of databases, with the options that take statements and those that take text.
CLIENTS: dict[str, tuple[str, str]] = {
    "psql": ("c", "vdUhp"),
    "mysql": ("e", "uhDP"),
    "mariadb": ("e", "uhDP"),
    "clickhouse-client": ("q", "udh"),
    "sqlite3": ("", ""),
    "duckdb": ("cs", ""),
}
LONG_OPTIONS = ("--eval", "--print", "--execute", "--command", "--query", "--run", "--exec", "-cmd")
# Programs whose first operand is code, options with a word of their own, and such with code.
OPERANDS: dict[str, tuple[str, str, frozenset[str]]] = {
    "awk": ("Fvil", "e", frozenset({"-f", "--file"})),
    "sed": ("l", "e", frozenset({"-f", "--file"})),
    "jq": ("L", "", frozenset({"-f", "--from-file"})),
    "yq": ("", "", frozenset({"--from-file"})),
}
ALIASES = {"gawk": "awk", "mawk": "awk", "nawk": "awk", "gsed": "sed", "gojq": "jq", "jaq": "jq"}
PAIRS = ("--arg", "--argjson", "--slurpfile", "--rawfile")
# Options of wrappers that take a word, and the operands before the command.
TAKES = {
    "sudo": ("ugphCrtTU", 0),
    "doas": ("uC", 0),
    "env": ("uC", 0),
    "timeout": ("sk", 1),
    "nice": ("n", 0),
    "xargs": ("InPLdEsa", 0),
    "ionice": ("cnp", 0),
    "stdbuf": ("ioe", 0),
    "flock": ("wE", 1),
    "chroot": ("", 1),
    "gosu": ("", 1),
    "su-exec": ("", 1),
    "runuser": ("u", 0),
    "exec": ("a", 0),
}
VERSION = re.compile(r"(python|pypy|ruby|php|perl|lua|node)[\d.]+$")
SSH_WORDS = "BbcDEeFIiJLlmOopQRSWw"
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")

# The tables of names; the file says what each of them holds.
_TABLES: dict[str, Any] = tomllib.loads(
    files(__package__).joinpath("programs.toml").read_text(encoding="utf-8")
)


def _sets(name: str) -> dict[str, frozenset[str]]:
    return {program: frozenset(words) for program, words in _TABLES[name].items()}


WRAPPERS = frozenset[str](_TABLES["wrappers"])
FAR_WRAPPERS = frozenset[str](_TABLES["far_wrappers"])
CONTAINERS = frozenset[str](_TABLES["containers"])
TEXT = frozenset[str](_TABLES["text"])
GIT = frozenset[str](_TABLES["git"])
GIT_REMOTE = frozenset[str](_TABLES["git_remote"])
NEVER_TEXT = frozenset[str](_TABLES["never_text"])
READERS = _sets("readers")
TEXT_OPTIONS = _sets("text_options")
RUNNING_OPTIONS = _sets("running_options")
OWN_SUSPICION = _sets("own_suspicion")
# Names that somewhere among the words of a program that is not known tell that it runs others.
CODE = frozenset[str](
    {*SHELLS, *INTERPRETERS, *CLIENTS, *FAR_WRAPPERS, *NEVER_TEXT, *_TABLES["code"]}
).difference(_TABLES["words"])
ARITHMETIC = frozenset({"-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-v", "-R"})
