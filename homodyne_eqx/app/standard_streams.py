"""Standard output and error on any console: characters that it lacks are written in others, and what cannot be written
is given up without an error, since results are in files."""

import codecs
import errno
import io
import sys
import warnings
from typing import Any, final

IN_OTHERS = "homodyne_eqx.in_others"
"""Name of the error handler of encodings that writes `chi^2` where there is no χ²."""

_POWERS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True))
_OTHERS: dict[str, str] = {
    **dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)),
    **dict.fromkeys("─━═╌┄╭╮╰╯┌┐└┘├┤┬┴┼", "-"),
    **dict.fromkeys("│┃║", "|"),
    **dict.fromkeys("−–—‑", "-"),
    **dict.fromkeys("«»“”„", '"'),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("•·⋅", "*"),
    **dict.fromkeys("\u00a0\u2009\u202f", " "),
    **dict.fromkeys("µμ", "u"),
    "Å": "A", "±": "+-", "×": "x", "°": "deg", "÷": "/", "√": "sqrt", "…": "...", "→": "->", "≈": "~",
    "≤": "<=", "≥": ">=", "∞": "inf", "∂": "d", "Σ": "Sum", "Γ": "Gamma", "Δ": "Delta", "α": "alpha", "β": "beta",
    "γ": "gamma", "δ": "delta", "η": "eta", "θ": "theta", "λ": "lambda", "ρ": "rho", "σ": "sigma", "τ": "tau",
    "φ": "phi", "χ": "chi", "\u0307": "_dot", "✓": "ok", "✗": "x", "ℓ": "l", "ä": "a", "ö": "o", "ü": "u", "é": "e",
}  # fmt: skip


def in_others(error: UnicodeError) -> tuple[str, int]:
    """The characters that an encoding lacks, in others: an error handler of `codecs`, which raises for decoding."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    written, raised = [], False
    for character in error.object[error.start : error.end]:
        power = _POWERS.get(character)
        written.append(_OTHERS.get(character, "?") if power is None else power if raised else f"^{power}")
        raised = power is not None
    return "".join(written), error.end


codecs.register_error(IN_OTHERS, in_others)


@final
class GivingUp(io.FileIO):
    """A file descriptor that is written to as long as that is possible; `lost` is the error that ended it."""

    def __init__(self, descriptor: int):
        super().__init__(descriptor, "w", closefd=False)
        self.lost: OSError | None = None

    def write(self, data: Any, /) -> int:
        size = memoryview(data).nbytes
        if self.lost is not None:
            return size
        try:
            return super().write(data)
        except OSError as error:
            self.lost = error
            return size


def prepare_streams() -> list[GivingUp]:
    """Replace standard output and error by ones that neither an unknown character nor a broken pipe ends.

    **Returns:** what is below them. Streams that are no plain files, such as the console of Windows, only learn to
    write unknown characters.
    """
    found = []
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, io.TextIOWrapper):
            continue
        if type(getattr(stream.buffer, "raw", stream.buffer)) is not io.FileIO:
            stream.reconfigure(errors=IN_OTHERS)
            continue
        stream.flush()
        below = GivingUp(stream.fileno())
        encoding, by_line = stream.encoding, name == "stderr" or stream.isatty()
        made = io.TextIOWrapper(io.BufferedWriter(below), encoding, IN_OTHERS, line_buffering=by_line)
        setattr(sys, name, made)
        found.append(below)
    return found


def finish_streams(streams: list[GivingUp]) -> bool:
    """Write the rest. **Returns:** whether standard output was lost other than to a reader who had read enough;
    then that is said on standard error."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    lost = [one.lost for one in streams if one.name == sys.stdout.fileno() and one.lost is not None]
    told = [error for error in lost if error.errno != errno.EPIPE]
    for error in told:
        sys.stderr.write(f"Standard output was lost in part: {error.strerror}. Results in files are whole.\n")
        sys.stderr.flush()
    return bool(told)


def write_document(text: str) -> None:
    """A document, such as TOML, to standard output: in UTF-8 where that is redirected to a file, as all readers of it
    expect, whatever the console has."""
    stream = sys.stdout
    if stream.isatty() or codecs.lookup(stream.encoding or "utf-8").name == "utf-8" or not hasattr(stream, "buffer"):
        stream.write(text)
        return
    stream.flush()
    stream.buffer.write(text.encode("utf-8"))
    stream.buffer.flush()


def show_warnings_as_notes() -> None:
    """Print warnings of libraries as notes, without the line of the source."""

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        sys.stderr.write(f"note: {message}\n")

    warnings.showwarning = show
