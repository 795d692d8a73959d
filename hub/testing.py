"""For tests of modules: call a module as a server's runner calls it.

    from hub.testing import served

    def test_it_says_how_long_texts_are():
        with served("my_module/", unit="words") as module:
            assert module(texts=["two words"]) == [{"text": "two words", "length": 2}]

``hub.Module(directory=…)`` loads a module into the test's own process, which is quicker and lets a debugger
in. This is the real thing but for HTTP: a process of its own, started with the module's own Python if it has
one; images decoded; names of arguments checked; results that are not JSON refused; a crash ends the runner
and not the test.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.client.replies import Reply

if TYPE_CHECKING:
    from hub.predict.local_runner import LocalModule
    from hub.serving.config.server_config import ServingConfig

__all__ = ["Reply", "ServedModule", "served"]


class ServedModule:
    """A loaded module; call it with the arguments of a request. Several threads may.

    Attributes:
        name: the module's.
        version: the module's.
    """

    def __init__(self, runner: LocalModule, name: str, version: str, timeout: float) -> None:
        self.name = name
        self.version = version
        self._runner = runner
        self._timeout = timeout

    def __call__(self, **arguments: Any) -> Any:
        """Return the ``results`` that a caller of ``POST /predict/<name>`` gets; see ``reply``."""
        return self.reply(**arguments).results

    def reply(self, **arguments: Any) -> Reply:
        """Return results and message of a request.

        Arguments are encoded as ``hub.Client`` encodes them: bytes, paths and uint8 arrays (height, width, 3)
        in BGR are files and travel as base64; under ``images`` and ``image`` a string is a path, too. Results
        are what JSON makes of them: tuples become lists, NumPy arrays lists of numbers.

        Raises:
            InvalidInputError: the module refused its input, or a file cannot be read.
            BindingError: an argument is unknown or missing.
            ModuleRaisedError: the module's code raised, or its result has no JSON form.
            RequestError: what else a server would have answered: too late, crashed, too large.
        """
        from hub import envelope
        from hub.client import payload

        reply = self._runner.call(payload.encode(arguments), timeout=self._timeout, strict=False)
        return Reply(envelope.loads(reply.results), reply.remarks)


@contextmanager
def served(
    module: str | Path, /, *, settings: Mapping[str, Any] | None = None, **init_args: Any
) -> Iterator[ServedModule]:
    """Load a module in a process of its own while the context is open.

    Args:
        module: its folder, or ``NAME`` or ``NAME==VERSION`` of an installed one.
        settings: its entry of ``modules_info`` in a config file: ``predict_args``, ``max_batch_size``,
            ``timeout``, …
        init_args: what its ``_initialize`` gets.

    Raises:
        ModuleNotInstalledError, InvalidModuleError: there is no such module.
        ConfigError: a setting is wrong.
        StartupError: it could not be loaded; says why.
    """
    from hub.predict.local_runner import LocalModule
    from hub.registry.describe import describe
    from hub.registry.local import LocalRegistry

    described = describe(str(module.absolute()) if isinstance(module, Path) else module, LocalRegistry())
    info = described.info
    which = {"version": info.version} if described.installed else {"directory": str(described.location)}
    config = _configured(info.name, {**init_args, **which}, settings or {})
    timeout = config.modules_info[info.name].timeout or config.timeout
    with LocalModule(config) as runner:
        yield ServedModule(runner, info.name, info.version, timeout)


def _configured(name: str, init_args: Mapping[str, Any], settings: Mapping[str, Any]) -> ServingConfig:
    """Return the settings of a server for this module alone."""
    from hub.serving.config import server_config

    entry = {**settings, "init_args": {**settings.get("init_args", {}), **init_args}}
    return server_config.build({"modules_info": {name: entry}}, source="hub.testing")
