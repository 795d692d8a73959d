"""``hub predict``: many files through a served module, or through an installed one without a server."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli import completion
from hub.errors import HubError, UsageError

if TYPE_CHECKING:
    from hub.client.blocking import Client
    from hub.client.replies import Reply
    from hub.predict.job import Call, Job, Output
    from hub.serving.config.server_config import ServingConfig


@click.command()
@click.argument("target", metavar="URL|NAME[==VERSION]|DIR", shell_complete=completion.modules_or_files)
@click.argument(
    "words", metavar="FILE|DIR|PATTERN...", nargs=-1, required=True, shell_complete=completion.files
)
@click.option("--module", "-m", help="The module, where the URL names none.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="A folder for the results.")
@click.option(
    "--format", "-f", type=click.Choice(["json", "csv", "txt"]), default="json", show_default=True,
    help="JSON lines, a table, or the text alone.",
)  # fmt: skip
@click.option(
    "--resume/--no_resume", default=True, help="Leave out what --output has already.  [default: resume]"
)
@click.option(
    "--concurrency", type=click.IntRange(1, 256), default=4, show_default=True, help="Files at once."
)
@click.option(
    "--timeout", type=click.FloatRange(0, min_open=True), default=60.0, show_default=True,
    help="Seconds for a file, all attempts included.",
)  # fmt: skip
@click.option("--argument", help="The argument that gets the file.  [default: what the module has]")
@click.option("--arguments", metavar="JSON", default="{}", help="Other arguments, as in a request.")
@click.option("--key_file", type=click.Path(path_type=Path), help="A file with the server's API key.")
@click.option("--ca_file", type=click.Path(path_type=Path), help="Certificates to trust (PEM).")
@click.option("--insecure", is_flag=True, help="Do not check the server's certificate.")
@click.option("--config", "-c", type=click.Path(), help="A config.json with the module's init_args, …")
@click.option("--use_gpu", is_flag=True, help="Run on the GPU, where no server does.")
@click.pass_context
def predict(context: click.Context, /, target: str, words: tuple[str, ...], **options: Any) -> None:
    """Send files to a module, one request each, and write what it answers, in the order of the files.

    The module is one of a server (http://HOST:PORT/predict/NAME, or http://HOST:PORT with --module), or an
    installed one or a module's folder, which is then loaded by this command alone. Of a folder the images are
    sent, or for a module that takes texts the .txt files, line by line.

    With --output, results are written to DIR/results.jsonl (and .csv or .txt) as they come. The command may
    be killed at any time; started again, it does the rest, and tries again what failed.

    A file that fails is reported and does not stop the others; the exit code is then 1.
    """
    from hub.cli.call import json_object

    arguments = json_object(options["arguments"])
    with _target(target, options) as found:
        job = found.job(options["argument"], arguments)
        from hub.predict import files

        names = files.expand(words, job.kind)
        with _output(job, options) as output:
            failed = _run(job, names, output, found.call, options)
    if failed:
        context.exit(1)


def _run(job: Job, names: Sequence[str], output: Output, call: Call, options: Mapping[str, Any]) -> int:
    """Do what is not done; the number of files that failed."""
    from hub.cli import colours, render
    from hub.client.progress import counting_bar
    from hub.predict import job as jobs

    todo = [name for name in names if not output.is_done(name)]
    done, failed = len(names) - len(todo), 0
    is_seen = options["output"] is None and sys.stdout.isatty()  # then the results show how far it is
    bar: AbstractContextManager[Callable[[], None]] = nullcontext(lambda: None)
    if not is_seen:
        bar = counting_bar(job.module, len(names), done, console=colours.console(sys.stderr))
    try:
        with bar as advance:
            for record in jobs.run(job, todo, call, concurrency=options["concurrency"]):
                output.add(record)
                done += 1
                if "error" in record:
                    failed += 1
                    render.note(f"{record['file']}: {record['error']}")
                advance()
        output.finish(names)
    except (HubError, KeyboardInterrupt):
        if options["output"] is not None:
            render.note(f"{done - failed} of {len(names)} files are done; the same command does the rest.")
        raise
    render.note(_summary(len(names), len(todo), failed, output))
    return failed


def _summary(files: int, sent: int, failed: int, output: Output) -> str:
    path = getattr(output, "path", None)
    parts = [f"{files} file{'s' * (files != 1)}", f"{failed} failed"]
    if files != sent:
        parts.append(f"{files - sent} done before")
    return ", ".join(parts) + (f"; the results are in {path}" if path else "")


def _output(job: Job, options: Mapping[str, Any]) -> Output:
    from hub.predict.job import Folder, Stream

    if options["output"] is None:
        return Stream(options["format"])
    return Folder(options["output"], job, options["format"], resume=options["resume"])


@dataclass(frozen=True)
class _Found:
    """A module that can be called.

    Attributes:
        taken: names of its arguments; empty if they are not known.
        images: those of them that are images.
    """

    name: str
    taken: Sequence[str]
    images: Sequence[str]
    call: Callable[[Mapping[str, Any]], Reply]

    def job(self, argument: str | None, arguments: Mapping[str, Any]) -> Job:
        """Which argument gets a file, and what of it; raises UsageError."""
        from hub.module.arguments import for_files
        from hub.predict.job import Job

        if argument is not None:
            _, kind = for_files([argument], self.images) or (argument, "image")
            return Job(self.name, argument, kind, arguments)
        # One that tells nothing of its arguments (PaddleHub's, one with **kwargs) most likely takes images.
        found = for_files(self.taken, self.images) or (None if self.taken else ("images", "image"))
        if found is None:
            raise UsageError(
                f"{self.name} has no argument that is known to take a file; name one with --argument. "
                f"It takes {', '.join(self.taken)}"
            )
        return Job(self.name, *found, arguments)


@contextmanager
def _target(target: str, options: Mapping[str, Any]) -> Iterator[_Found]:
    if "://" in target:
        from hub.client.blocking import Client

        url, module = _split(target, options["module"])
        verify = not options["insecure"] if options["ca_file"] is None else options["ca_file"]
        key = _key(options["key_file"])
        with Client(url, timeout=options["timeout"], api_key=key, verify=verify) as client:
            yield _served(client, module)
    else:
        if options["module"] is not None:
            raise UsageError(f"--module is for a URL; {target!r} is a module itself")
        with _local(target, options) as found:
            yield found


def _split(url: str, module: str | None) -> tuple[str, str | None]:
    """The server's address and the module's name."""
    base, separator, name = url.rpartition("/predict/")
    if not separator:
        return url, module
    name = name.strip("/")
    if module not in (None, name):
        raise UsageError(f"the URL names the module {name}, and --module {module}")
    return base, name


def _key(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--key_file {path} cannot be read: {error}") from error


def _served(client: Client, name: str | None) -> _Found:
    """Find the module on the server; raises UsageError, UnknownModuleError, UnreachableError, …"""
    from hub.predict.served import describe

    served = describe(client, name)
    return _Found(
        served.name, served.taken, served.images, lambda arguments: client.call(served.name, arguments)
    )


@contextmanager
def _local(target: str, options: Mapping[str, Any]) -> Iterator[_Found]:
    from hub import envelope
    from hub.cli import render
    from hub.client import payload
    from hub.client.replies import Reply
    from hub.predict.local_runner import LocalModule
    from hub.registry.describe import describe
    from hub.registry.local import LocalRegistry

    described = describe(target, LocalRegistry())
    info, timeout = described.info, options["timeout"]
    which = {"version": info.version} if described.installed else {"directory": str(described.location)}
    is_told = "==" in target or not described.installed  # else a config file may name the version
    module = LocalModule(_configured(info.name, which, options, is_told=is_told))

    def call(arguments: Mapping[str, Any]) -> Reply:
        reply = module.call(payload.encode(arguments), timeout=timeout)
        return Reply(envelope.loads(reply.results), reply.remarks)

    render.note(f"Loading {info.name} {info.version} …")
    with module:
        manifest = module.manifest
        taken = [parameter.name for parameter in manifest.parameters]
        yield _Found(info.name, taken, manifest.images, call)


def _configured(
    name: str, which: Mapping[str, str], options: Mapping[str, Any], *, is_told: bool
) -> ServingConfig:
    """Settings of a server that would serve this module alone: the config file's, where one is given."""
    from hub.serving.config import server_config

    values: dict[str, Any] = {"timeout": options["timeout"], "allow_server_paths": True}
    if options["use_gpu"]:
        values["use_gpu"] = True
    path = options["config"]
    if path is None:
        return server_config.build(
            {**values, "modules_info": {name: {"init_args": which}}}, source="command line"
        )
    whole = server_config.from_file(path, values)
    if name not in whole.modules_info:
        raise UsageError(f"{path} has {', '.join(whole.modules_info)}, not {name}")
    entry = whole.modules_info[name]
    init_args = {**entry.init_args, **which} if is_told else {**which, **entry.init_args}
    chosen = entry.model_copy(update={"init_args": init_args})
    return whole.model_copy(update={"modules_info": {name: chosen}})
