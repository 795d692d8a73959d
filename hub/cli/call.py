"""Call a module once with the words of a command line: what ``hub run`` does, in whichever Python.

    python -m hub.cli.call DIR [WORD]...

Standard library only: it runs in a module's own environment, too, which has no click.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
import traceback
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub import missing_library, one_shot, output
from hub.cli import run_files
from hub.errors import HubError, InvalidModuleError, UsageError
from hub.module.arguments import SINGLE, TEXTS, for_files, parameters
from hub.module.contract import ServingOptions
from hub.suggestion import did_you_mean


def main(words: Sequence[str]) -> int:
    """Load the module in the folder ``words[0]``, call it with the rest, print what it returns."""
    output.accept_all_text()
    try:
        return call(Path(words[0]), words[1:])
    except HubError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code


def call(directory: Path, words: Sequence[str]) -> int:
    """Call a module's ``@runnable`` method with ``words``, or a ``@serving`` method with what they mean.

    That is the first, or the one that ``--method`` names, also of a module with a ``@runnable`` method.

    Returns:
        The exit code.

    Raises:
        UsageError: the words do not fit.
        HubError: the module cannot be loaded, or has no such method.
    """
    from hub import compat
    from hub.module import loader
    from hub.module.contract import runnable_method, serving_methods
    from hub.module.coroutines import blocking
    from hub.module.signature import enforce
    from hub.module.streams import is_stream

    sys.argv = [directory.name]  # modules parse sys.argv for defaults
    compat.install(for_good=True)
    one_shot.declare()
    cls = loader.load_class(directory)
    runnable, serving = runnable_method(cls), serving_methods(cls)
    if runnable is None and not serving:
        raise InvalidModuleError(
            f"{directory.name} cannot be called: it has neither a @serving nor a @runnable method"
        )
    name, rest = _method(words, serving, directory.name, is_runnable=runnable is not None)
    try:
        instance = loader.build(cls, directory, {})
        if runnable is not None and name is None:
            print(getattr(instance, runnable)(list(words)))
            return 0
        name = name or next(iter(serving))
        method = getattr(enforce(instance), name)
        method = method if is_stream(method) else blocking(method)  # a stream waits until it has a list
        given = _arguments(method, serving[name], rest, directory.name)
        result = method(**given.arguments)
    except HubError:
        raise
    except Exception as error:
        if advice := missing_library.advice(error):
            raise InvalidModuleError(f"{directory.name}: {error}; {advice}") from error
        traceback.print_exc()  # whose mistake it is shows in its last lines
        return 1
    run_files.show(result, given.files, as_json=given.as_json)
    return 0


def _method(
    words: Sequence[str], serving: Collection[str], module: str, *, is_runnable: bool
) -> tuple[str | None, list[str]]:
    """Return the serving method that ``--method`` names, if any, and the other words.

    A ``@runnable`` method may have an option of that name: then only a serving method's name is ours.

    Raises:
        UsageError: there is no such method.
    """
    for place, word in enumerate(words):
        option, equals, name = word.partition("=")
        if option != "--method" or not (equals or words[place + 1 :]):
            continue
        name, end = (name, place + 1) if equals else (words[place + 1], place + 2)
        if name in serving:
            return name, [*words[:place], *words[end:]]
        if not is_runnable:
            meant = did_you_mean(name, serving)
            raise UsageError(f"{module} has no serving method {name}.{meant} It has: {', '.join(serving)}")
    return None, list(words)


@dataclass(frozen=True)
class _Given:
    """The meaning of a command line's words.

    Attributes:
        arguments: what the method is called with, by the names of its parameters.
        files: those that are named without an option, if they are all that it works on.
        as_json: print a line of JSON for each.
    """

    arguments: dict[str, Any]
    files: Sequence[run_files.Named]
    as_json: bool


def _arguments(
    method: Callable[..., Any], options: ServingOptions, words: Sequence[str], name: str
) -> _Given:
    """Return what a serving method is called with."""
    parser = argparse.ArgumentParser(prog=f"hub run {name}", description=inspect.getdoc(method))
    reads = "an image, PDF or other file; the text in it is printed, where the module reads text"
    parser.add_argument("files", nargs="*", metavar="FILE", help=reads)
    parser.add_argument("--json", action="store_true", help="print a line of JSON for each FILE")
    parser.add_argument("--input_path", action="append", metavar="FILE", help="an image or other file")
    parser.add_argument("--input_text", action="append", metavar="TEXT", help="a text")
    parser.add_argument("--input_file", metavar="FILE", help="a file with a text a line")
    parser.add_argument("--use_gpu", action="store_const", const=True, help="run on the GPU")
    parser.add_argument("--batch_size", type=int, help="inputs per batch")
    parser.add_argument("--arguments", metavar="JSON", default="{}", help="any arguments, as in a request")
    parser.add_argument("--method", metavar="NAME", help="the serving method to call instead of the first")
    given, unknown = parser.parse_known_intermixed_args([_with_underscores(word) for word in words])
    taken = {parameter.name: parameter for parameter in parameters(method)}
    if unknown:
        raise UsageError(
            f"{name}: no option {unknown[0]}; arguments of the module are given as JSON, like "
            f"--arguments '{{\"{next(iter(taken), 'name')}\": …}}'. It takes: {', '.join(taken) or 'nothing'}"
        )
    arguments = json_object(given.arguments)

    def key_for(flag: str, names: Sequence[str]) -> str:
        for key in names:
            if key in taken:
                return key
        takes = ", ".join(taken) or "nothing"
        raise UsageError(f"{name} has no argument for {flag}. It takes: {takes}")

    texts = [*(given.input_text or []), *(run_files.lines(given.input_file) if given.input_file else [])]
    if texts:
        key = key_for("--input_text", TEXTS)
        arguments[key] = _one_or_all(key, texts)
    named = [*(given.input_path or []), *given.files]
    files: list[run_files.Named] = []
    if named:
        found = for_files(list(taken), options.images)
        key = key_for("--input_path", found[:1] if found else ())
        decoding = run_files.Decoding(arguments.get("pages"), options.documents)
        kind = found[1] if found else "path"
        files = run_files.read(named, kind, decoding if key in options.images else None)
        arguments[key] = _one_or_all(key, [value for file in files for value in file.values])
    for key in ("use_gpu", "batch_size"):
        if getattr(given, key) is not None:
            arguments[key_for(f"--{key}", [key])] = getattr(given, key)
    if not arguments and any(
        each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD for each in taken.values()
    ):
        raise UsageError(
            f"{name} works on something: give --input_path FILE, --input_text TEXT or --arguments JSON. "
            f"It takes: {', '.join(taken)}"
        )
    shown = [] if texts or given.input_path else files
    return _Given(arguments, shown, given.json)


def _with_underscores(word: str) -> str:
    """Return an option as it is declared where it was written with hyphens: --input-path=a-b.jpg."""
    name, equals, value = word.partition("=")
    return f"--{name[2:].replace('-', '_')}{equals}{value}" if word.startswith("--") else word


def json_object(text: str) -> dict[str, Any]:
    """Return what --arguments says; raises UsageError."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UsageError(f"--arguments is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise UsageError('--arguments must be a JSON object, like {"top_k": 3}')
    return value


def _one_or_all(key: str, values: list[Any]) -> Any:
    if key not in SINGLE:
        return values
    if len(values) > 1:
        raise UsageError(f"the module takes one {key}, not {len(values)}")
    return values[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
