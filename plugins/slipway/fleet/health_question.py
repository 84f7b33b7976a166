"""The question that machines are asked for their health, past the balancer.

What the project file says counts; all else is as the balancer asks, since that is what a machine
has to pass in the end.
"""

from __future__ import annotations

from slipway.model.cloud.answer import TIMEOUT
from slipway.model.cloud.health_check import ANY_SUCCESS, HealthCheck, Scheme
from slipway.model.target import DeployTarget, Probe

# Asked for where neither the project file nor the balancer names a path.
_PATH = "/healthz"


def health_question(target: DeployTarget, check: HealthCheck) -> HealthCheck:
    """Return what each new machine is asked.

    A protocol belongs to a port and a status to a path: at another port, or another path, than the
    balancer's own, HTTP and any success are what is expected.

    :param target: says what the project file says.
    :param check: how the balancer asks.
    """
    port = target.health_port or check.port
    scheme = _scheme(target, check, port)
    if not scheme.asks_for_a_path:
        remark = "" if target.health_scheme else check.remark
        return HealthCheck(scheme=scheme, port=port, timeout=_timeout(check), remark=remark)
    path = target.health_path or check.path or _PATH
    status = target.health_status or (check.status if path == check.path else ANY_SUCCESS)
    return HealthCheck(scheme=scheme, port=port, path=path, status=status, timeout=_timeout(check))


def probe_question(probe: Probe, health: HealthCheck) -> HealthCheck:
    """Return what a machine that soaks is asked besides.

    :param probe: as the project file has it.
    :param health: what it is asked for its health.
    """
    port = probe.port or health.port
    secret = health.scheme in (Scheme.HTTPS, Scheme.TLS) and port == health.port
    usual = Scheme.HTTPS if secret else Scheme.HTTP
    return HealthCheck(
        scheme=Scheme(probe.scheme) if probe.scheme else usual,
        port=port,
        path=probe.path or "/",
        status=str(probe.status),
        timeout=health.timeout,
    )


def _scheme(target: DeployTarget, check: HealthCheck, port: int) -> Scheme:
    if target.health_scheme:
        return Scheme(target.health_scheme)
    if port != check.port:
        return Scheme.HTTP
    asked = target.health_path or target.health_status
    if asked and not check.scheme.asks_for_a_path and not check.remark:
        return Scheme.HTTPS if check.scheme is Scheme.TLS else Scheme.HTTP
    return check.scheme


def _timeout(check: HealthCheck) -> float:
    """A service that the balancer is patient with is slow for good reason."""
    return max(TIMEOUT, check.timeout)
