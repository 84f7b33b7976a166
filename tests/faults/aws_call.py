"""Tells from a request which call of AWS's API it is, whatever protocol the service speaks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

# How the names of calls begin that change nothing.
_READING = ("Describe", "Get", "List")
# What tells two calls of the same name apart, in the query protocol's words.
_DETAILS = ("Tags.member.1.Key", "Tag.1.Key")
_LEASE = " (lease)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request.

    :param protocol: ``query``, ``ec2``, ``json`` or ``rest``.
    :param label: the call's name, with the tag's key where it is about one.
    """

    protocol: str
    name: str
    label: str

    @property
    def mutating(self) -> bool:
        """It may change something."""
        return not self.name.startswith(_READING)

    @property
    def of_lease(self) -> bool:
        """It takes the lease, or gives it back."""
        return self.label.endswith(_LEASE)


def read_call(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Call:
    """Recognise a request.

    :param headers: of any case.
    """
    told = {key.lower(): value for key, value in headers.items()}
    if target := told.get("x-amz-target"):
        name = target.rpartition(".")[2]
        return Call(protocol="json", name=name, label=f"{name}{_about(_document(body))}")
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if name := form.get("Action", ""):
        kind = "ec2" if "/ec2/" in told.get("authorization", "") else "query"
        about = next((f" ({form[key]})" for key in _DETAILS if key in form), "")
        return Call(protocol=kind, name=name, label=f"{name}{about}")
    name = "Get" if method in ("GET", "HEAD") else method.title()
    return Call(protocol="rest", name=name, label=f"{method} {path}")


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _about(document: Mapping[str, Any]) -> str:
    name = str(document.get("Name", ""))
    if name.startswith("/slipway-leases/"):
        return _LEASE
    return f" ({name})" if name else ""
