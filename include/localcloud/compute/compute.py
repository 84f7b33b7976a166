"""Makes Docker match moto's instances and images, and moto match what became of the containers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from include.localcloud.compute.images import SEED_IDS, docker_image
from include.localcloud.compute.instance_life import Life, life, set_life
from include.localcloud.compute.machine import Machines, machine_order
from include.localcloud.engine import Engine, image_repository
from include.localcloud.jobs import Jobs
from include.localcloud.state import CloudState

log = logging.getLogger(__name__)


class Compute:
    """The reconciler's part for instances and images. Called from one thread."""

    def __init__(
        self, *, state: CloudState, engine: Engine, machines: Machines, jobs: Jobs
    ) -> None:
        self._state = state
        self._engine = engine
        self._machines = machines
        self._jobs = jobs
        self._images: set[str] = set()

    def reconcile(self) -> None:
        """Look once at everything, and begin the work that is needed."""
        # Docker first: an instance that begins to run after this look is judged at the next one.
        with self._state.lock:
            judged = {one.id for one in self._state.instances() if life(one) is Life.RUNNING}
        running = self._machines.running()
        with self._state.lock:
            for instance in self._state.instances():
                if not self._jobs.busy(instance.id):
                    self._advance(instance, running, dead_counts=instance.id in judged)
            self._make_images()
            self._drop_images()

    def _advance(self, instance: Any, running: dict[str, bool], *, dead_counts: bool) -> None:
        state, name = life(instance), instance.id
        if state is Life.PENDING:
            self._jobs.submit(name, self._boot(instance, again=name in running))
        elif state is Life.STOPPING:
            self._jobs.submit(name, self._then(instance, self._machines.stop, Life.STOPPED))
        elif state is Life.SHUTTING_DOWN:
            self._jobs.submit(name, self._then(instance, self._machines.remove, Life.TERMINATED))
        elif state is Life.RUNNING and dead_counts and not running.get(name):
            log.warning("%s died", name)
            instance.terminate()
            # The groups replace it at once, not half a second from now.
            self._state.wake.set()

    def _boot(self, instance: Any, *, again: bool) -> Callable[[], None]:
        image = docker_image(self._engine.installation, instance.image_id)
        order = machine_order(self._state.ec2, instance, image)

        def work() -> None:
            try:
                if again:
                    self._machines.start(order.instance_id)
                else:
                    self._machines.boot(order)
            except Exception:
                # As in AWS, an instance that cannot launch is terminated.
                with self._state.lock:
                    instance.terminate()
                raise
            with self._state.lock:
                if life(instance) is Life.PENDING:
                    set_life(instance, Life.RUNNING)

        return work

    def _then(self, instance: Any, act: Callable[[str], None], reached: Life) -> Callable[[], None]:
        expected = life(instance)

        def work() -> None:
            act(instance.id)
            with self._state.lock:
                # Somebody may have terminated what was stopping.
                if life(instance) is expected:
                    set_life(instance, reached)

        return work

    def _make_images(self) -> None:
        for ami in self._state.ec2.amis.values():
            if ami.state == "pending":
                self._jobs.submit(ami.id, self._commit(ami))

    def _commit(self, ami: Any) -> Callable[[], None]:
        def work() -> None:
            repository = image_repository(self._engine.installation)
            try:
                self._machines.commit(ami.instance_id, repository, ami.id)
            except Exception:
                ami.state = "failed"
                raise
            self._images.add(ami.id)
            ami.state = "available"

        return work

    def _drop_images(self) -> None:
        for ami_id in self._images - set(self._state.ec2.amis) - SEED_IDS:
            self._images.discard(ami_id)
            image = docker_image(self._engine.installation, ami_id)
            self._jobs.submit(ami_id, lambda image=image: self._engine.remove_image(image))  # type: ignore[misc]
