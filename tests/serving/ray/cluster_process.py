"""A Ray cluster of several nodes on this machine, in a process of its own: Ray's own test utility.

    python -m tests.serving.ray.cluster_process NODES

The head node takes no replicas; a gateway connects to it. Prints one JSON line when it is up and after each
command of its stdin: ``add``, ``kill NUMBER``. Ends with its stdin.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from ray.cluster_utils import Cluster

STORE_BYTES = 80 << 20


def main() -> None:
    cluster = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "object_store_memory": STORE_BYTES, "include_dashboard": False},
    )
    nodes = [_add(cluster) for _ in range(int(sys.argv[1]))]
    _say(address=cluster.address)
    for line in sys.stdin:
        command, *numbers = line.split()
        if command == "add":
            nodes.append(_add(cluster))
        elif command == "kill":
            cluster.remove_node(nodes.pop(int(numbers[0])), allow_graceful=False)
        _say(nodes=len(nodes))
    cluster.shutdown()


def _add(cluster: Cluster) -> Any:
    return cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)


def _say(**what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
