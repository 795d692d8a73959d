"""From a request's body, in any accepted form, to checked arguments and image bytes.

application/json        {"images": ["<base64>", …], "texts": […], …}
multipart/form-data     files are images (base64 text for a module that decodes itself), fields arguments
image/*, application/pdf   the body is one file, for the module's first image argument
"""

from __future__ import annotations

import base64
import io
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import IO, Any

from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from hub import envelope
from hub.errors import InvalidInputError, MediaTypeError, PayloadTooLargeError
from hub.serving.gateway.admission import RequestLimits
from hub.serving.gateway.body import Body, encode, from_json, image_list, look_over, refuse_server_paths
from hub.serving.gateway.image_budget import ImageBudget
from hub.serving.gateway.json_structure import JSONBudget

#: Fields and files of one form; more is an attack on the parser.
MAX_FORM_PARTS = 1000
#: Bytes of the headers of all its parts. The parser takes 0.3 s for a megabyte, in which nothing else runs.
MAX_FORM_HEADERS = 1 << 18
_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r")


def parse(data: bytes, content_type: str, declared: Sequence[str], limits: RequestLimits) -> Body:
    """Check a body and take it apart.

    ``declared`` are the module's image arguments; their images are decoded from base64 here and travel
    as bytes. All others stay as sent.

    Raises:
        NotJSONError, InvalidInputError, BindingError, MediaTypeError, PayloadTooLargeError.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return from_json(data, declared, limits)
    if kind == "multipart/form-data":
        return _from_form(data, content_type, declared, limits)
    if kind.startswith("image/") or kind == "application/pdf":
        return _from_image(data, declared, limits)
    raise MediaTypeError(
        f"content type {kind or 'none'!r} is not read here; "
        "send application/json, multipart/form-data or an image/*"
    )


def _from_form(data: bytes, content_type: str, declared: Sequence[str], limits: RequestLimits) -> Body:
    parser = FormDataParser(_in_memory, max_form_parts=MAX_FORM_PARTS, silent=False)
    _, options = parse_options_header(content_type)
    _check_part_headers(data, options.get("boundary", ""))
    try:
        _, form, files = parser.parse(io.BytesIO(data), "multipart/form-data", len(data), options)
    except ValueError as error:
        raise InvalidInputError(f"the form cannot be read: {error}") from error
    except RequestEntityTooLarge as error:
        raise PayloadTooLargeError(f"the form has more than {MAX_FORM_PARTS} fields and files") from error
    texts = {name: [value.encode() for value in values] for name, values in form.lists()}
    with JSONBudget(limits.max_json_values) as structure:
        for text in itertools.chain(*texts.values()):
            structure.count(text)
        return _from_fields(texts, files, declared, limits)


def _from_fields(
    texts: Mapping[str, list[bytes]],
    files: MultiDict[str, FileStorage],
    declared: Sequence[str],
    limits: RequestLimits,
) -> Body:
    arguments: dict[str, Any] = {}
    for name, values in texts.items():
        fields = [_field(value) for value in values]
        arguments[name] = fields[0] if len(fields) == 1 else fields
    # File parts too: "/etc//passwd" is valid base64 of nine bytes.
    refuse_server_paths({**arguments, **dict.fromkeys(files, True)}, limits)
    budget = ImageBudget(limits)
    look_over({name: value for name, value in arguments.items() if name not in declared}, limits, budget)
    images: dict[str, bytes | list[bytes]] = {}
    for name, uploads in files.lists():
        contents = [upload.read() for upload in uploads]
        for number, content in enumerate(contents):
            budget.spend(content, f"{name}[{number}]")
        if name in declared:
            images[name] = contents
        else:
            arguments[name] = [base64.b64encode(content).decode() for content in contents]
    for name in declared:  # a base64 text field, as PaddleHub 1.x took it
        if name in arguments:
            value = arguments.pop(name)
            images[name] = image_list(value if isinstance(value, list) else [value], name, budget)
    return Body(encode(arguments), images)


def _check_part_headers(data: bytes, boundary: str) -> None:
    """Raise PayloadTooLargeError for a form whose headers would keep the parser busy."""
    delimiter = b"--" + boundary.encode("ascii", "replace")
    start = data.find(delimiter)
    spent = len(data) if start < 0 else start  # what stands before the first part is read as slowly
    for _ in range(MAX_FORM_PARTS):  # of more the parser itself complains
        if start < 0 or spent > MAX_FORM_HEADERS or data.startswith(b"--", start + len(delimiter)):
            break
        blank = _BLANK_LINE.search(data, start, start + MAX_FORM_HEADERS)
        end = blank.start() if blank else len(data)
        spent += end - start
        start = _next_part(data, delimiter, end)
    if spent > MAX_FORM_HEADERS:
        raise PayloadTooLargeError(f"the form's parts have more than {MAX_FORM_HEADERS} bytes of headers")


def _next_part(data: bytes, delimiter: bytes, start: int) -> int:
    """Return the place of the next delimiter that begins a line, -1 for none."""
    for _ in range(MAX_FORM_PARTS):
        start = data.find(delimiter, start)
        if start <= 0 or data[start - 1] in b"\r\n":
            return start
        start += 1
    raise InvalidInputError("the form cannot be read: its boundary is within its files; choose another")


def _in_memory(*_: Any, **__: Any) -> IO[bytes]:
    """Make the place for a file of a form: the body is in memory already, so nothing goes to disk."""
    return io.BytesIO()


def _field(text: bytes) -> Any:
    """Return a form field's value: JSON where it is some (numbers, lists, true), else the text."""
    try:
        return envelope.loads(text)
    except ValueError:
        return text.decode()


def _from_image(data: bytes, declared: Sequence[str], limits: RequestLimits) -> Body:
    if not data:
        raise InvalidInputError("the body is empty; it should be one image")
    ImageBudget(limits).spend(data, "the image")
    if declared:
        return Body(b"{}", {declared[0]: [data]})
    return Body(envelope.dumps({"images": [base64.b64encode(data).decode()]}))
