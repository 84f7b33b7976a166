"""Step 5: publish the package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.hooks.apt.address import seen_elsewhere
from slipway.hooks.apt.aptly import Aptly, Signed
from slipway.hooks.apt.connection import AptRepository, apt_repository
from slipway.hooks.apt.publication import add_packages, as_published, kinds
from slipway.hooks.apt.repository_keys import RepositoryKeys
from slipway.hooks.aws.connection import account
from slipway.hooks.docker.connection import DEFAULT, container_engine
from slipway.hooks.store.artifacts import artifact_store
from slipway.model.facts import DebPackage, Json, PackageVariant, in_suite
from slipway.tasks.kept_facts import BUILD_DEB, forget_fact, keep_fact, same_as_kept
from slipway.tasks.naming import container_name, labels
from slipway.tasks.retries import no_retry_on_input_error
from slipway.tasks.waiting import turn_to_publish

if TYPE_CHECKING:
    from airflow.sdk import Context


class PublishAptOperator(BaseOperator):
    """Add a package to the signed apt repository; every version stays there.

    :param deb: :class:`slipway.model.facts.DebPackage` as JSON.
    :param apt_conn_id: the repository (:mod:`slipway.hooks.apt.connection`).
    :param docker_conn_id: the container engine; each worker may have its own.
    :returns: :class:`slipway.model.facts.PublishedPackage` as JSON.

    Example::

        publish = PublishAptOperator(task_id="publish_apt", deb=deb.output)
    """

    template_fields: Sequence[str] = ("deb",)
    ui_color = "#ffedd5"

    def __init__(
        self,
        *,
        deb: Any,
        apt_conn_id: str = "slipway_apt",
        docker_conn_id: str = DEFAULT,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.deb = deb
        self.apt_conn_id = apt_conn_id
        self.docker_conn_id = docker_conn_id
        self._labels: dict[str, str] = {}

    def execute(self, context: Context) -> Json:
        """Publish; what is published already stays as it is."""
        with no_retry_on_input_error():
            forget_fact(context)
            deb = same_as_kept(context, BUILD_DEB, DebPackage.from_json(self.deb))
            repository = apt_repository(self.apt_conn_id)
            self._labels = labels(context)
            signed = [self._publish(context, repository, one) for one in kinds(deb)]
            key = signed[-1].public_key
            warnings = (*(one.warning for one in signed), seen_elsewhere(repository))
            for warning in dict.fromkeys(warnings):
                if warning:
                    self.log.warning("%s", warning)
        self._say(f"apt-get install {deb.name}={deb.version} works from {repository.url}")
        package = as_published(deb, repository, key)
        return keep_fact(context, deb.release, package.to_json(), of=deb)

    def _publish(
        self, context: Context, repository: AptRepository, kind: DebPackage | PackageVariant
    ) -> Signed:
        """Publish what is for machines of one kind, in the distribution of their suite."""
        distribution = in_suite(repository.distribution, kind.suite)
        aptly = Aptly(
            engine=container_engine(self.docker_conn_id),
            repository=replace(repository, distribution=distribution),
            account=account(repository.aws_conn_id, repository.region, "s3"),
            name=container_name(context),
            labels=self._labels,
            waits=turn_to_publish(context),
        )
        signed = add_packages(kind, aptly.publish, self._say)
        keys = RepositoryKeys(artifact_store())
        keys.note(repository.url, distribution, signed.public_key)
        return signed

    def on_kill(self) -> None:
        """Remove the container of this task."""
        if self._labels:
            container_engine(self.docker_conn_id).remove_labelled(self._labels)

    def _say(self, line: str) -> None:
        self.log.info("%s", line)
