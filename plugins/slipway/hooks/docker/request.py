"""A :class:`ContainerSpec` in the words of Docker's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docker.types import Mount

if TYPE_CHECKING:
    import docker

    from slipway.model.container import ContainerSpec

_NANO = 1_000_000_000
# Microseconds; the kernel's own default.
_CPU_PERIOD = 100_000


def create_arguments(
    client: docker.APIClient, spec: ContainerSpec, labels: dict[str, str]
) -> dict[str, Any]:
    """Translate a spec into the arguments of ``APIClient.create_container``.

    :param client: knows the API version that the pieces are built for.
    :param spec: what is wanted.
    :param labels: the complete set, the engine's own included.
    """
    arguments: dict[str, Any] = {
        "image": spec.image,
        "name": spec.name,
        "command": None if spec.argv is None else list(spec.argv),
        "entrypoint": None if spec.entrypoint is None else list(spec.entrypoint) or "",
        "environment": dict(spec.environment),
        "working_dir": spec.working_dir,
        "user": spec.user,
        "stdin_open": spec.stdin,
        "labels": labels,
        "volumes": list(spec.host_folders) or None,
        "ports": [(one.port, one.protocol) for one in spec.ports] or None,
        "host_config": client.create_host_config(**_host_config(spec, labels)),
    }
    if spec.health_interval is not None:
        # An empty test keeps the image's own and changes only how often it runs.
        arguments["healthcheck"] = {"test": [], "interval": int(spec.health_interval * _NANO)}
    if spec.network is not None and not _shares_network(spec.network):
        endpoint = client.create_endpoint_config(aliases=list(spec.aliases) or None)
        arguments["networking_config"] = {"EndpointsConfig": {spec.network: endpoint}}
    return arguments


def _shares_network(network: str) -> bool:
    # Docker's own networks have no aliases, and the others have no endpoint of their own.
    return network in ("host", "none", "bridge", "default") or network.startswith("container:")


def _host_config(spec: ContainerSpec, labels: dict[str, str]) -> dict[str, Any]:
    limits, security = spec.limits, spec.security
    config: dict[str, Any] = {
        "binds": [f"{folder}:{at}:rw" for at, folder in spec.host_folders.items()],
        # Mounts, not binds: when somebody removes a volume just before, Docker makes it again,
        # and only a mount gives it the labels by which it is found and removed.
        "mounts": [
            Mount(target=at, source=name, labels=labels) for name, at in spec.volumes.items()
        ],
        "devices": [f"{host}:{inside}:rwm" for inside, host in spec.devices.items()] or None,
        "dns": list(spec.dns) or None,
        "dns_search": list(spec.dns_search) or None,
        "extra_hosts": dict(one.split(":", 1) for one in spec.extra_hosts if ":" in one) or None,
        "port_bindings": {f"{one.port}/{one.protocol}": one.host for one in spec.ports} or None,
        "tmpfs": dict(spec.tmpfs) or None,
        "network_mode": spec.network,
        "mem_limit": limits.memory,
        "memswap_limit": limits.memory_swap,
        "shm_size": limits.shm,
        "pids_limit": limits.pids,
        "cpu_shares": limits.share,
        # Not nano_cpus: the engine refuses more of those than its machine has cores.
        "cpu_period": None if limits.cpus is None else _CPU_PERIOD,
        "cpu_quota": None if limits.cpus is None else int(limits.cpus * _CPU_PERIOD),
        "cap_drop": list(security.drop) or None,
        "cap_add": list(security.add) or None,
        "security_opt": ["no-new-privileges"] if security.no_new_privileges else None,
        "privileged": security.privileged,
        "init": spec.init or None,
        "read_only": spec.read_only or None,
    }
    return {key: value for key, value in config.items() if value is not None}
