"""A job in a process of its own, whose death says something of this job alone."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from typing import Any, final


@final
class Killed(Exception):
    """A process ended without saying how."""


def run_alone(work: Callable[..., None], arguments: tuple[Any, ...], begun: Callable[[Any], None]) -> Exception | None:
    """Call `work` in a new process and wait for it.

    **Arguments:** `work`: a function of a module; `begun`: is given the process, to end it with.

    **Returns:** the error that `work` raised, `Killed` if the process was killed, else `None`.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_in_the_process, args=(theirs, work, arguments), daemon=True)
    process.start()
    theirs.close()
    begun(process)
    try:
        return ours.recv()
    except EOFError:
        return Killed()
    finally:
        ours.close()
        process.join()


def _in_the_process(connection: Any, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """Work, and say how it ended; end at once where the process that started this one does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(connection,), daemon=True).start()
    try:
        work(*arguments)
    except Exception as error:
        connection.send(error)
    else:
        connection.send(None)


def _end_with_parent(connection: Any) -> None:
    try:
        connection.recv()
    except (EOFError, OSError):
        os._exit(1)
