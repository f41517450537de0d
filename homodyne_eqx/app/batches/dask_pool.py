"""Jobs of a batch in processes of Dask: those of this machine, or of a cluster that runs."""

import logging
import math
import os
import pickle
import queue
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, final

from .alone import Killed, run_alone
from .one_file import Job, do
from .pool import AbstractPool, Done

_ONE_AT_A_TIME = threading.Lock()
"""Matplotlib has settings of a process: so even a worker of several threads does one job after the other."""
_PATIENCE = "30s"
_MISSED_AFTER = 20.0
_HERE = {
    "distributed.scheduler.allowed-failures": 0,  # what is tried again is decided here
    "distributed.scheduler.worker-ttl": None,
    "distributed.worker.multiprocessing-method": "spawn",
    "distributed.worker.preload": ["homodyne_eqx.app.batches.worker_start"],
}
_KILLED = (
    "the process that fitted it was killed, and so was the next one: by lack of memory, or by hand. Give each more "
    "memory with fewer workers, then try again."
)


@final
@dataclass(frozen=True)
class Workers:
    """The processes that do the jobs.

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
    """Jobs spread over processes. On this machine a process that is killed is replaced. Its job, and any that waited
    for it there, are tried once more, each in a process of its own, so that a second death is due to it alone. A
    cluster tries again as it is set up to."""

    def __init__(self, workers: Workers):
        self._workers = workers
        self._ended: queue.Queue[tuple[str, Exception | None]] = queue.Queue()
        self._queued: deque[Job] = deque()
        self._running: dict[str, tuple[Job, Any]] = {}
        self._again = ThreadPoolExecutor(1)
        self._process: Any = None
        self._stack = ExitStack()
        self._client: Any = None
        self._complete_at, self._patience = time.monotonic(), _MISSED_AFTER

    def __enter__(self) -> "OnDask":
        with ExitStack() as stack:
            self._client = _client(self._workers, stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._running.clear()
        self._queued.clear()
        self._again.shutdown(wait=False, cancel_futures=True)
        if self._process is not None:
            self._process.kill()
        self._stack.close()

    def submit(self, job: Job) -> None:
        self._queued.append(job)
        self._start()

    @property
    def waiting(self) -> int:
        return len(self._queued) + len(self._running)

    def done(self, seconds: float) -> Iterator[Done]:
        try:
            key, error = self._ended.get(timeout=seconds)
        except queue.Empty:
            if self._client.status != "running":
                raise ConnectionError(self._gone) from None
            self._replace_missing()
            return
        from distributed.scheduler import KilledWorker

        job, _ = self._running.pop(key)
        self._start()
        if isinstance(error, KilledWorker) and self._workers.scheduler is None:
            self._try_alone(job)
        elif error is None or isinstance(error, KilledWorker | Killed):
            yield Done(job, None if error is None else _KILLED)
        else:
            raise error

    def _start(self) -> None:
        """Hand jobs to Dask: on this machine one more than there are processes, which then need not wait; to a cluster
        all, from which it sees how many workers it needs."""
        most = math.inf if self._workers.scheduler is not None else self._workers.count + 1
        while self._queued and len(self._running) < most:
            self._hand_over(self._queued.popleft())

    def _try_alone(self, job: Job) -> None:
        """Do a job in a process of its own, one after the other."""
        import cloudpickle

        key = f"alone-{id(job)}"
        arguments = self._workers.threads, self._workers.float64, cloudpickle.dumps(job)
        self._running[key] = job, None

        def begun(process: Any) -> None:
            self._process = process

        self._again.submit(lambda: self._ended.put((key, run_alone(do_there, arguments, begun))))

    def _hand_over(self, job: Job) -> None:
        import cloudpickle

        workers = self._workers
        future = self._client.submit(
            do_there, workers.threads, workers.float64, cloudpickle.dumps(job), pure=False, retries=0
        )
        self._running[future.key] = job, future
        future.add_done_callback(self._ends)

    def _ends(self, future: Any) -> None:
        """Note how a job has ended, in a thread of Dask.

        It is given back to Dask at once, which would do it again if the process that did it were killed later.
        """
        error = future.exception() if future.status == "error" else None
        if future.status not in ("error", "finished"):
            error = ConnectionError(self._gone)
        self._ended.put((future.key, error))
        future.release()

    def _replace_missing(self) -> None:
        """Start processes in the place of those on this machine that stay away: Dask gives up what dies as it starts.

        The time that they are given to come back doubles, since a busy machine is slow to start them.
        """
        cluster, now = self._client.cluster, time.monotonic()
        if cluster is None:
            return
        here = {worker.name for worker in list(cluster.scheduler.workers.values())}
        missing = [name for name in cluster.worker_spec if name not in here]
        if not missing:
            self._complete_at = now
        elif now - self._complete_at > self._patience:
            for name in missing:
                del cluster.worker_spec[name]
            cluster.scale(self._workers.count)
            self._complete_at, self._patience = now, 2 * self._patience

    @property
    def _gone(self) -> str:
        return (
            f"The connection to the scheduler {self._workers.scheduler or 'on this machine'} is lost. Finished "
            "results are kept: the same command continues from there."
        )


def _client(workers: Workers, stack: ExitStack) -> Any:
    """A client of the cluster, of a new one on this machine unless an address is given; `stack` closes both.

    **Raises:** `ImportError` without Dask; `ConnectionError` where no scheduler answers, or no process
    starts.
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
    try:
        cluster = LocalCluster(
            n_workers=workers.count,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",
            memory_limit=None,
            silence_logs=logging.CRITICAL,
        )
    except RuntimeError as error:
        raise ConnectionError(
            f"{workers.count} worker processes did not start: {error} In a script, put the call below "
            "`if __name__ == '__main__':`, because each of them imports the script. Otherwise use fewer workers, or "
            "one."
        ) from error
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
