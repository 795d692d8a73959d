"""The base of all messages: ``to_json`` and ``from_json`` by their fields' types, and the version.

A message is a frozen dataclass whose fields are text, numbers, booleans, None, tuples, ``dict[str, …]`` and
other messages. Unknown fields are passed over and absent ones have their default, so that what outlives a
server may grow. Messages in a server's run dir carry the version of HubServing that wrote it instead,
and another version refuses to read it.
"""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Any, Self, TypeVar, get_args, get_origin

from hub.version import __version__

M = TypeVar("M", bound="Message")
#: The key beside a message's own fields.
_VERSION = "version_of_hubserving"


class MessageError(ValueError):
    """This is not the message that was expected."""


class OtherVersionError(MessageError):
    """The message is of another version of HubServing."""


@dataclass(frozen=True)
class Message:
    """A message between processes."""

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON types."""
        return {field.name: _to_json(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Build the message from what ``json.loads`` returned.

        Raises:
            MessageError: a field is missing or of another type; names it.
        """
        if not isinstance(data, Mapping):
            raise MessageError(f"{cls.__name__} must be a JSON object, not {type(data).__name__}")
        found = {}
        for name, (kind, is_required) in _fields(typing.cast(type, cls)).items():
            if name in data:
                found[name] = _from_json(kind, data[name], f"{cls.__name__}.{name}")
            elif is_required:
                raise MessageError(f"{cls.__name__} has no {name}")
        return cls(**found)


def stamp(message: Message | Mapping[str, Any]) -> dict[str, Any]:
    """Return the message, or the fields of one of another kind, as JSON types, with our version."""
    return {_VERSION: __version__, **(message.to_json() if isinstance(message, Message) else message)}


def unstamp(cls: type[M], data: object) -> M:
    """Build the message that ``stamp`` made.

    Raises:
        OtherVersionError: another version of HubServing made it.  MessageError: it is not this message.
    """
    return cls.from_json(check_version(data))


def check_version(
    data: object, sentence: str = "the server runs {other}, and {ours} is installed here; "
) -> dict[str, Any]:
    """Return the fields without the version; raises OtherVersionError for another than ours.

    Args:
        data: what ``json.loads`` returned.
        sentence: says who has which version; the advice follows.
    """
    if not isinstance(data, Mapping):
        raise MessageError(f"a message must be a JSON object, not {type(data).__name__}")
    version = data.get(_VERSION)
    if version != __version__:
        other = f"HubServing {version}" if version else "an older HubServing"
        raise OtherVersionError(
            sentence.format(other=other, ours=__version__)
            + "end it with hub serving stop, then start it again"
        )
    return {name: value for name, value in data.items() if name != _VERSION}


def _to_json(value: Any) -> Any:
    if isinstance(value, Message):
        return value.to_json()
    if isinstance(value, (list, tuple)):
        return [_to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _to_json(item) for key, item in value.items()}
    return value


@functools.cache
def _fields(cls: type) -> dict[str, tuple[Any, bool]]:
    """Return each field's type, and whether it has no default."""
    hints = typing.get_type_hints(cls)
    return {
        field.name: (hints[field.name], field.default is MISSING and field.default_factory is MISSING)
        for field in fields(cls)
    }


def _from_json(kind: Any, value: Any, where: str) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in inner:
            return None
        (kind,) = (each for each in inner if each is not type(None))
        return _from_json(kind, value, where)
    if origin is tuple and isinstance(value, (list, tuple)):
        return tuple(_from_json(inner[0], item, f"{where}[{n}]") for n, item in enumerate(value))
    if origin is dict and isinstance(value, Mapping):
        return {str(key): _from_json(inner[1], item, f"{where}[{key!r}]") for key, item in value.items()}
    if is_dataclass(kind) and issubclass(typing.cast(type, kind), Message) and isinstance(value, Mapping):
        return typing.cast(type[Message], kind).from_json(value)
    if kind is float and type(value) is int:
        return float(value)
    if isinstance(kind, type) and type(value) is kind:
        return value
    raise MessageError(f"{where} must be {getattr(kind, '__name__', kind)}, not {value!r}"[:300])
