"""``hub predict``: many files through a served module, or through an installed one without a server."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub import text_file
from hub.cli import completion, render
from hub.errors import ConfigError, HubError, UsageError

if TYPE_CHECKING:
    from hub.client.replies import Reply
    from hub.predict.files import Found
    from hub.predict.job import Call, Job, Output, Target
    from hub.serving.config.server_config import ServingConfig

#: A URL, or host and port without a scheme; no module's name and no folder has a colon and a number.
_ADDRESS = re.compile(r".*://|[\w.-]+:\d+(?:/|\Z)")


@click.command()
@click.argument("target", type=completion.TARGET)
@click.argument("words", type=completion.FILE, nargs=-1, required=True)
@click.option("--module", "-m", help="The module, where the URL names none.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="A folder for the results.")
@click.option(
    "--format", "-f", type=click.Choice(["json", "csv", "txt", "pdf"]), default="json", show_default=True,
    help="JSON lines, a table, the text alone, or a searchable PDF of each file.",
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
@click.option("--job", is_flag=True, help="Have the server do each file as a job, whatever its length.")
@click.option("--recursive", "-r", is_flag=True, help="Search folders in folders, too.")
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

    The module is one of a server (http://HOST:PORT/predict/NAME, or http://HOST:PORT with --module;
    NAME/METHOD is another of its methods), or an installed one or a module's folder, which is then loaded by
    this command alone. Of a folder the images are sent, and the documents where the module reads them, or for
    a module that takes texts the .txt files, line by line. The summary says what was left out.

    All pages of a document are read, ten in a request; {"pages": 3} among --arguments reads the first three,
    and {"pages": [0, 7]} those two. With --job a file is a job of the server, which reads its pages one by
    one, beside other callers' requests and beyond its own restart.

    With --output, results are written to DIR/results.jsonl (and .csv, .txt or PDFs) as they come. It may
    be killed at any time; started again, it does the rest, and tries again what failed.

    A file that fails is reported and does not stop the others; the exit code is then 1.
    """
    from hub.cli.call import json_object

    arguments = json_object(options["arguments"])
    if options["format"] == "pdf":
        from hub.predict import searchable

        searchable.check(options["output"])  # before a module is loaded
    with _target(target, options) as found:
        from hub.predict import files
        from hub.predict.job import Output

        job = found.job(options["argument"], arguments)
        listed = files.expand(words, job.kind, documents=job.documents, recursive=options["recursive"])
        with Output(options["output"], job, options["format"], resume=options["resume"]) as written:
            failed = _run(job, listed, written, found.call, options["concurrency"])
    if failed:
        context.exit(1)


def _run(job: Job, listed: Found, output: Output, call: Call, concurrency: int) -> int:
    """Do what is not done; return the number of files that failed."""
    from hub.client.progress import progress_bar
    from hub.predict.job import run

    names = listed.names
    todo = [name for name in names if not output.is_done(name)]
    before, answered, failed = len(names) - len(todo), 0, 0
    try:
        # On the terminal, results show how far it is.
        shown = output.path is not None or not sys.stdout.isatty()
        console = render.console(sys.stderr)
        with progress_bar(job.module, names, before, shown=shown, console=console) as advance:
            for record in run(job, todo, call, concurrency=concurrency):
                output.add(record)
                if "error" in record:
                    failed += 1
                    render.note(f"{record['file']}: {record['error']}")
                else:
                    answered += 1
                advance()
        output.finish(names)
    except (HubError, KeyboardInterrupt):
        if output.path is not None:
            render.note(
                f"{before + answered} of {len(names)} files are done; the same command does the rest."
            )
        raise
    parts = [f"{len(names)} file{'s' * (len(names) != 1)}", f"{failed} failed"]
    parts += [f"{before} done before"] if before else []
    parts += [listed.left_out] if listed.left_out else []
    render.note(", ".join(parts) + (f"; the results are in {output.path}" if output.path else ""))
    return failed


@contextmanager
def _target(target: str, options: Mapping[str, Any]) -> Iterator[Target]:
    if _ADDRESS.match(target):
        from hub.client.blocking import Client
        from hub.predict.served import find

        url, module = _split(target, options["module"])
        verify = not options["insecure"] if options["ca_file"] is None else options["ca_file"]
        key = _key(options["key_file"])
        with Client(url, timeout=options["timeout"], api_key=key, verify=verify) as client:
            yield find(client, module, in_background=options["job"])
    else:
        if options["job"]:
            raise UsageError("--job is for a URL: a server runs jobs")
        if options["module"] is not None:
            raise UsageError(f"--module is for a URL; {target!r} is a module itself")
        with _local(target, options) as found:
            yield found


def _split(url: str, module: str | None) -> tuple[str, str | None]:
    """Split a URL into the server's address and the module's name."""
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
        return text_file.read(path, "--key_file").strip()
    except ConfigError as error:
        raise UsageError(str(error)) from error


@contextmanager
def _local(target: str, options: Mapping[str, Any]) -> Iterator[Target]:
    from hub import envelope
    from hub.client import payload
    from hub.client.replies import Reply
    from hub.predict.job import Target
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
        yield Target(info.name, call, taken, manifest.images)


def _configured(
    name: str, which: Mapping[str, str], options: Mapping[str, Any], *, is_told: bool
) -> ServingConfig:
    """Return the settings of a server for this module alone: the config file's, where one is given."""
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
