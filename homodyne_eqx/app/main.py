"""The installed command `homodyne-eqx`."""

import sys

from .standard_streams import finish_streams, prepare_streams, show_warnings_as_notes

_BAD_OUTPUT, _INTERRUPTED = 2, 130


def main() -> None:
    """Run `homodyne-eqx` on the arguments of the process. Nothing that is printed can end it: see `prepare_streams`."""
    streams = prepare_streams()
    show_warnings_as_notes()
    code = _run()
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
        code = 1
    lost = finish_streams(streams)
    sys.exit(code or (_BAD_OUTPUT if lost else 0))


def _run() -> int | str | None:
    """The exit code, or a message to print before an exit code of 1."""
    try:
        from .command_line import app

        app(prog_name="homodyne-eqx")
    except SystemExit as end:
        return end.code
    except ImportError as error:
        if error.name not in ("typer", "rich", "pydantic", "annotated_types", "tomlkit"):
            raise
        return f"The command line needs {error.name}. Install it with: pip install 'homodyne-eqx[all]'"
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


if __name__ == "__main__":
    main()
