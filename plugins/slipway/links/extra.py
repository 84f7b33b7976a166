"""The buttons that Airflow shows beside a task: *Extra links*.

Airflow's server has neither the operators nor the project files. So a link is made where the task
ran, when it ends, and kept as an XCom, which is all that the server reads.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperatorLink
from airflow.sdk.execution_time.xcom import XCom

from slipway.links import addresses
from slipway.model.target import DeployTarget

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

_log = logging.getLogger(__name__)


class _Link(BaseOperatorLink):
    """A link that is made of a task and of what it returned."""

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the address; empty where there is nothing to lead to.

        :param operator: of the task.
        :param ti_key: the task.
        """
        try:
            return self.address(operator, ti_key)
        except Exception as error:
            # A link is no reason for a red task, nor for a page of traceback in its log.
            _log.debug("no link %s: %s", self.name, error)
            return ""

    def address(self, operator: Any, ti_key: TaskInstanceKey) -> str:
        """Return the address.

        :param operator: of the task.
        :param ti_key: the task.
        """
        raise NotImplementedError


class CommitLink(_Link):
    """The commit at its git host."""

    name = "Commit"

    def address(self, operator: Any, ti_key: TaskInstanceKey) -> str:
        """Take the host from the project file, and the sha from what was checked out."""
        repository = getattr(operator, "url", None) or operator.repository.url
        return addresses.commit(repository, _release(_returned(ti_key)).get("sha", ""))


class ReleaseLink(_Link):
    """The release on the board."""

    name = "Release"

    def address(self, operator: Any, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002
        """Take both names from what was recorded or chosen."""
        found = _release(_returned(ti_key))
        return addresses.release(found["project"], found["version"])


class BoardLink(_Link):
    """The environment on the board."""

    name = "Board"

    def address(self, operator: Any, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002
        """Ask the operator alone: what it returned makes no difference."""
        where = _where(operator)
        return addresses.environment(where.project, where.environment) if where else ""


class MachineImageLink(_Link):
    """The machine image in the cloud's console."""

    name = "AMI"

    def address(self, operator: Any, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002
        """Take the image's id from what was baked or found."""
        found = _returned(ti_key)
        return addresses.machine_image(found["region"], found["image_id"])


class ServerGroupLink(_Link):
    """The release's server group in the cloud's console."""

    name = "Server group"

    def address(self, operator: Any, ti_key: TaskInstanceKey) -> str:
        """Take the group's name from what came of the task."""
        target: DeployTarget = operator.target
        return addresses.server_group(target.region, _returned(ti_key)["server_group"])


class BalancerLink(_Link):
    """The environment's load balancer in the cloud's console."""

    name = "Load balancer"

    def address(self, operator: Any, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002
        """Ask the operator alone."""
        return addresses.balancer(operator.target)


# What each kind of task leads to.
COMMIT = (CommitLink(),)
RELEASE = (ReleaseLink(),)
CHOICE = (BoardLink(), ReleaseLink())
ENVIRONMENT = (BoardLink(),)
IMAGE = (BoardLink(), MachineImageLink())
WATCH = (BoardLink(), BalancerLink())
FLEET = (*WATCH, ServerGroupLink())


def _returned(ti_key: TaskInstanceKey) -> Mapping[str, Any]:
    found = XCom.get_value(ti_key=ti_key, key="return_value")
    return found if isinstance(found, Mapping) else {}


def _release(fact: Mapping[str, Any]) -> Mapping[str, Any]:
    found = fact.get("release")
    return found if isinstance(found, Mapping) else {}


def _where(operator: Any) -> Any:
    """Return what knows project and environment: a target, or what an environment lets in."""
    target = getattr(operator, "target", None)
    return target if isinstance(target, DeployTarget) else getattr(operator, "admission", None)
