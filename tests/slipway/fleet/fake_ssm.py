"""The few words of Parameter Store that the lease speaks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from unittest.mock import Mock, create_autospec

from botocore.client import ClientMeta
from botocore.exceptions import ClientError


@dataclass
class FakeSsm:
    """Stands in for the boto3 client of a service, and for what gives it.

    :param parameters: the values by name.
    """

    parameters: dict[str, str] = field(default_factory=dict)
    meta: Any = field(default_factory=lambda: create_autospec(ClientMeta, events=Mock()))

    def __call__(self, service: str) -> FakeSsm:
        assert service == "ssm"
        return self

    def get_parameter(self, **asked: str) -> dict[str, Any]:
        if asked["Name"] not in self.parameters:
            raise _refused(code="ParameterNotFound")
        return {"Parameter": {"Value": self.parameters[asked["Name"]]}}

    def put_parameter(self, **asked: Any) -> None:
        assert asked["Type"] == "String"
        if asked["Name"] in self.parameters and not asked["Overwrite"]:
            raise _refused(code="ParameterAlreadyExists")
        self.parameters[asked["Name"]] = asked["Value"]

    def delete_parameter(self, **asked: str) -> None:
        if self.parameters.pop(asked["Name"], None) is None:
            raise _refused(code="ParameterNotFound")


def _refused(*, code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "Parameter")
