"""Jobs of a batch in processes of Dask: those of this machine, or of a cluster that runs."""

import logging
import os
import pickle
import queue
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, final

from .one_file import Job, do
from .pool import AbstractPool, Done

_ONE_AT_A_TIME = threading.Lock()
"""Matplotlib has settings of a process: a worker of several threads does one job after the other all the same."""
_PATIENCE = "30s"
_HERE = {
    "distributed.scheduler.allowed-failures": 1,  # a job whose process is killed is tried once more
    "distributed.scheduler.worker-saturation": 1.0,  # … and no job suffers for the one before it
    "distributed.scheduler.worker-ttl": None,
    "distributed.worker.multiprocessing-method": "spawn",
    "distributed.worker.preload": ["homodyne_eqx.app.batches.worker_start"],
}
_GONE = "The connection to the scheduler {} is lost. What is done is kept: the same command goes on from there."


@final
@dataclass(frozen=True)
class Workers:
    """Which processes do the jobs.

    - `count`: so many on this machine; `scheduler`: or all workers of the cluster at this address;
    - `threads`: for each of them, `None` for as many as JAX takes; `float64`: the precision of JAX there.
    """

    count: int = 1
    scheduler: str | None = None
    threads: int | None = None
    float64: bool = True


def threads_for_each(count: int, threads: int | None) -> int:
    """Threads for each of so many processes on this machine, `threads` or else all cores together, at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, (cores if threads is None else threads) // count)


def do_there(threads: int | None, float64: bool, pickled: bytes) -> None:
    """`do` a job in another process. JAX is set up first: it reads its threads and precision when it makes arrays."""
    from ..runtime import set_up_jax

    with _ONE_AT_A_TIME:
        set_up_jax(threads, float64)
        do(pickle.loads(pickled))


@final
class OnDask(AbstractPool):
    """Jobs spread over processes. A process that is killed is replaced, and its job tried once more."""

    def __init__(self, workers: Workers):
        self._workers = workers
        self._ended: queue.Queue[Any] = queue.Queue()
        self._jobs: dict[Any, Job] = {}
        self._stack = ExitStack()
        self._client: Any = None

    def __enter__(self) -> "OnDask":
        with ExitStack() as stack:
            self._client = _client(self._workers, stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._jobs.clear()
        self._stack.close()

    def submit(self, job: Job) -> None:
        import cloudpickle

        workers = self._workers
        future = self._client.submit(
            do_there, workers.threads, workers.float64, cloudpickle.dumps(job), pure=False, retries=0
        )
        self._jobs[future] = job
        future.add_done_callback(self._ended.put)

    @property
    def waiting(self) -> int:
        return len(self._jobs)

    def done(self, seconds: float) -> Iterator[Done]:
        try:
            future = self._ended.get(timeout=seconds)
        except queue.Empty:
            if self._client.status != "running":
                raise ConnectionError(_GONE.format(self._workers.scheduler or "on this machine")) from None
            return
        job = self._jobs.pop(future, None)
        if job is not None:
            yield Done(job, self._lost(future))

    def _lost(self, future: Any) -> str | None:
        """Why the process of a job is gone, `None` where it did the job. **Raises:** what the job raised."""
        from distributed.scheduler import KilledWorker

        if future.status != "error":
            if future.status == "finished":
                return None
            raise ConnectionError(_GONE.format(self._workers.scheduler or "on this machine"))
        error = future.exception()
        if isinstance(error, KilledWorker):
            return (
                "the process that fitted it was killed, and so was the next one: by lack of memory, or by hand. "
                "Give each more memory with fewer workers, then try again."
            )
        raise error


def _client(workers: Workers, stack: ExitStack) -> Any:
    """A client of the cluster, of a new one on this machine unless an address is given; `stack` closes both.

    **Raises:** `ImportError` without Dask; `ConnectionError` where no scheduler answers.
    """
    require_dask()
    import dask
    from distributed import Client, LocalCluster

    if workers.scheduler is not None:
        try:
            return stack.enter_context(Client(workers.scheduler, timeout=_PATIENCE, set_as_default=False))
        except (OSError, ValueError) as error:
            raise ConnectionError(
                f"No scheduler of Dask answers at {workers.scheduler}: {error}. Expected an address such as "
                "tcp://node17:8786, which `dask scheduler` prints."
            ) from error
    stack.enter_context(dask.config.set(_HERE))
    cluster = LocalCluster(
        n_workers=workers.count,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        memory_limit=None,
        silence_logs=logging.CRITICAL,
    )
    stack.enter_context(cluster)
    return stack.enter_context(Client(cluster, set_as_default=False))


def require_dask() -> None:
    """**Raises:** `ImportError` with the remedy where Dask is not installed."""
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "Several workers need Dask. Install it with: pip install 'homodyne-eqx[batch]', or take one worker.",
            name="distributed",
        ) from error
