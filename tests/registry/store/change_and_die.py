"""Change the registry and be killed on the way: a program for tests, not a test.

    change_and_die.py STEP install DIR | uninstall NAME

kills itself with SIGKILL just before its STEP-th change of the file system (0: never). Python announces
each of them as an audit event.
"""

from __future__ import annotations

import os
import signal
import sys

from hub.registry.local import LocalRegistry
from hub.registry.store import locks  # noqa: F401 - so that imports do not count as steps

CHANGES = {
    "fcntl.flock",
    "os.chmod",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.symlink",
    "shutil.copyfile",
    "subprocess.Popen",
}


def main(step: int, what: str, argument: str) -> None:
    registry, seen = LocalRegistry(), 0

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        writing = (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        )
        if event in CHANGES or writing:
            seen += 1
            if seen == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    getattr(registry, what)(argument)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
