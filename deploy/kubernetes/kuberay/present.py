"""The one application that KubeRay deploys: healthy as soon as a module of HubServing runs on its cluster.

RayService lets a new cluster take over from the old one when all of serveConfigV2 is healthy; the modules
themselves are deployed by the gateways.
"""

from __future__ import annotations

import time

from ray import serve

#: How the gateways' applications are called.
PREFIX = "hub-"


def modules_run() -> bool:
    applications = serve.status().applications.items()
    return any(name.startswith(PREFIX) and found.status == "RUNNING" for name, found in applications)


@serve.deployment(ray_actor_options={"num_cpus": 0})
class Present:
    """Its constructor is what is waited for."""

    def __init__(self) -> None:
        while not modules_run():
            time.sleep(1)

    def __call__(self) -> str:
        return "HubServing"


application = Present.bind()
