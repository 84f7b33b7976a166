"""What the fields of a project file hold: kinds of text, each with what it may be.

Nothing here knows of Airflow, so that editors, tests and the command line can use it alone.
"""

from __future__ import annotations

import posixpath
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, StringConstraints, WithJsonSchema

from slipway.exceptions import ImageRefused
from slipway.hooks.fleet.inheritance.table import DROPPABLE
from slipway.model.git.ref_name import is_ref_name
from slipway.model.git.url import parse_url, with_plain_scheme
from slipway.model.image_name import ImageName
from slipway.pipeline.yaml.globs import PatternTooComplex, compiled
from slipway.pipeline.yaml.missing_file import GENERATE, language_of

# What a pattern means, for people.
_WORDS: dict[str, str] = {}


def matching(pattern: str, words: str, most: int | None = None) -> StringConstraints:
    """Keep a text to a pattern that can also be said in words.

    :param pattern: for the schema, and so for editors.
    :param words: what it allows, as the end of a sentence that begins with "write".
    :param most: characters.
    """
    _WORDS[pattern] = words
    return StringConstraints(pattern=pattern, max_length=most)


def in_words(pattern: str) -> str:
    """Say what a pattern of :func:`matching` allows."""
    return _WORDS.get(pattern, f"what matches {pattern}")


# The same alphabet as Airflow's DAG ids, AWS tags and Docker names share, less the dot, which
# separates project and environment in a DAG id.
Name = Annotated[
    str,
    matching(
        r"^[a-z][a-z0-9-]{0,40}$",
        "lower case letters, digits and dashes, beginning with a letter, 41 at most",
    ),
]
# Debian Policy 5.6.1: lower case letters, digits, plus, minus, full stop; two characters at least.
DebianName = Annotated[
    str,
    matching(
        r"^[a-z0-9][a-z0-9+.-]+$",
        "two or more lower case letters, digits, +, - and ., as packages are called",
    ),
]


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


VariableName = Annotated[
    str,
    matching(
        r"^[A-Za-z_][A-Za-z0-9_]*$", "a variable's name: letters, digits and _, no digit in front"
    ),
]


def _followed(url: str) -> str:
    parse_url(url)
    return with_plain_scheme(url)


def _all_followed(connections: Any) -> Any:
    """Look at the URLs before anything else is said of them: a mistake is shown with its key."""
    for url in connections if isinstance(connections, dict) else ():
        parse_url(str(url))
    return connections


def _ref_name(name: str) -> str:
    """Keep a name as it is below ``refs/heads/``."""
    if name.startswith("refs/") or not is_ref_name(name):
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
BranchName = Annotated[str, AfterValidator(_ref_name)]
RefPattern = Annotated[str, AfterValidator(_ref_pattern)]
RepositoryPath = Annotated[str, AfterValidator(_inside)]


def _plain(path: str) -> str:
    """Keep to files that are read, and not evaluated."""
    if language := language_of(_inside(path)):
        msg = f"{path!r} is written in {language}, which is not evaluated; {GENERATE}"
        raise ValueError(msg)
    return path


PipelinePath = Annotated[str, AfterValidator(_plain)]


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
    str,
    matching(
        r"^(variable:\S+|connection:[^\s:]+:[^\s:]+)$",
        "where Airflow has it: variable:NAME or connection:ID:FIELD",
    ),
]
RegistryHost = Annotated[
    str,
    matching(
        r"^[A-Za-z0-9.-]+(:[0-9]{1,5})?$",
        "a host, and a port if need be: registry.example.com:5000",
    ),
]
# A colon is a port's, a tag's or a digest's; two slashes are an address's, which no image has.
ImagePattern = Annotated[
    str,
    matching(
        r"^[A-Za-z0-9._:@*-]+(/[A-Za-z0-9._:@*-]+)*$",
        "an image's name without https://, * being any text",
    ),
]
# Letters in front: what begins with _ is no variable for goose.
MigrationVariable = Annotated[
    str,
    matching(
        r"^[A-Za-z][A-Za-z0-9_]*$", "a variable's name: letters, digits and _, a letter in front"
    ),
]


def _no_server_role(name: str) -> str:
    """Keep away from roles that every server has: membership in them is power over the server."""
    if name.lower().startswith("pg_") or name in ("postgres", "rehearsal"):
        msg = f"{name} is there already, and nothing is made a member of it"
        raise ValueError(msg)
    return name


RoleName = Annotated[
    str,
    matching(r"^[A-Za-z_][A-Za-z0-9_$-]{0,62}$", "a role's name: letters, digits, _, $ and -"),
    AfterValidator(_no_server_role),
]


def _image(name: str) -> str:
    """Keep to names of images, also as a mirror's or a local build's."""
    try:
        ImageName.parse(name)
    except ImageRefused as error:
        raise ValueError(str(error)) from error
    return name


ContainerImage = Annotated[str, AfterValidator(_image)]
ExtensionName = Annotated[str, matching(r"^[A-Za-z0-9_-]+$", "letters, digits, _ and -")]
SettingValue = Annotated[str, AfterValidator(_settable)]
# As Airflow takes them.
ConnectionName = Annotated[
    str, matching(r"^[\w#!()\-.:/\\]+$", "the id of an Airflow connection, without blanks", 250)
]
SubmoduleConnections = Annotated[dict[str, ConnectionName], BeforeValidator(_all_followed)]

# What things in AWS are called. These names stand in IAM's policies and EC2's filters, where * and
# ? are any text and a dollar sign begins a variable: a name means itself alone.
InstanceType = Annotated[
    str, matching(r"^[a-z0-9-]+\.[a-z0-9-]+$", "an instance type like t3.micro")
]
# Target groups and load balancers.
BalancerName = Annotated[
    str,
    matching(
        r"^[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$",
        "letters, digits and dashes, 32 at most, no dash at either end",
    ),
]
ProfileName = Annotated[str, matching(r"^[A-Za-z0-9_+=,.@-]+$", "letters, digits and _+=,.@-", 128)]
CloudName = Annotated[
    str,
    matching(
        r"^[^*?$\\\x00-\x1f\x7f-\x9f\u2028\u2029]+$", "a name without *, ?, $ and backslashes", 255
    ),
]
UnitName = Annotated[
    str, matching(r"^[A-Za-z0-9:_.@-]+\.service$", "a unit's name that ends in .service")
]
Region = Annotated[str, matching(r"^[a-z]{2}(-[a-z]+)+-\d$", "a region like eu-west-1")]
UrlPath = Annotated[str, matching(r"^/\S*$", "a path that begins with /, without blanks")]
WebUrl = Annotated[
    str, matching(r"^https?://[^\s@/]+(/\S*)?$", "an http or https URL, without a login")
]
StatusCodes = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if type(value) is int else value),
    matching(
        r"^[1-5]\d\d(-[1-5]\d\d)?(, ?[1-5]\d\d(-[1-5]\d\d)?)*$",
        "status codes like 200, 200-399 or 200,401",
    ),
]
WebScheme = Annotated[str, matching(r"^https?$", "http or https")]
# What hangs on a live fleet and need not pass on.
Droppable = Annotated[str, matching(f"^({'|'.join(DROPPABLE)})$", f"one of {', '.join(DROPPABLE)}")]
