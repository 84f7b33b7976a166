"""What a branch or a tag may be called."""

from __future__ import annotations

import re

# git-check-ref-format(1), and no leading dash, so that a name is never an option.
_NAME = re.compile(
    r"(?!-)(?!.*(?:\.\.|@\{|//|\.lock(?:/|$)|\.$|/$))(?!.*(?:^|/)\.)(?!/)"
    r"[^\x00-\x20~^:?*\[\\\x7f]{1,250}"
)


def is_ref_name(name: str) -> bool:
    """Tell whether a text can be the name of a branch or tag, short or in full.

    :param name: as a person writes it.
    """
    return _NAME.fullmatch(name) is not None
