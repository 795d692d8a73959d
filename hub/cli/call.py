"""Call a module once with the words of a command line: what ``hub run`` does, in whichever Python.

    python -m hub.cli.call DIR [WORD]...

Standard library only: it runs in a module's own environment, too, which has no click.
"""

from __future__ import annotations

import argparse
import base64
import inspect
import json
import sys
import traceback
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hub import envelope, missing_library, output, text_file
from hub.errors import ConfigError, HubError, InvalidModuleError, UsageError
from hub.module.arguments import SINGLE, TEXTS, FileKind, for_files, parameters
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

    sys.argv = [directory.name]  # modules parse sys.argv for defaults
    compat.install(for_good=True)
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
        method = blocking(getattr(enforce(instance), name))
        result = method(**_arguments(method, serving[name], rest, directory.name))
    except HubError:
        raise
    except Exception as error:
        if advice := missing_library.advice(error):
            raise InvalidModuleError(f"{directory.name}: {error}; {advice}") from error
        traceback.print_exc()  # whose mistake it is shows in its last lines
        return 1
    print(_as_json(result))
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


def _arguments(
    method: Callable[..., Any], options: ServingOptions, words: Sequence[str], name: str
) -> dict[str, Any]:
    """Return what a serving method is called with, by the names of its parameters."""
    parser = argparse.ArgumentParser(prog=f"hub run {name}", description=inspect.getdoc(method))
    parser.add_argument("files", nargs="*", metavar="FILE", help="the same as --input_path FILE")
    parser.add_argument("--input_path", action="append", metavar="FILE", help="an image or other file")
    parser.add_argument("--input_text", action="append", metavar="TEXT", help="a text")
    parser.add_argument("--input_file", metavar="FILE", help="a file with a text a line")
    parser.add_argument("--use_gpu", action="store_const", const=True, help="run on the GPU")
    parser.add_argument("--batch_size", type=int, help="inputs per batch")
    parser.add_argument("--arguments", metavar="JSON", default="{}", help="any arguments, as in a request")
    parser.add_argument("--method", metavar="NAME", help="the serving method to call instead of the first")
    given = parser.parse_intermixed_args([_with_underscores(word) for word in words])
    arguments = json_object(given.arguments)
    taken = {parameter.name: parameter for parameter in parameters(method)}

    def key_for(flag: str, names: Sequence[str]) -> str:
        for key in names:
            if key in taken:
                return key
        takes = ", ".join(taken) or "nothing"
        raise UsageError(f"{name} has no argument for {flag}. It takes: {takes}")

    texts = [*(given.input_text or []), *(_lines(given.input_file) if given.input_file else [])]
    if texts:
        key = key_for("--input_text", TEXTS)
        arguments[key] = _one_or_all(key, texts)
    named = [*(given.input_path or []), *given.files]
    if named:
        paths = [_file(path) for path in named]
        found = for_files(list(taken), options.images)
        key = key_for("--input_path", found[:1] if found else ())
        read = partial(_decoded, pages=arguments.get("pages"), options=options)
        values = _values(paths, found[1] if found else "path", read if key in options.images else _base64)
        arguments[key] = _one_or_all(key, values)
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
    return arguments


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


def _file(path: str) -> Path:
    if not Path(path).is_file():
        raise UsageError(f"--input_path {path} is not a file; a text is given with --input_text TEXT")
    return Path(path)


def _values(paths: Sequence[Path], kind: FileKind, read: Callable[[Sequence[Path]], list[Any]]) -> list[Any]:
    """Return what of the files is passed: images, as ``read`` gives them, paths, or the lines of texts."""
    if kind == "image":
        return read(paths)
    return list(map(str, paths)) if kind == "path" else [line for path in paths for line in _lines(path)]


def _base64(paths: Sequence[Path]) -> list[Any]:
    """Return files as in a request, for modules that decode images themselves."""
    return [base64.b64encode(path.read_bytes()).decode() for path in paths]


def _decoded(paths: Sequence[Path], *, pages: Any, options: ServingOptions) -> list[Any]:
    """Return decoded images; what is left out of one is said, one that cannot be read is an error."""
    from hub.pictures.pages import Reader, checked

    reader = Reader(checked(pages), reads_documents=options.documents)
    images = [reader.read(path.read_bytes(), str(path)) for path in paths]
    if reader.failures:
        raise UsageError("--input_path: " + "; ".join(reader.failures))
    for note in reader.notes:
        print(note, file=sys.stderr)
    return images


def _lines(path: str | Path) -> list[str]:
    try:
        lines = text_file.read(path, "the file of texts").splitlines()
    except ConfigError as error:
        raise UsageError(str(error)) from error
    return [line for line in lines if line.strip()]


def _as_json(result: Any) -> str:
    """Return a result as a server would send it; what it could not send, as Python shows it."""
    try:
        sent = envelope.loads(envelope.dumps(result))
    except TypeError:
        return str(result)
    return json.dumps(sent, ensure_ascii=not output.is_unicode(sys.stdout), indent=1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
