"""Reads the bodies of jobs for the jobs service, as every body is read, in a process of its own.

    python -m hub.serving.gateway.job_inputs RUN_DIR

Questions come over stdin, answers go to stdout. It ends with the service, at the end of stdin.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from hub import envelope
from hub.errors import HubError, InvalidInputError, PayloadTooLargeError, UnavailableError, UnknownModuleError
from hub.serving.config import server_config
from hub.serving.config.server_config import ServingConfig
from hub.serving.gateway import body_parser, job_check, unpack
from hub.serving.gateway.admission import RequestLimits
from hub.serving.gateway.delivery import refuse_unless_served
from hub.serving.gateway.job_page_reader import PageReader
from hub.serving.gateway.spool import too_large
from hub.serving.messages import lines
from hub.serving.messages.job_inputs import PageInput, Plan, ReadReply, ReadRequest
from hub.serving.messages.jobs import Submission
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.run_dir import RunDir
from hub.serving.messages.state import ModuleState, StateReader
from hub.serving.process import disk_room, logs

log = logging.getLogger("hub.jobs")


class BodyReader:
    """Takes bodies apart, and pages out of documents."""

    def __init__(self, config: ServingConfig, states: StateReader) -> None:
        self._config, self._states = config, states
        self._most = int(config.max_job_mb * 1e6)
        limits = RequestLimits.of(config)
        self._limits = limits.of_job()
        self._pages = PageReader(limits.max_pixels)
        self._has_said_full = False

    def answer(self, request: ReadRequest) -> tuple[ReadReply, bytes]:
        """Return an answer and the bytes that follow it."""
        try:
            if request.do == "page":
                content = self._pages.png(Path(request.folder) / request.upload, request.page)
                return ReadReply(size=len(content)), content
            assert request.submission is not None
            plan, pages = self._taken_apart(request.submission, request)
            return ReadReply(plan=plan, pages=tuple(pages)), b""
        except (UnavailableError, UnknownModuleError) as error:
            return ReadReply(error=str(error), again=True), b""
        except HubError as error:
            return ReadReply(error=str(error)), b""
        except OSError as error:
            is_full = disk_room.is_full(error)
            if is_full and not self._has_said_full:
                log.error("a body cannot be taken apart: %s; it is tried again until there is room", error)
            self._has_said_full = is_full
            return ReadReply(error=f"the body cannot be read: {error.strerror or error}", again=is_full), b""
        except RecursionError:
            return ReadReply(error="the body's lists and objects are nested too deeply"), b""
        except MemoryError:
            return ReadReply(error="there is not enough memory to take the body apart; send less in one"), b""

    def _taken_apart(self, submission: Submission, request: ReadRequest) -> tuple[Plan, Sequence[PageInput]]:
        module = self._module(submission)
        manifest = module.manifest
        once = manifest.idempotent is False or submission.endpoint in manifest.once
        whole = Plan(once=once), [PageInput(0)]
        if submission.endpoint or not manifest.batch:
            return whole
        data = self._unpacked(Path(request.upload).read_bytes(), submission.coding)
        body = body_parser.of_module(data, submission.content_type, module, self._config, self._limits)
        del data
        arguments = envelope.loads(body.arguments)
        job_check.refuse_wrong(
            manifest,
            {**arguments, **body.images},
            self._config.modules_info[module.name].predict_args,
            names_paths=self._config.allow_server_paths,
        )
        items = body.images.pop(manifest.batch, None) or arguments.pop(manifest.batch, None)
        if not isinstance(items, list) or not items or body.images:
            return whole
        in_files = isinstance(items[0], bytes)
        pages = (
            self._files(items, Path(request.folder), manifest, module.name, arguments)
            if in_files
            else [
                PageInput(number, None, envelope.dumps_exactly(item).decode())
                for number, item in enumerate(items)
            ]
        )
        text = envelope.dumps_exactly(arguments).decode()
        return Plan(manifest.batch, text, in_files, once), pages

    def _module(self, submission: Submission) -> ModuleState:
        """Return the module, with the manifest of the method; raises UnknownModuleError, UnavailableError."""
        name = submission.module
        module = refuse_unless_served(name, self._states.current().modules.get(name))
        manifest = module.manifest.of(submission.method) if submission.method else module.manifest
        if manifest is None:
            raise InvalidInputError(f"module {name} has no serving method {submission.method} any more")
        return replace(module, manifest=manifest)

    def _unpacked(self, data: bytes, coding: str) -> bytes:
        if not coding:
            return data
        total = 0

        def book(size: int) -> None:
            nonlocal total
            total += size
            if total > self._most:
                raise too_large(self._most)

        return unpack.unpack(data, coding, book)

    def _files(
        self, items: list[bytes], folder: Path, manifest: Manifest, name: str, arguments: dict[str, Any]
    ) -> list[PageInput]:
        """Write the files of a body into the job's folder, and return their pages."""
        from hub.pictures.pages import PAGES, checked

        reads_pages = manifest.documents and not manifest.whole_documents
        default = self._config.modules_info[name].predict_args.get(PAGES) if reads_pages else None
        asked = checked(arguments.pop(PAGES, default)) if reads_pages else None
        pages = []
        for number, item in enumerate(items):
            (folder / str(number)).write_bytes(item)
            if reads_pages:
                chosen = self._chosen(item, asked, f"{manifest.batch}[{number}]")
                pages += [PageInput(number, page, str(number)) for page in chosen]
            else:
                pages.append(PageInput(number, None, str(number)))
        return pages

    def _chosen(self, data: bytes, asked: Any, where: str) -> Sequence[int | None]:
        """Return the numbers of a file's pages that are wanted; None stands for the file as it is."""
        from hub.pictures.documents import open_document
        from hub.pictures.pages import check_numbers, chosen

        try:
            opened = contextlib.ExitStack()
            document = opened.enter_context(open_document(data, max_pixels=self._limits.max_pixels))
        except (InvalidInputError, PayloadTooLargeError):
            return [None]  # the module's runner says what is wrong with it
        with opened:
            if isinstance(asked, list):
                check_numbers(asked, document, where)
            if not document.has_pages:
                return [None]
            if isinstance(asked, list):
                return asked
            if document.is_animation:
                return [number for number, _ in chosen(document, None, asked)]
            return range(document.total)[: asked or document.total]


def serve(reader: BodyReader, questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer questions until they end."""
    while (request := lines.receive(questions, ReadRequest)) is not None:
        lines.send(answers, *reader.answer(request))


def main() -> None:
    run_dir = RunDir(Path(sys.argv[1]))
    config = server_config.load(run_dir.config)
    logs.set_up(config.log_format, "jobs")
    os.environ["HUB_PDF_MEMORY_MB"] = str(config.pdf_memory_mb)
    serve(BodyReader(config, StateReader(run_dir.state)), sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
