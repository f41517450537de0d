"""The places that do the jobs of a batch: this process, or processes of Dask."""

import abc
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import final

from .one_file import Job, do


@final
@dataclass(frozen=True)
class Done:
    """A job that has ended. `lost`: why nobody knows how, where the process that did it is gone; its folder is then as
    it was."""

    job: Job
    lost: str | None = None


class AbstractPool(abc.ABC):
    """Takes jobs and gives them back when they are done. To be used in a `with` block, whose end stops all work."""

    @abc.abstractmethod
    def submit(self, job: Job) -> None:
        """Take a job."""

    @property
    @abc.abstractmethod
    def waiting(self) -> int:
        """The number of jobs that are not done yet."""

    @abc.abstractmethod
    def done(self, seconds: float) -> Iterator[Done]:
        """The jobs that are done by now; if there are none, wait this number of seconds at most.

        **Raises:** the errors of `do`; `ConnectionError` if the scheduler is gone.
        """

    @abc.abstractmethod
    def __enter__(self) -> "AbstractPool": ...

    @abc.abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None: ...


@final
class InProcess(AbstractPool):
    """This process, which does one job after the other."""

    def __init__(self):
        self._jobs: deque[Job] = deque()

    def submit(self, job: Job) -> None:
        self._jobs.append(job)

    @property
    def waiting(self) -> int:
        return len(self._jobs)

    def done(self, seconds: float) -> Iterator[Done]:
        if not self._jobs:
            time.sleep(seconds)
            return
        do(self._jobs[0])
        yield Done(self._jobs.popleft())

    def __enter__(self) -> "InProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._jobs.clear()
