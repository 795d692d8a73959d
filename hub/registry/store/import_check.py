"""Import a module in a process of its own, to see whether it can be imported at all.

In another process, because what a module does while it is imported (threads, an ``exit``, a crash in
an engine, half a gigabyte of memory) must not happen to the command that installs it. The child
runs in the caller's working directory, as a server would.
"""

from __future__ import annotations

import inspect
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from hub import output, settings
from hub.errors import HubError, InvalidModuleError
from hub.module.contract import ServingOptions, is_contract, runnable_method, serving_methods
from hub.module.signature import Signature
from hub.module.streams import is_stream, refuse_batch
from hub.registry.store.environment import expose_hub
from hub.suggestion import did_you_mean

# `-c` puts the working directory on sys.path, like the `-m` that starts runners. The last but one: what a
# runner does for modules written for PaddleHub, and that is above us.
_CHILD = (
    "import sys; sys.path.append(sys.argv[1]); _, _, directory, answer = sys.argv;"
    "sys.argv = [directory]; import hub.compat; hub.compat.install(for_good=True);"
    "from hub.registry.store.import_check import child; child(directory, int(answer))"
)


@dataclass(frozen=True)
class Imported:
    """A module's class, as its import showed it.

    Attributes:
        note: what its user should know; mostly empty.
        method: the name of its ``@serving`` method, if it has one.
        runnable: the name of its ``@runnable`` method, if it has one.
        unchecked: the method's annotated arguments whose annotation says nothing to JSON.
        example: arguments of a call that works, if it tells any.
    """

    note: str = ""
    method: str | None = None
    runnable: str | None = None
    unchecked: tuple[str, ...] = ()
    example: Mapping[str, Any] | None = None


def try_import(
    directory: Path, *, shown_as: Path, timeout: float, interpreter: Path | None = None
) -> Imported:
    """Import ``directory/module.py`` elsewhere; messages name ``shown_as``.

    ``interpreter`` is that of the module's own environment, if it has one.

    Raises:
        InvalidModuleError: it does not import, ends its process, takes longer than ``timeout`` seconds, or
            names arguments that its method does not have.
    """
    source = shown_as / "module.py"
    # Files, not pipes: a process that the module leaves behind would keep a pipe open.
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as output:
        process = _start(directory, answer, output, interpreter)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise InvalidModuleError(
                f"{source} was still being imported after {timeout:.0f} s. A module should only "
                "define things when it is imported; load models in _initialize"
            ) from error
        finally:
            if process.poll() is None:  # too slow, or we are interrupted
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        answer.seek(0)
        output.seek(0)
        said, printed = answer.read(), output.read().decode(errors="replace").strip()
    last = "".join(f"\n  {line}" for line in printed.splitlines()[-8:])
    last = last and f"; its last words:{last}"
    try:
        reply: dict[str, Any] = json.loads(said)
    except ValueError:
        ending = signal.Signals(-status).name if status < 0 else f"exit code {status}"
        raise InvalidModuleError(f"{source} does not import: it ended its process ({ending}){last}") from None
    if not reply["ok"]:
        message = str(reply["message"]).replace(str(directory), str(shown_as))
        if "SystemExit" in message:
            message += last
        if "ModuleNotFoundError" in message and (directory / "requirements.txt").is_file():
            message += f"\nIt lists what it needs: pip install -r {shown_as / 'requirements.txt'}"
        raise InvalidModuleError(message)
    found = reply["found"]
    return Imported(**{**found, "unchecked": tuple(found["unchecked"])})


def child(directory: str, descriptor: int) -> None:
    """Run in the child: answer through ``descriptor``, since the module may print anything."""
    from hub.module.loader import load_class

    output.accept_all_text()
    reply: dict[str, Any] = {"ok": True}
    try:
        reply["found"] = asdict(_look_at(load_class(directory), f"{directory}/module.py"))
    except HubError as error:
        reply = {"ok": False, "message": str(error)}
    with os.fdopen(descriptor, "w", closefd=False) as answer:
        json.dump(reply, answer)
    # Whatever threads or exit hooks the module has left are not our business.
    os._exit(0)


def _look_at(cls: type[Any], source: str) -> Imported:
    """Return what there is to tell of a module that can be imported.

    Raises:
        InvalidModuleError: it could never be served: ``@serving`` names what its method does not take, or its
            example has no JSON form.
    """
    found, runnable = serving_methods(cls), runnable_method(cls)
    if not found:
        use = "hub run calls it" if runnable else "only hub.Module(…) can use it"
        note = f"it has no method marked @serving, so no server can serve it; {use}"
        return Imported(note=note, runnable=runnable)
    unchecked: list[str] = []
    for name, options in found.items():
        method = inspect.getattr_static(cls, name)
        function = getattr(method, "__func__", method)
        _require_named(function, options, f"{source}: @serving", bound=inspect.isfunction(method))
        _require_json(options, name, source)
        if is_contract(cls):
            _require_single(function, options, source)
            unchecked += Signature(function, options.images).unchecked
    name, options = next(iter(found.items()))
    example = None if options.example is None else dict(options.example)
    return Imported(method=name, runnable=runnable, unchecked=tuple(unchecked), example=example)


def _require_single(method: Any, options: ServingOptions, source: str) -> None:
    """Raise InvalidModuleError where requests of a stream were to be joined."""
    if is_stream(method):
        try:
            refuse_batch(method.__name__, options)
        except InvalidModuleError as error:
            raise InvalidModuleError(f"{source}: {error}") from error


def _require_json(options: ServingOptions, method: str, source: str) -> None:
    """Raise InvalidModuleError where the example of ``@serving`` has no JSON form."""
    try:
        json.dumps(options.example)
    except (TypeError, ValueError) as error:
        raise InvalidModuleError(f"{source}: @serving(example=…) of {method} is not JSON: {error}") from error


def _require_named(method: Any, options: ServingOptions, marked: str, *, bound: bool) -> None:
    """Raise InvalidModuleError where ``@serving`` names an argument that the method does not have."""
    parameters = inspect.signature(method).parameters
    if any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        return
    takes = list(parameters)[1:] if bound else list(parameters)
    for option, names in (("batch", (options.batch,) if options.batch else ()), ("images", options.images)):
        for each in names:
            if each not in takes:
                raise InvalidModuleError(
                    f"{marked}({option}={each!r}), but {method.__name__} has no argument {each}."
                    f"{did_you_mean(each, takes)} It takes: {', '.join(takes) or 'nothing'}"
                )


def _start(
    directory: Path, answer: IO[bytes], output: IO[bytes], interpreter: Path | None
) -> subprocess.Popen[bytes]:
    above, environment = settings.PACKAGE.parent, None
    if interpreter is not None:
        above = directory.parent / ".path"  # only the hub, not all that is next to it
        environment = settings.child_environment(expose_hub(above))
    return subprocess.Popen(
        [interpreter or sys.executable, "-c", _CHILD, above, str(directory), str(answer.fileno())],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        pass_fds=[answer.fileno()],
        start_new_session=True,
    )
