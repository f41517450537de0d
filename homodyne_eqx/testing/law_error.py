"""The error for a broken law, and errors of JAX turned into it."""

import contextlib
from collections.abc import Iterator

import jax


class LawError(AssertionError):
    """A law that a module breaks."""


@contextlib.contextmanager
def traceable(what: str) -> Iterator[None]:
    """Turn errors of JAX and Python into a `LawError` that says what to write instead.

    **Arguments:** `what`: the method that is run, for the message.
    """
    try:
        yield
    except LawError:
        raise
    except jax.errors.TracerBoolConversionError as error:
        advice = (
            "`if`, `and`, `max` and `while` need a number; under jit there is none. Write `jnp.where(condition, a, b)`."
        )
        raise LawError(f"{what} branches on a value in Python: {advice}") from error
    except jax.errors.TracerArrayConversionError as error:
        advice = "NumPy cannot look into a parameter under jit. Write `jnp.` for `np.`."
        raise LawError(f"{what} gives a value to NumPy: {advice}") from error
    except jax.errors.ConcretizationTypeError as error:
        advice = (
            "`float(x)`, `int(x)`, `x.item()` and `range(x)` need a number; under jit there is none. Keep an array."
        )
        raise LawError(f"{what} takes a value out of JAX: {advice}") from error
    except Exception as error:
        first_line = str(error).strip().split("\n")[0]
        if "custom_vjp" in str(error):
            advice = "has no forward derivative, which fits need. Write it as a `jax.custom_jvp`, which has both."
            raise LawError(f"{what} runs a `jax.custom_vjp`, which {advice}") from error
        raise LawError(f"{what} raises {type(error).__name__}: {first_line}") from error
