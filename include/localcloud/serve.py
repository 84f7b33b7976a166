"""One embedded cloud, from its first container to its last."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import signal
import threading

# moto reads these while it is imported: none of AWS's own machine images.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"

from include.localcloud.api.application import CloudApplication
from include.localcloud.api.browser_guard import without_browsers
from include.localcloud.api.console import with_consoles
from include.localcloud.api.server import ApiServers
from include.localcloud.api.target_health import HealthTable, correct_target_groups
from include.localcloud.balancer.balancer import Balancer
from include.localcloud.balancer.classic_health import correct_classic_balancers
from include.localcloud.balancer.haproxy import HAProxy
from include.localcloud.balancer.words import correct_words
from include.localcloud.compute.compute import Compute
from include.localcloud.compute.group_notifications import keep_notifications
from include.localcloud.compute.group_rules import correct_groups
from include.localcloud.compute.images import correct_images, seed_images
from include.localcloud.compute.instance_life import correct_instances
from include.localcloud.compute.link_local import keep_from_link_local
from include.localcloud.compute.machine import Machines
from include.localcloud.compute.machine_gateway import for_machines
from include.localcloud.compute.run_command import correct_commands
from include.localcloud.compute.scaling import Scaling
from include.localcloud.compute.terminated import Forgetting
from include.localcloud.engine import Engine
from include.localcloud.gateway import start_gateway
from include.localcloud.jobs import Jobs
from include.localcloud.network import make_network, place_default_vpc
from include.localcloud.reconciler import Reconciler
from include.localcloud.settings import CloudSettings
from include.localcloud.state import CloudState

log = logging.getLogger(__name__)


def serve(settings: CloudSettings) -> None:
    """Serve until SIGTERM or SIGINT, then remove everything again.

    Removes what an earlier cloud of the same installation left, first.

    :raises BlockingIOError: when a cloud serves from the same home already.
    """
    # Whoever reaches a socket or a file of the cloud's has the cloud.
    os.umask(0o077)
    settings.home.mkdir(parents=True, exist_ok=True)
    settings.home.chmod(0o700)
    with (settings.home / "serve.lock").open("w") as lock:
        # Or this one would sweep the other's machines away.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _serve(settings)


def _serve(settings: CloudSettings) -> None:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    engine = Engine(installation=settings.installation)
    engine.sweep()
    try:
        _run(settings, engine, stopping)
    finally:
        (settings.home / "cloud.json").unlink(missing_ok=True)
        engine.sweep()


def _run(settings: CloudSettings, engine: Engine, stopping: threading.Event) -> None:
    for folder in ("gateway", "host", "balancer"):
        (settings.home / folder).mkdir(parents=True, exist_ok=True)
    place_default_vpc(settings)
    correct_instances()
    correct_images()
    correct_groups()
    keep_notifications()
    correct_words()
    table = HealthTable()
    correct_target_groups(table)
    correct_classic_balancers(table)
    keep_from_link_local(engine)
    make_network(engine, settings)
    state = CloudState(region=settings.region)
    seed_images(state.ec2, settings.region, is_there=engine.has_image)
    machines = Machines(engine=engine, settings=settings)
    correct_commands(state, machines)
    application = CloudApplication(state=state)
    host = with_consoles(application, state=state, console=machines.console)
    servers = ApiServers(
        host=without_browsers(host),
        port=settings.port,
        machines=for_machines(application, address=settings.gateway),
        folder=settings.home / "gateway",
        host_folder=settings.home / "host",
    )
    jobs = Jobs(done=state.wake.set)
    balancer, reconciler = _parts(settings, engine, state, table, jobs, machines)
    balancer.start()
    servers.start()
    start_gateway(engine, settings)
    reconciler.start()
    _announce(settings, state)
    stopping.wait()
    servers.stop()
    reconciler.stop()
    jobs.stop()


def _parts(
    settings: CloudSettings,
    engine: Engine,
    state: CloudState,
    table: HealthTable,
    jobs: Jobs,
    machines: Machines,
) -> tuple[Balancer, Reconciler]:
    haproxy = HAProxy(engine=engine, folder=settings.home / "balancer")
    balancer = Balancer(state=state, haproxy=haproxy, table=table)
    scaling = Scaling(state=state, table=table)
    compute = Compute(state=state, engine=engine, machines=machines, jobs=jobs)
    # Traffic leaves a machine before the machine leaves.
    forgetting = Forgetting(state=state)
    steps = [scaling.reconcile, balancer.reconcile, compute.reconcile, forgetting.reconcile]
    return balancer, Reconciler(wake=state.wake, steps=steps)


def _announce(settings: CloudSettings, state: CloudState) -> None:
    facts = {
        "endpoint": settings.endpoint,
        "gateway": f"http://{settings.gateway}",
        "region": settings.region,
        "vpc": state.ec2.get_default_vpc().id,
        "network": settings.network,
    }
    # Renamed into place, for whoever waits for the file must never read half of it.
    draft = settings.home / "cloud.json.new"
    draft.write_text(json.dumps(facts))
    draft.replace(settings.home / "cloud.json")
    log.info("serving AWS on %s", settings.endpoint)
