"""What may stand in HAProxy's configuration of all that is asked of the API: single, plain words.

Refused where the API is asked, as AWS does, and once more where the configuration is written.
"""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from moto.elb.exceptions import ELBClientError
from moto.elb.models import ELBBackend
from moto.elbv2.exceptions import ELBClientError as ELBv2ClientError
from moto.elbv2.models import ELBv2Backend

from include.localcloud.api.patch import correct

if TYPE_CHECKING:
    from moto.core.exceptions import ServiceException


class Word(enum.Enum):
    """A kind of word: what it is called, and the pattern that is the whole of it."""

    NAME = ("name", r"[A-Za-z0-9-]{1,32}")
    # Of a backend: a name with what stands before it.
    POOL = ("pool's name", r"[A-Za-z0-9_-]{1,64}")
    ADDRESS = ("address", r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
    # Printable ASCII without blanks, quotes, backslash and "#".
    PATH = ("health check path", r"/[!$-&(-\[\]-~]{0,1023}")
    CODES = ("matcher", r"[0-9]{3}(?:[,-][0-9]{3}){0,100}")
    # Of a classic balancer.
    TARGET = (
        "health check target",
        r"(?:(?:TCP|SSL):[0-9]{1,5}|HTTPS?:[0-9]{1,5}/[!$-&(-\[\]-~]{0,1023})",
    )
    NUMBER = ("number", r"[0-9]{1,5}")
    PORT = ("health check port", r"[0-9]{1,5}|traffic-port")


class Unwritable(ValueError):
    """A text is not the one plain word that it has to be."""

    def __init__(self, kind: Word, text: str) -> None:
        super().__init__(f"{text!r} is no {kind.value[0]} for a load balancer")


def checked(kind: Word, text: str) -> str:
    """Return the text if it is a word of that kind.

    :raises Unwritable: when it is not.
    """
    if re.fullmatch(kind.value[1], text, re.ASCII) is None:
        raise Unwritable(kind, text)
    return text


def correct_words() -> None:
    """Have moto refuse what cannot stand in the configuration."""
    _check(ELBv2Backend, "create_load_balancer", {"name": Word.NAME})
    _check(
        ELBv2Backend,
        "create_target_group",
        {
            "name": Word.NAME,
            "healthcheck_path": Word.PATH,
            "healthcheck_port": Word.PORT,
            "healthcheck_interval_seconds": Word.NUMBER,
            "port": Word.NUMBER,
            "healthcheck_timeout_seconds": Word.NUMBER,
            "healthy_threshold_count": Word.NUMBER,
            "unhealthy_threshold_count": Word.NUMBER,
            "matcher": Word.CODES,
        },
    )
    _check(
        ELBv2Backend,
        "modify_target_group",
        {
            "health_check_path": Word.PATH,
            "health_check_port": Word.PORT,
            "health_check_interval": Word.NUMBER,
            "health_check_timeout": Word.NUMBER,
            "healthy_threshold_count": Word.NUMBER,
            "unhealthy_threshold_count": Word.NUMBER,
            "http_codes": Word.CODES,
        },
    )
    _check(ELBBackend, "create_load_balancer", {"name": Word.NAME})
    _check(
        ELBBackend,
        "configure_health_check",
        {
            "target": Word.TARGET,
            "timeout": Word.NUMBER,
            "interval": Word.NUMBER,
            "healthy_threshold": Word.NUMBER,
            "unhealthy_threshold": Word.NUMBER,
        },
    )


def _check(owner: type, method: str, kinds: Mapping[str, Word]) -> None:
    """Look at a method's arguments before it does.

    :raises AttributeError: when the class has no such method.
    """
    # moto tells by an error's class how its service words errors.
    refusal = ELBv2ClientError if owner is ELBv2Backend else ELBClientError
    ask: Callable[..., Any] = getattr(owner, method)
    names = inspect.signature(ask)

    def asked(*args: Any, **more: Any) -> Any:
        given = names.bind(*args, **more).arguments
        given |= given.get("kwargs", {})
        for name, kind in kinds.items():
            _refuse_bad(kind, given.get(name), refusal)
        return ask(*args, **more)

    correct(owner, **{method: asked})


def _refuse_bad(kind: Word, given: Any, refusal: type[ServiceException]) -> None:
    text = given.get("HttpCode") if isinstance(given, dict) else given
    if text is None:
        return
    try:
        checked(kind, str(text))
    except Unwritable as problem:
        code = "ValidationError"
        raise refusal(code, str(problem)) from None
