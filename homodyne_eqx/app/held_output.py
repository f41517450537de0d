"""Output that is held back until a result is written, if nobody reads along."""

import functools
import io
from collections.abc import Callable
from typing import Any, final


@final
class HeldOutput(io.TextIOBase):
    """A text stream that keeps what is written to it until `release`, and passes it on from then on.

    A pipe that is broken, or a full disk behind the standard output, would end a fit before its result is written. A
    terminal is not held back.
    """

    def __init__(self, stream: Any, hold: bool):
        self._stream = stream
        self._held: list[str] | None = [] if hold and not stream.isatty() else None

    @property
    def encoding(self) -> str:
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        return self._stream.isatty()

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        if self._held is None:
            return self._stream.write(text)
        self._held.append(text)
        return len(text)

    def flush(self) -> None:
        if self._held is None:
            self._stream.flush()

    def release(self) -> None:
        """Pass on the held output, and everything from now on."""
        held, self._held = self._held, None
        if held:
            self._stream.write("".join(held))
            self._stream.flush()


_HELD: list[HeldOutput] = []


def held_until_written(stream: Any, hold: bool) -> HeldOutput:
    """The stream, held back if `hold` until its `release`, or the end of a command that `releases_output`."""
    held = HeldOutput(stream, hold)
    _HELD.append(held)
    return held


def releases_output(command: Callable[..., Any]) -> Callable[..., Any]:
    """Pass the held output on at the end of the command, also after an error."""

    @functools.wraps(command)
    def releasing(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        finally:
            while _HELD:
                _HELD.pop().release()

    return releasing
