"""What the fields of a project file hold: kinds of text, each with what it may be.

Nothing here knows of Airflow, so that editors, tests and the command line can use it alone.
"""

from __future__ import annotations

import posixpath
import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    StringConstraints,
    WithJsonSchema,
)

from slipway.git_url import parse_url
from slipway.pipeline.globs import PatternTooComplex, compiled

# The same alphabet as Airflow's DAG ids, AWS tags and Docker names share, less the dot, which
# separates project and environment in a DAG id.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,40}$")]
# Debian Policy 5.6.1: lower case letters, digits, plus, minus, full stop; two characters at least.
DebianName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9+.-]+$")]


def _inside(path: str) -> str:
    """Keep a path inside the repository: relative, without a step upwards."""
    if path.startswith("/") or ".." in path.split("/") or not path.isprintable() or not path:
        msg = f"{path!r} is not a path inside the repository"
        raise ValueError(msg)
    return path


def _settable(value: str) -> str:
    """Keep to what an environment can hold, and systemd takes: it drops a value with others."""
    if "\0" in value:
        msg = "the value holds a zero byte, which no variable can"
        raise ValueError(msg)
    odd = next((code for code in map(ord, value) if _is_no_character(code)), None)
    if odd is not None:
        msg = f"the value holds U+{odd:04X}, which is no character"
        raise ValueError(msg)
    return value


def _is_no_character(code: int) -> bool:
    """Tell Unicode's surrogates and noncharacters, each plane's last two among them."""
    return 0xD800 <= code <= 0xDFFF or 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE


VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


def _followed(url: str) -> str:
    parse_url(url)
    return url


def _all_followed(connections: Any) -> Any:
    """Look at the URLs before anything else is said of them: a mistake is shown with its key."""
    for url in connections if isinstance(connections, dict) else ():
        parse_url(str(url))
    return connections


def _ref_name(name: str) -> str:
    """Keep a name as it is below ``refs/heads/``."""
    if name.startswith("refs/") or not _REF_NAME.fullmatch(name):
        msg = f"{name!r} is not the name of a branch or tag; leave out refs/heads/ or refs/tags/"
        raise ValueError(msg)
    return name


def _ref_pattern(pattern: str) -> str:
    _ref_name(re.sub(r"[*?]+", "x", pattern))
    return pattern


# The schema's pattern is for editors; the reader also says what to write in place of a login.
RepositoryUrl = Annotated[
    str,
    AfterValidator(_followed),
    WithJsonSchema(
        {"type": "string", "pattern": r"^(https?|ssh|git)://[^\s/]+(/\S*)?$|^[\w.-]+@[\w.-]+:\S+$"}
    ),
]
_REF_NAME = re.compile(r"(?!-)(?!.*(\.\.|@\{|//|\.lock$|\.$|/$))[^\x00-\x20~^:?*\[\\\x7f]{1,200}")
BranchName = Annotated[str, AfterValidator(_ref_name)]
RefPattern = Annotated[str, AfterValidator(_ref_pattern)]
RepositoryPath = Annotated[str, AfterValidator(_inside)]


def _built(path: str) -> str:
    """Keep to patterns that are read, of what a pipeline may have built."""
    _inside(path)
    top = posixpath.normpath(path).split("/")[0]
    if top in (".", ".git"):
        msg = f"{path!r} is not what a pipeline builds; name the files or folders that ship"
        raise ValueError(msg)
    try:
        compiled(path)
    except PatternTooComplex as error:
        raise ValueError(error.message) from error
    return path


BuiltPattern = Annotated[str, AfterValidator(_built)]
SecretSource = Annotated[
    str, StringConstraints(pattern=r"^(variable:\S+|connection:[^\s:]+:[^\s:]+)$")
]
RegistryHost = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+(:[0-9]{1,5})?$")]
# A colon is a port's, a tag's or a digest's; two slashes are an address's, which no image has.
ImagePattern = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9._:@*-]+(/[A-Za-z0-9._:@*-]+)*$")
]
ExtensionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$")]
SettingValue = Annotated[str, AfterValidator(_settable)]
# As Airflow takes them.
ConnectionName = Annotated[str, StringConstraints(pattern=r"^[\w#!()\-.:/\\]+$", max_length=250)]
SubmoduleConnections = Annotated[dict[str, ConnectionName], BeforeValidator(_all_followed)]

# What things in AWS are called. These names stand in IAM's policies and EC2's filters, where * and
# ? are any text and a dollar sign begins a variable: a name means itself alone.
InstanceType = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$")]
# Target groups and load balancers.
BalancerName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$")
]
ProfileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+=,.@-]+$", max_length=128)]
CloudName = Annotated[
    str, StringConstraints(pattern=r"^[^*?$\\\x00-\x1f\x7f-\x9f\u2028\u2029]+$", max_length=255)
]
