"""Which calls of AWS a file makes, read from its syntax tree: the line, and IAM's action."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import botocore.session
from botocore import xform_name

# Clients as boto3 names them, and how IAM calls their services.
PREFIXES = {
    "autoscaling": "autoscaling",
    "cloudwatch": "cloudwatch",
    "ec2": "ec2",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "ssm": "ssm",
    "s3": "s3",
    "kms": "kms",
    "iam": "iam",
    "sts": "sts",
    "secretsmanager": "secretsmanager",
    "service-quotas": "servicequotas",
    "sns": "sns",
    "sqs": "sqs",
}
# What a client has besides its operations.
_OTHER = frozenset({"exceptions", "meta", "close", "can_paginate"})
_LOOKED_UP = ("get_paginator", "get_waiter")
# A client of another name than its service's, in the one file that may not import Slipway.
_ALIASES = {"read_secrets.py": {"client": "ssm"}}


@dataclass(frozen=True, kw_only=True)
class Call:
    """One place in the code that calls AWS."""

    action: str
    line: str


def action(service: str, operation: str) -> str:
    """Return IAM's name of an operation; for the services used here they are the same words."""
    return f"{PREFIXES[service]}:{operation}"


def calls(file: Path) -> list[Call]:
    """List a file's calls.

    :raises AssertionError: for one that is not understood: it must not go unnoticed.
    """
    tree = ast.parse(file.read_text())
    aliases = _ALIASES.get(file.name, {})
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or node.attr in _OTHER:
            continue
        service = _service(node.value, aliases)
        line = f"{file.name}:{node.lineno}"
        if service:
            name = _operation(service, node, parents.get(node), line)
            found.append(Call(action=action(service, name), line=line))
        else:
            assert node.attr not in _LOOKED_UP, f"{line}: whose {node.attr} is this?"
    return found


def _service(node: ast.expr, aliases: dict[str, str]) -> str | None:
    if isinstance(node, ast.Attribute):
        name = node.attr.strip("_")
    elif isinstance(node, ast.Name):
        name = aliases.get(node.id, node.id)
    elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        name = str(node.args[0].value)
    else:
        return None
    return name if name in PREFIXES else None


def _operation(service: str, node: ast.Attribute, parent: ast.AST | None, line: str) -> str:
    name = node.attr
    if name in _LOOKED_UP:
        assert isinstance(parent, ast.Call), f"{line}: {name} is not called"
        (argument,) = parent.args
        assert isinstance(argument, ast.Constant), f"{line}: {name} of what?"
        name = str(argument.value)
        if node.attr == "get_waiter":
            return _waiters(service)[name]
    assert name in operations(service), f"{line}: {service} has no operation {name}"
    return operations(service)[name]


@lru_cache
def operations(service: str) -> dict[str, str]:
    model = _session().get_service_model(service)
    return {xform_name(name): name for name in model.operation_names}


@lru_cache
def _waiters(service: str) -> dict[str, str]:
    model = _session().get_waiter_model(service)
    return {xform_name(name): model.get_waiter(name).operation for name in model.waiter_names}


@lru_cache
def _session() -> Any:
    return botocore.session.get_session()
