"""Variables whose value programs run, or are started with."""

from __future__ import annotations

import re

_EXECUTED = re.compile(
    r"(?:\w+_)?(?:EDITOR|PAGER|ASKPASS|COMMAND|CMD|RSH|SHELL|BROWSER|PRELOAD|VISUAL)"
    r"|BASH_ENV|BASH_FUNC.*|ENV|PS[0-4]|IFS|CDPATH|LD_.*|DYLD_.*|GIT_(?:SSH|CONFIG|EXTERNAL|TEMPLATE|EXEC|"
    r"PROXY|DIR|ALTERNATE|OBJECT)\w*|(?:GNU)?MAKE(?:FLAGS|FILES|OVERRIDES)|MFLAGS|LESS(?:OPEN|CLOSE)?"
    r"|PYTHON(?:STARTUP|PATH|HOME|BREAKPOINT|WARNINGS|INSPECT)|PERL5?(?:OPT|DB|LIB)|PERL5\w+|RUBY(?:OPT|LIB)"
    r"|NODE_(?:OPTIONS|PATH)|npm_config_\w+|NPM_CONFIG_\w+|_?JAVA_(?:TOOL_)?OPTIONS|JDK_JAVA_OPTIONS"
    r"|(?:MAVEN|GRADLE|SBT|ANT|CATALINA|JAVA)_OPTS|(?:TAR|TAPE|ZIP|GREP|RSYNC)_?(?:OPTIONS|OPT)|TAPE"
    r"|GOFLAGS|(?:CGO_)?[A-Z]*FLAGS|RUSTC(?:_\w+)?|RUSTFLAGS|CARGO_\w+|CC|CXX|AR|LD|AS|FC|PATH"
)


def is_executed(assignment: str) -> bool:
    """Tell whether a variable's value is run.

    :param assignment: its name, or the name and the rest of an assignment.
    """
    name = re.match(r"\w+", assignment)
    return name is not None and _EXECUTED.fullmatch(name[0]) is not None
