"""Output is held back until the result is written, if nobody reads along, and is never lost."""

import io

import pytest

from homodyne_eqx.app.held_output import held_until_written, releases_output


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_pipe_is_held_back_and_a_terminal_is_not():
    for stream, hold, at_once in ((io.StringIO(), True, ""), (Terminal(), True, "ab"), (io.StringIO(), False, "ab")):
        held = held_until_written(stream, hold)
        print("a", end="", file=held, flush=True)
        held.write("b")
        assert stream.getvalue() == at_once
        held.release()
        assert stream.getvalue() == "ab"
        held.write("c")
        held.release()
        assert stream.getvalue() == "abc"


def test_an_error_loses_nothing():
    stream = io.StringIO()

    @releases_output
    def command():
        held_until_written(stream, True).write("so far")
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        command()
    assert stream.getvalue() == "so far"


def test_a_broken_pipe_is_noticed_after_the_release_alone():
    class Broken(io.StringIO):
        def write(self, _):
            raise BrokenPipeError

    held = held_until_written(Broken(), True)
    held.write("text")
    held.flush()
    with pytest.raises(BrokenPipeError):
        held.release()
    held.release()
