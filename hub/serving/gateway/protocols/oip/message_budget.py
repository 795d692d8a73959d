"""Counts what a protobuf message is made of before it is parsed, for small parts take much memory.

An empty message in a message is two bytes there and a hundred when it is parsed; a number in a list is one
byte and then an object of Python. Nothing is built here, and counting ends at the limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hub.errors import InvalidInputError, PayloadTooLargeError

#: Parts of a message: fields, and the fields of messages in it.
MAX_FIELDS: Final = 100_000
#: Numbers in all lists of a message together.
MAX_NUMBERS: Final = 4_000_000

_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
_TAG_BITS: Final = 3
_MAX_VARINT_BYTES: Final = 10
#: Bytes of a number in a packed list, by protobuf's number of its type; all others are one byte at least.
_WIDTHS: Final = {1: 8, 6: 8, 16: 8, 2: 4, 7: 4, 15: 4}
_MESSAGE_TYPE, _TEXT_TYPES = 11, (9, 12)


@dataclass(frozen=True)
class Shape:
    """The fields of a kind of message by number: messages in it, and the width of numbers in lists."""

    messages: Mapping[int, Shape]
    widths: Mapping[int, int]

    @classmethod
    def of(cls, descriptor: Any) -> Shape:
        """Read a descriptor of protobuf's; none of the protocol's messages contains itself."""
        fields = descriptor.fields
        return cls(
            {each.number: cls.of(each.message_type) for each in fields if each.type == _MESSAGE_TYPE},
            {
                each.number: _WIDTHS.get(each.type, 1)
                for each in fields
                if each.type not in (_MESSAGE_TYPE, *_TEXT_TYPES)
            },
        )


def check(message: bytes, shape: Shape) -> None:
    """Return if the message is small enough to be parsed.

    Raises:
        PayloadTooLargeError: it has too many parts.  InvalidInputError: protobuf cannot read it.
    """
    numbers = 0
    for count, more in enumerate(_parts(message, 0, len(message), shape), 1):
        numbers += more
        if count > MAX_FIELDS:
            raise PayloadTooLargeError(
                f"the message has more than {MAX_FIELDS} parts; send tensors in raw_input_contents"
            )
        if numbers > MAX_NUMBERS:
            raise PayloadTooLargeError(
                f"the message has more than {MAX_NUMBERS} numbers in lists; send tensors in "
                "raw_input_contents"
            )


def _parts(message: bytes, position: int, end: int, shape: Shape) -> Iterator[int]:
    """Yield for each part of a message how many numbers it may hold; raises InvalidInputError."""
    while position < end:
        tag, position = _varint(message, position, end)
        number, kind = tag >> _TAG_BITS, tag & 7
        if kind == _VARINT:
            _, position = _varint(message, position, end)
            yield 0
        elif kind == _LENGTH:
            length, position = _varint(message, position, end)
            if position + length > end:
                raise _broken()
            width = shape.widths.get(number)
            yield 0 if width is None else length // width
            if number in shape.messages:
                yield from _parts(message, position, position + length, shape.messages[number])
            position += length
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            position += 8 if kind == _EIGHT_BYTES else 4
            yield 0
        else:  # groups, which the protocol does not have
            raise _broken()


def _varint(message: bytes, position: int, end: int) -> tuple[int, int]:
    """Return a number of variable length, and where it ends."""
    value = 0
    for count in range(min(_MAX_VARINT_BYTES, end - position)):
        byte = message[position + count]
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value, position + count + 1
    raise _broken()


def _broken() -> InvalidInputError:
    return InvalidInputError("the message is not one of this protocol's: protobuf cannot read it")
