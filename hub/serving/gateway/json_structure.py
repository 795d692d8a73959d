"""The structure of a JSON text, counted before any parser sees it.

A parsed text takes up to forty times its own memory, and no other thread of the process runs while it is
parsed: 60 MB of empty lists take gigabytes, and seconds. The number of values decides, not the length, so it
is held to ``max_json_values``: every list and object, and every comma outside strings.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from hub.errors import InvalidInputError
from hub.serving.gateway.json_encoding import as_utf8

#: Structures with more values than this are in memory one at a time.
_LARGE: Final = 10_000
#: A body up to so many bytes is checked in no time, and has too few values to wait for its turn: an event
#: loop may do it.
SMALL_BODY: Final = 8192
#: Seconds.
_LONGEST_PAUSE: Final = 1.0
#: NumPy, which lets other threads run meanwhile, is faster from here on.
_NUMPY_FROM: Final = 4096
_CHUNK: Final = 1 << 17
#: Strings that are skipped one by one, as pictures in base64 are; what follows them is counted as a whole.
_SKIPPED: Final = 256
_SKIP_FROM: Final = 1 << 16

Bytes = npt.NDArray[np.uint8]


class _Turns:
    """One at a time; who had to wait pauses as long as the one before took: small requests get their turn."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._took = 0.0
        self._file: int | None = None

    def share(self, path: Path) -> None:
        """Take turns with all processes that lock the file; where it cannot be made, within this one."""
        with contextlib.suppress(OSError):
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        has_waited = not self._lock.acquire(blocking=False)
        if has_waited:
            self._lock.acquire()
        self._depth += 1
        try:
            if self._depth == 1:
                has_waited |= self._wait_for_others()
            if has_waited:
                time.sleep(self._took)
            started = time.monotonic()
            try:
                yield
            finally:
                self._took = min(time.monotonic() - started, _LONGEST_PAUSE)
        finally:
            self._depth -= 1
            if self._depth == 0 and self._file is not None:
                fcntl.flock(self._file, fcntl.LOCK_UN)
            self._lock.release()

    def _wait_for_others(self) -> bool:
        """Wait until no other process has a large text; tell whether one had. The dead have none."""
        if self._file is None:
            return False
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            return True
        except OSError:  # a file system without locks
            return False
        return False


_turns: Final = _Turns()
#: Have large texts of all processes that name the same file take turns.
share: Final = _turns.share


class JSONBudget:
    """Counts the values in the JSON texts of one request against ``max_json_values``.

    It is a context, to be left when what the texts were parsed to is not used any more: meanwhile a large one
    holds back the other large ones of the server, in whose memory there is one at a time.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._spent = 0
        self._held = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def count(self, text: bytes) -> None:
        """Count a text in UTF-8, before it is parsed; raises InvalidInputError."""
        self.spend(count(text, self.limit - self._spent))

    def counted(self, text: bytes) -> bytes:
        """Return a text as UTF-8 after its values were counted, before it is parsed.

        Raises:
            InvalidInputError: there are too many.  NotJSONError: its encoding cannot be read.
        """
        text = as_utf8(text)
        self.count(text)
        return text

    def spend(self, values: int) -> None:
        """Count values that came in another form than JSON; raises InvalidInputError."""
        was_large = self._spent > _LARGE
        self._spent += values
        if self._spent > self.limit:
            raise InvalidInputError(
                f"the request has more than {self.limit} values (max_json_values): numbers, texts, lists and "
                "objects in all; send fewer at once, pictures as files or in base64, or have the server's "
                "operator raise max_json_values"
            )
        if self._spent > _LARGE and not was_large:
            self._held.enter_context(_turns.turn())


def count(data: bytes, limit: int) -> int:
    """Return the number of values in a JSON text; more than there are where that is within ``limit``, too.

    Above ``limit`` the number only says that it is. A text that is not JSON is counted right up to where a
    parser gives up.
    """
    rough = _rough_count(data)
    return rough if rough <= limit else _exact_count(data, limit)


def _rough_count(data: bytes) -> int:
    """Count also in strings, but for the first ones; never too few."""
    found = position = 0
    for _ in range(_SKIPPED if len(data) >= _SKIP_FROM else 0):
        opening = data.find(b'"', position)
        closing = data.find(b'"', opening + 1)
        if opening < 0 or closing < 0 or data[closing - 1] == 0x5C:  # a backslash
            break
        found += _marks(data, position, opening)
        position = closing + 1
    return found + _marks(data, position, len(data))


def _marks(data: bytes, start: int, end: int) -> int:
    """Count ``,``, ``[`` and ``{``."""
    if end - start < _NUMPY_FROM:
        return data.count(b",", start, end) + data.count(b"[", start, end) + data.count(b"{", start, end)
    whole = np.frombuffer(data, np.uint8, end - start, start)
    return sum(
        int(np.count_nonzero(_are_marks(whole[first : first + _CHUNK])))
        for first in range(0, whole.size, _CHUNK)
    )


def _are_marks(chunk: Bytes) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = (chunk | 0x20) == ord("{")  # "[" differs in this bit
    found |= chunk == ord(",")
    return found


def _exact_count(data: bytes, limit: int) -> int:
    """Count outside strings, until there are more than ``limit``."""
    whole = np.frombuffer(data, np.uint8)
    found, is_inside, is_escaped = 0, False, False
    for first in range(0, whole.size, _CHUNK):
        chunk = whole[first : first + _CHUNK]
        quotes = chunk == ord('"')
        escaped, is_escaped = _escaped(chunk, first_is=is_escaped)
        quotes[escaped] = False
        inside = np.bitwise_xor.accumulate(quotes) ^ is_inside
        is_inside = bool(inside[-1])
        found += int(np.count_nonzero(_are_marks(chunk) & ~inside))
        if found > limit:
            break
    return found


def _escaped(chunk: Bytes, *, first_is: bool) -> tuple[npt.NDArray[np.intp], bool]:
    """Return the places of bytes after an odd number of backslashes, and if the next chunk's first is one."""
    slashes = np.flatnonzero(chunk == ord("\\"))
    if first_is:
        slashes = np.concatenate(([-1], slashes))
    if not slashes.size:
        return slashes, False
    breaks = np.flatnonzero(np.diff(slashes) != 1)
    starts, ends = slashes[np.concatenate(([0], breaks + 1))], slashes[np.concatenate((breaks, [-1]))]
    after = ends[(ends - starts) % 2 == 0] + 1
    overflows = bool(after.size and after[-1] == chunk.size)
    return after[: after.size - overflows], overflows
