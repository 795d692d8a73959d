"""Modules on their way to the nodes: ``hub pack`` archives in Ray's runtime environments.

An archive is put into the cluster's own store under the SHA-256 of its bytes. Each node fetches and unpacks
it when a replica is first started there, and drops it when none needs it any more. The store forgets what no
job or process refers to, so what is desired is renewed every minute.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Private, with a contract test: Ray offers this only for one folder per job, at the job's start; modules
# come and go while this one runs.
from ray._private.runtime_env.packaging import (
    GCS_STORAGE_MAX_SIZE,
    package_exists,
    pin_runtime_env_uri,
    upload_package_to_gcs,
)

from hub.errors import RegistryError
from hub.module.info import read_module_info
from hub.registry.authoring import pack
from hub.registry.local import InstalledModule
from hub.registry.progress import Silent
from hub.serving.ray.desired_state import Deployment

RENEW_SECONDS: Final = 60.0
#: As long as an agent that was killed may take to come back.
PIN_SECONDS: Final = 1800


@dataclass(frozen=True)
class Archive:
    """A packed module; ``uri`` is its name in the cluster."""

    path: Path
    digest: str
    uri: str


class Shipper:
    """Packs modules into ``folder``, and keeps in the cluster what is desired."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._renewed: dict[str, float] = {}
        folder.mkdir(exist_ok=True)

    def pack(self, deployment: Deployment) -> Archive:
        """Return the archive of a deployment's module and weights. The same content makes the same archive.

        Raises:
            WeightsError: weights are not on this machine.
            RegistryError: it is larger than the cluster's store takes.
        """
        directory = Path(deployment.spec.directory)
        target = self._folder / f"{deployment.key}.tar.gz"
        module = InstalledModule(read_module_info(directory), directory, directory.parent)
        pack.pack(module, target, home=Path(deployment.home), progress=Silent(), more=deployment.weights)
        size = target.stat().st_size
        if size >= GCS_STORAGE_MAX_SIZE:
            target.unlink()
            raise RegistryError(
                f"{deployment.spec.name} and its weights are {size / 1e6:.0f} MB, and Ray sends at most "
                f"{GCS_STORAGE_MAX_SIZE / 1e6:.0f} MB to its nodes; have the nodes share HUB_HOME, and set "
                'ray_modules to "shared"'
            )
        digest = hashlib.sha256(target.read_bytes()).hexdigest()
        final = target.with_name(f"{digest}.tar.gz")
        target.replace(final)
        return Archive(final, digest, f"gcs://hub_{digest[:32]}.tar.gz")

    def keep(self, archive: Archive) -> None:
        """See that the cluster has it and goes on having it; call it often."""
        now = time.monotonic()
        if now - self._renewed.get(archive.uri, -RENEW_SECONDS) < RENEW_SECONDS:
            return
        pin_runtime_env_uri(archive.uri, expiration_s=PIN_SECONDS)
        if not package_exists(archive.uri):
            upload_package_to_gcs(archive.uri, archive.path.read_bytes())
        self._renewed[archive.uri] = now
