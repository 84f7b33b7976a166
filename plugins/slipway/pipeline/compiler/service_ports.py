"""Where a service will listen, as far as its pipeline file says so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slipway.pipeline.yaml.model import Step

# A variable of a service: ports that are waited for, or the word for none.
AWAITED = "SLIPWAY_WAIT"
_NONE = "none"
_HIGHEST = 65535


def awaited_ports(service: Step) -> tuple[int, ...] | None:
    """Return the TCP ports that a service is waited for; None where its image has to say.

    ``SLIPWAY_WAIT`` in its environment says ``none``, or ports; without it, ``ports`` does.

    :raises ValueError: when the variable says neither.
    """
    said = service.environment.get(AWAITED)
    if isinstance(said, str):
        words = [word for word in re.split(r"[,\s]+", said) if word]
        if [word.lower() for word in words] == [_NONE]:
            return ()
        numbers = tuple(int(word) for word in words if re.fullmatch(r"[0-9]{1,5}", word))
        if not words or len(numbers) < len(words) or not all(0 < n <= _HIGHEST for n in numbers):
            msg = f"{AWAITED} is {said[:80]!r}, which is neither `{_NONE}` nor a list of ports"
            raise ValueError(msg)
        return numbers
    ports = tuple(one.port for one in service.ports if one.protocol.lower() == "tcp")
    return ports if service.ports else None
