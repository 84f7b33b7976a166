"""Housekeeping: the apt repository's signature is renewed before its time is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.hooks.apt.aptly import Aptly
from slipway.hooks.apt.bucket import AptBucket
from slipway.hooks.apt.connection import AptRepository, apt_repository
from slipway.hooks.apt.repository_keys import RepositoryKeys
from slipway.hooks.aws.connection import account
from slipway.hooks.docker.connection import DEFAULT, container_engine
from slipway.hooks.store.artifacts import artifact_store
from slipway.tasks.naming import container_name, labels
from slipway.tasks.retries import no_retry_on_input_error

if TYPE_CHECKING:
    from airflow.sdk import Context


class RenewAptReleaseOperator(BaseOperator):
    """Sign the apt repository anew, once a day; what is in it stays as it is.

    :param apt_conn_id: the repository (:mod:`slipway.hooks.apt.connection`).
    :param docker_conn_id: the container engine; each worker may have its own.
    :returns: whether it was signed anew.

    Example::

        RenewAptReleaseOperator(task_id="renew_apt_release")
    """

    ui_color = "#ffedd5"

    def __init__(
        self, *, apt_conn_id: str = "slipway_apt", docker_conn_id: str = DEFAULT, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.apt_conn_id = apt_conn_id
        self.docker_conn_id = docker_conn_id
        self._labels: dict[str, str] = {}

    def execute(self, context: Context) -> bool:
        """Look at what is published, and renew what has had its day.

        A distribution that the connection named once stays signed, for machines and releases
        look there.
        """
        with no_retry_on_input_error():
            repository = apt_repository(self.apt_conn_id)
            published = AptBucket(repository).distributions()
            if repository.distribution not in published:
                self.log.info(
                    "nothing is published in %s as %s yet",
                    repository.bucket,
                    repository.distribution,
                )
            found = [replace(repository, distribution=name) for name in published]
            return any([self._renew_if_due(one, context) for one in found])

    def on_kill(self) -> None:
        """Remove the container of this task."""
        if self._labels:
            container_engine(self.docker_conn_id).remove_labelled(self._labels)

    def _renew_if_due(self, repository: AptRepository, context: Context) -> bool:
        release = AptBucket(repository).release()
        if release is None:
            return False
        self.log.info(
            "%s was signed %s, valid until %s",
            repository.distribution,
            release.signed,
            release.valid_until,
        )
        return release.due(datetime.now(UTC)) and self._renew(repository, context)

    def _renew(self, repository: AptRepository, context: Context) -> bool:
        self._labels = labels(context)
        aptly = Aptly(
            engine=container_engine(self.docker_conn_id),
            repository=repository,
            account=account(repository.aws_conn_id, repository.region, "s3"),
            name=container_name(context),
            labels=self._labels,
        )
        signed = aptly.renew(lambda line: self.log.info("%s", line))
        if signed is None:
            self.log.warning(
                "%s in %s was published by an earlier version from another container engine: that "
                "one has to renew it, or publish once",
                repository.distribution,
                repository.bucket,
            )
            return False
        # The first signature after a rotation may be this one.
        keys = RepositoryKeys(artifact_store())
        keys.note(repository.url, repository.distribution, signed.public_key)
        if signed.warning:
            self.log.warning("%s", signed.warning)
        return True
