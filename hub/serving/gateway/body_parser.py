"""From a request's body, in any accepted form, to checked arguments and image bytes.

application/json        {"images": ["<base64>", …], "texts": […], …}; also a body without a content type
multipart/form-data     files are images (base64 text for a module that decodes itself), fields arguments
image/*, application/pdf   the body is one file, for the module's first image argument
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import pybase64

from hub import envelope
from hub.errors import InvalidInputError, MediaTypeError
from hub.image_header import image_size
from hub.module.arguments import SINGLE
from hub.serving.config.server_config import ServingConfig
from hub.serving.gateway import form
from hub.serving.gateway.admission import RequestLimits
from hub.serving.gateway.argument_schema import FormType, form_type, offered
from hub.serving.gateway.body import (
    CUSTOMARY_IMAGE_ARGUMENTS,
    Body,
    encode,
    from_json,
    image_list,
    look_over,
    refuse_server_paths,
)
from hub.serving.gateway.form import Part
from hub.serving.gateway.image_budget import ImageBudget
from hub.serving.gateway.json_structure import JSONBudget
from hub.serving.messages.manifest import Parameter
from hub.serving.messages.state import ModuleState

#: Names by which the files of forms go, where the module has another one.
_NAMES_OF_FILES: Final = ("", *CUSTOMARY_IMAGE_ARGUMENTS, "file", "files", "img", "picture", "photo")
#: How PHP, jQuery and others write that a name comes several times.
_INDEX: Final = re.compile(r"\[\d*\]\Z")
#: Words that only json.loads takes for numbers; as a form's field they are words.
_TRUTH: Final = {b"true": True, b"false": False}
_NOT_NUMBERS: Final = (b"NaN", b"Infinity", b"-Infinity")


@dataclass(frozen=True)
class _Names:
    """The names of a module's arguments.

    Attributes:
        declared: those that are images and arrive decoded.
        taken: all of them; None where it takes any name.
        parameters: what is known of them.
    """

    declared: Sequence[str]
    taken: Collection[str] | None
    parameters: Mapping[str, Parameter]

    @property
    def image(self) -> str:
        """The argument that an image goes to; "" where there is none."""
        customary = (name for name in CUSTOMARY_IMAGE_ARGUMENTS if self.taken is None or name in self.taken)
        return next(iter(self.declared), "") or next(customary, "")

    def type_of(self, name: str) -> FormType | None:
        """Return what a field is read as; None for what is not known or not checked."""
        parameter = self.parameters.get(name)
        return form_type(parameter) if parameter else None

    def is_single(self, name: str) -> bool:
        """Tell whether one file is passed as it is: a name like ``image``, and no list by its annotation."""
        wanted = self.type_of(name)
        return name in SINGLE and not (wanted and wanted.takes_list)

    def is_image(self, name: str) -> bool:
        return name in self.declared or name in CUSTOMARY_IMAGE_ARGUMENTS

    def of(self, part: Part, *, is_file: bool) -> str:
        """Return the argument that a part is for; raises InvalidInputError for one without a name."""
        bare = _INDEX.sub("", part.name)
        for name in (part.name, bare):
            if name and name in (self.taken or self.declared):
                return name
        is_ours = not bare or self.taken is not None
        if is_file and is_ours and bare in _NAMES_OF_FILES and self.image:
            return self.image
        if not bare:
            known = ", ".join(self.taken or self.declared) or "its arguments"
            raise InvalidInputError(f"a part of the form has no name; name it after an argument: {known}")
        return bare


def is_form(content_type: str) -> bool:
    """Tell whether a body of that type is a form with parts."""
    return _kind(content_type) == "multipart/form-data"


def parse(
    data: bytes,
    content_type: str,
    declared: Sequence[str],
    limits: RequestLimits,
    taken: Collection[str] | None = None,
    parameters: Mapping[str, Parameter] = MappingProxyType({}),
) -> Body:
    """Check a body and take it apart.

    Args:
        data: the body.
        content_type: as the request has it; "" for none.
        declared: the module's image arguments; their images are decoded from base64 here and travel as
            bytes. All others stay as sent.
        limits: on sizes and numbers.
        taken: all of the module's arguments that callers may send, for a form; None where it takes any.
        parameters: what is known of them, for a form.

    Raises:
        NotJSONError, InvalidInputError, BindingError, MediaTypeError, PayloadTooLargeError.
    """
    kind = _kind(content_type)
    if kind in ("", "application/json") or kind.endswith("+json"):
        return from_json(data, declared, limits)
    if is_form(content_type):
        return _from_form(data, content_type, _Names(declared, taken, parameters), limits)
    if kind.startswith("image/") or kind == "application/pdf":
        return _from_image(data, _Names(declared, taken, parameters), limits)
    sent = "; that is what curl -d sends by itself" if kind == "application/x-www-form-urlencoded" else ""
    raise MediaTypeError(
        f"content type {kind!r} is not read here{sent}; "
        "send application/json, multipart/form-data or an image/*"
    )


def of_module(
    data: bytes, content_type: str, module: ModuleState, config: ServingConfig, limits: RequestLimits
) -> Body:
    """Check a body of ``POST /predict/<module>`` and take it apart; raises as ``parse`` does."""
    manifest = module.manifest
    if not is_form(content_type):
        return parse(data, content_type, manifest.images, limits)
    parameters = {each.name: each for each in offered(module, config).parameters}
    taken = None if manifest.takes_any else parameters
    return parse(data, content_type, manifest.images, limits, taken, parameters)


def _kind(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _from_form(data: bytes, content_type: str, names: _Names, limits: RequestLimits) -> Body:
    uploads: dict[str, list[Part]] = {}
    fields: dict[str, list[Any]] = {}
    with JSONBudget(limits.max_json_values) as structure:
        for part in form.read(data, content_type):
            text = None if part.filename is not None or image_size(part.content) else part.text()
            name = names.of(part, is_file=text is None)
            if text is not None:
                structure.count(text)
                fields.setdefault(name, []).append(_field(text, names.type_of(name)))
            elif part.filename is None and not names.is_image(name):
                raise InvalidInputError(
                    f"field `{name}` of the form is not {part.charset.upper()} text; a file needs a file name"
                )
            else:
                uploads.setdefault(name, []).append(part)
        arguments = {name: values[0] if len(values) == 1 else values for name, values in fields.items()}
        return _from_fields(arguments, uploads, names, limits)


def _from_fields(
    arguments: dict[str, Any], uploads: dict[str, list[Part]], names: _Names, limits: RequestLimits
) -> Body:
    # File parts too: "/etc//passwd" is valid base64 of nine bytes.
    refuse_server_paths({**arguments, **dict.fromkeys(uploads, True)}, limits)
    budget = ImageBudget(limits)
    look_over(
        {name: value for name, value in arguments.items() if name not in names.declared}, limits, budget
    )
    images: dict[str, bytes | list[bytes]] = {}
    for name, files in uploads.items():
        contents = [_content(file, f"{name}[{number}]", names) for number, file in enumerate(files)]
        for number, content in enumerate(contents):
            budget.spend(content, f"{name}[{number}]")
        if name in names.declared:
            images[name] = contents[0] if len(contents) == 1 and names.is_single(name) else contents
        else:
            arguments[name] = [pybase64.b64encode_as_string(content) for content in contents]
    for name in names.declared:  # a base64 text field, as PaddleHub 1.x took it
        if name in arguments:
            value = arguments.pop(name)
            texts = _image_texts(value if isinstance(value, list) else [value], name, budget)
            is_one = len(texts) == 1 and name not in images and names.is_single(name)
            images[name] = texts[0] if is_one else [*_listed(images.get(name, [])), *texts]
    return Body(encode(arguments), images)


def _listed(images: bytes | list[bytes]) -> list[bytes]:
    return [images] if isinstance(images, bytes) else images


def _content(file: Part, where: str, names: _Names) -> bytes:
    """Return a file's content; raises InvalidInputError for an image of no bytes."""
    if not file.content and names.is_image(where.partition("[")[0]):
        raise InvalidInputError(f"{where} is empty" + ("" if file.filename else ": no file was chosen"))
    return file.content


def _image_texts(values: list[Any], name: str, budget: ImageBudget) -> list[bytes]:
    """Decode images from text fields; raises InvalidInputError."""
    try:
        return image_list(values, name, budget)
    except InvalidInputError as error:
        raise InvalidInputError(
            f"{error}. It came as a text; to send a file, give the part a file name (curl -F {name}=@FILE)"
        ) from error


def _field(text: bytes, wanted: FormType | None) -> Any:
    """Return a form field's value: JSON where it is some (numbers, lists, true), else the text.

    ``wanted`` is what its argument takes, if that is checked: where it is texts, 007 stays one, and where it
    is truth values, Python's True is one.
    """
    kinds = wanted.kinds if wanted else frozenset()
    if wanted and kinds == {"string"} and not (wanted.takes_list and text.lstrip().startswith(b"[")):
        return text.decode()
    word = text.strip().lower()
    if "boolean" in kinds and "string" not in kinds and word in _TRUTH:
        return _TRUTH[word]
    try:
        return text.decode() if text.strip() in _NOT_NUMBERS else envelope.loads(text)
    except ValueError:
        return text.decode()


def _from_image(data: bytes, names: _Names, limits: RequestLimits) -> Body:
    if not data:
        raise InvalidInputError("the body is empty; it should be one image")
    ImageBudget(limits).spend(data, "the image")
    if names.declared:
        name = names.declared[0]
        return Body(b"{}", {name: data if names.is_single(name) else [data]})
    return Body(envelope.dumps({"images": [pybase64.b64encode_as_string(data)]}))
