"""Reading a form, of which nothing need be as our page made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from starlette.requests import Request

# Bytes of a form: a reason of a thousand characters, each written in twelve, and all else.
LARGEST = 32_768
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 20


async def read_form(request: Request) -> Mapping[str, str] | None:
    """Return the fields of a form; of one that comes twice, the first. None for what is no form.

    :param request: whose body nobody has read.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        return None
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            return None
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        return None
    return dict(reversed(pairs))


def reason(fields: Mapping[str, str], name: str = "reason", most: int = 1000) -> str:
    """Return why somebody does something, in their words; cut, and on one line.

    :param fields: of the form.
    :param name: of the field.
    :param most: characters that are kept.
    """
    return " ".join(fields.get(name, "").split())[:most]
