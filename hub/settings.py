"""The environment, read in this one place. Standard library only.

``HUB_HOME`` moves the registry; every key of a server's config.json may also be given
as ``HUB_<KEY>`` (``HUB_PORT``, ``HUB_HOST``, ``HUB_STATUS_STYLE``, …), which
``hub/serving/config/server_config.py`` validates together with the file and the command line. PaddleX's
``PADDLEX_HPS_*`` are described in ``hub/serving/config/hps.py``.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path

from hub import container
from hub.errors import ConfigError

ENV_PREFIX = "HUB_"
#: The folder of the package ``hub`` itself.
PACKAGE = Path(__file__).resolve().parent
#: As PaddleX has it, and Pillow: 0.5 GB as 24-bit pixels.
DEFAULT_MAX_PIXELS = 178_956_970
DEFAULT_PDF_MEMORY_MB = 1024
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


#: Every variable that is read here, and what it does. Those of single settings, ``HUB_<KEY>``, are described
#: with the settings.
VARIABLES: Mapping[str, str] = {
    "HUB_HOME": "where modules, weights, logs and PID files are; `~/.hubserving` unless given",
    "HUB_API_KEY": "the key that `hub.Client` and `hub predict` send",
    "HUB_ENGINE_THREADS": "threads of an engine outside a server; all cores unless given",
    "PADDLEX_HPS_DEVICE_TYPE": "`cpu` or `gpu`: `use_gpu`, and which `config_<type>.pbtxt` applies",
    "PADDLEX_HPS_PIPELINE_CONFIG_PATH": "the config file, or a pipeline's, if no other is given",
    "PADDLEX_HPS_LOGGING_LEVEL": "`DEBUG`, `INFO`, `WARNING`, `ERROR` or `CRITICAL`, of every process's log",
    "PADDLEX_HPS_USE_HPIP": "`1`: as `--use_hpip`",
    "PADDLEX_USE_HPIP": "the same, in the spelling of PaddleX's documents",
    "PADDLEX_HPS_SERIAL_NUMBER": "nothing: there is no licence; a line at start says so",
    "PADDLEX_HPS_UPDATE_LICENSE": "nothing: there is no licence; a line at start says so",
    "CUDA_VISIBLE_DEVICES": "the cards that a server may use; `gpu` counts within it",
    "OPENCV_IO_MAX_IMAGE_PIXELS": "the largest image outside a server, in pixels; a server's is `max_pixels`",
    "PIP_*": "pip's own options; `PIP_INDEX_URL` is also where weights are fetched from",
    "TMPDIR": "where a server's sockets and counters are, without `runtime_dir`; `/tmp` unless given",
    "NOTIFY_SOCKET": "set by systemd: where it is told that the server is ready, or is being stopped",
    "NO_COLOR": "set: no colours in what `hub` prints",
}


def hub_home() -> Path:
    """Return the root of the registry, weights, PID files and logs: ``$HUB_HOME``, else ``~/.hubserving``.

    Raises:
        ConfigError: neither says where that is.
    """
    configured = os.environ.get("HUB_HOME")
    try:
        return Path(configured).expanduser().absolute() if configured else Path.home() / ".hubserving"
    except RuntimeError as error:  # no HOME, and no such user in /etc/passwd: any user id in a container
        wanted = f"HUB_HOME={configured}" if configured else f"user id {os.getuid()}"
        raise ConfigError(
            f"{wanted} has no home folder here: set HUB_HOME to a folder that can be written"
        ) from error


def use_home(home: str | Path) -> None:
    """Use another ``hub_home`` in this process and its children."""
    os.environ["HUB_HOME"] = str(home)


def provide_home() -> None:
    """Make ``hub_home`` the home folder of a user who has none: importing OpenVINO, for one, needs one."""
    try:
        Path.home()
    except RuntimeError:
        with contextlib.suppress(ConfigError):
            os.environ["HOME"] = str(hub_home())


def from_environment(key: str) -> str | None:
    """Return the value of ``HUB_<KEY>``; an empty string counts as not given."""
    return os.environ.get(ENV_PREFIX + key.upper()) or None


#: Keys that are not a server's: the registry's place, a client's key, what a supervisor tells its children.
OTHER_KEYS = ("home", "api_key", "engine_threads")


def given() -> list[str]:
    """Return the keys of all ``HUB_<KEY>`` variables that are set, in lower case."""
    return sorted(name.removeprefix(ENV_PREFIX).lower() for name in os.environ if name.startswith(ENV_PREFIX))


def paddlex_hps(key: str) -> str | None:
    """Return the value of ``PADDLEX_HPS_<KEY>``; an empty string counts as not given."""
    return os.environ.get("PADDLEX_HPS_" + key) or None


def wants_hpip() -> bool:
    """Tell whether PaddleX's high-performance inference is asked for, in either of its spellings."""
    values = (paddlex_hps("USE_HPIP"), os.environ.get("PADDLEX_USE_HPIP"))
    return any(value and value.lower() not in ("0", "false", "no") for value in values)


def temporary_folder() -> Path:
    """Return where this system keeps what need not last: ``$TMPDIR``, else /tmp."""
    return Path(os.environ.get("TMPDIR") or "/tmp")


def log_level() -> str:
    """Return the name of the logging level: ``PADDLEX_HPS_LOGGING_LEVEL``, else INFO; raises ConfigError."""
    given = paddlex_hps("LOGGING_LEVEL")
    if given is not None and given.upper() not in LOG_LEVELS:
        raise ConfigError(f"PADDLEX_HPS_LOGGING_LEVEL is {given!r}; allowed: {', '.join(LOG_LEVELS)}")
    return given.upper() if given else "INFO"


def notify_socket() -> str | None:
    """Return where systemd listens to a service of ``Type=notify`` (``$NOTIFY_SOCKET``), None elsewhere."""
    return os.environ.get("NOTIFY_SOCKET") or None


def visible_gpus() -> list[str] | None:
    """Return the card ids in an exported ``CUDA_VISIBLE_DEVICES``, or None where it is not set.

    From ``-1`` on, which is the usual way to hide all cards, CUDA sees none.
    """
    value = os.environ.get("CUDA_VISIBLE_DEVICES")
    if value is None:
        return None
    cards = (card.strip() for card in value.split(","))
    return [card for card in takewhile(lambda card: card != "-1", cards) if card]


def child_environment(additions: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for a child process of the server.

    Our own variables are left out but for where the registry is: a child gets its settings from the
    supervisor, and module code has no business with, say, the path of the API keys. Nor is it for a child
    to tell systemd that the service is ready, as Gunicorn would.
    """
    kept = {
        key: value
        for key, value in os.environ.items()
        if (not key.startswith(ENV_PREFIX) or key == "HUB_HOME") and key != "NOTIFY_SOCKET"
    }
    return {**kept, **(additions or {})}


def engine_threads() -> int:
    """Return how many threads an engine may use in this process: the server's budget, else all cores."""
    budget = from_environment("engine_threads")
    return max(1, int(budget)) if budget else container.available()


def max_pixels() -> int:
    """Return how many pixels an image may have in this process: the server's ``max_pixels``, or a default."""
    return int(os.environ.get("OPENCV_IO_MAX_IMAGE_PIXELS") or DEFAULT_MAX_PIXELS)


def pdf_memory_mb() -> int:
    """Return the MB for rendering a PDF in this process: the server's ``pdf_memory_mb``, or a default."""
    return int(from_environment("pdf_memory_mb") or DEFAULT_PDF_MEMORY_MB)


def pip_environment() -> dict[str, str]:
    """Return pip's options that the environment gives: ``PIP_INDEX_URL`` is ``{"index-url": …}``."""
    prefix = "PIP_"
    return {
        name.removeprefix(prefix).lower().replace("_", "-"): value
        for name, value in os.environ.items()
        if name.startswith(prefix) and value
    }
