"""Counts of the programs that JAX compiles."""

import contextlib
import logging


@contextlib.contextmanager
def counted_compilations():
    """The messages on programs that JAX makes ready meanwhile, whether the cache on disk has them or not."""
    messages = []

    class Keep(logging.Handler):
        def emit(self, record):
            if "Finished jaxpr to MLIR" in record.getMessage():
                messages.append(record.getMessage())

    logger, keep = logging.getLogger("jax._src.dispatch"), Keep(logging.DEBUG)
    level, propagate = logger.level, logger.propagate
    logger.addHandler(keep)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    try:
        yield messages
    finally:
        logger.removeHandler(keep)
        logger.setLevel(level)
        logger.propagate = propagate
