"""``python3 -m guestbook``: serve until SIGTERM."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading

from guestbook import config, logs
from guestbook.handler import handler
from guestbook.pool import Pool
from guestbook.server import Drain, Server
from guestbook.store import Store

logger = logging.getLogger("guestbook")


def main() -> int:
    """Run the service; return its exit code."""
    logs.configure()
    try:
        settings = config.Config.from_environment(os.environ)
    except config.ConfigurationError as problem:
        logger.error("configuration", extra={"fields": {"reason": str(problem)}})
        return os.EX_CONFIG
    # Blocked in all threads, and waited for in this one: no code runs inside a handler.
    stops = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    pool, drain = Pool(settings.database_url, settings.connections), Drain()
    server = Server((settings.address, settings.port), handler(Store(pool), drain), drain)
    serving = threading.Thread(target=server.serve, name="server")
    serving.start()
    fields = {"port": server.server_port, "version": config.version()}
    logger.info("serving", extra={"fields": fields})
    signal.sigwait(stops)
    drain.start()
    logger.info("stopping")
    serving.join()
    pool.close()
    logger.info("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
