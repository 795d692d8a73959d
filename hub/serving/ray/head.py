"""A Ray instance of the server's own, for one that names no cluster.

    python -m hub.serving.ray.head --run_dir DIR --lifeline FD

It listens on 127.0.0.1 only, wants the key in the run dir, has no dashboard and sends no statistics. Ray's
processes are children of this one and end with it, however it ends.
Private to Ray: ``ray.init(_temp_dir=…)``.
"""

from __future__ import annotations

import logging
import signal
import threading
from typing import Final

import ray
from ray import serve

from hub.serving.config import server_config
from hub.serving.process import helper_arguments, lifeline, log_files, logs
from hub.serving.ray import connection, desired_state

log = logging.getLogger("hub.ray")

#: Of shared memory for bodies and replies under way; more than that is written to the disk.
LEAST_STORE_BYTES: Final = 128 << 20


def main() -> None:
    arguments = helper_arguments.parse("hub.serving.ray.head")
    config = server_config.load(arguments.run_dir.config)
    logs.set_up(config.log_format, "ray")
    log_files.follow_on_signal()
    context = ray.init(
        address="local",
        # Cores are shared by all modules, as with the local backend. One of them, or Ray starts spare
        # processes for each.
        num_cpus=1,
        object_store_memory=max(LEAST_STORE_BYTES, int(config.max_inflight_mb * 1e6)),
        include_dashboard=False,
        _temp_dir=str(arguments.run_dir.path / "ray"),  # its sockets and logs go with the server
        namespace=connection.NAMESPACE,
        logging_level=logging.ERROR,
        log_to_driver=True,  # what modules write appears in the server's own log
    )
    # Ray Serve's controller repeats in more lines what a replica logs itself.
    serve.start(proxy_location="Disabled", logging_config={"log_level": "CRITICAL"})
    desired_state.write_address(arguments.run_dir.path, context.address_info["gcs_address"])
    told_to_end = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told_to_end.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's to handle
    lifeline.watch(arguments.lifeline, told_to_end.set)
    log.info("a Ray instance of the server's own is up at %s", context.address_info["gcs_address"])
    told_to_end.wait()
    ray.shutdown()


if __name__ == "__main__":
    main()
