"""Parameter point of the command line."""

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run `homodyne-eqx` on the arguments of the process."""
    try:
        from .command_line import app

        app(prog_name="homodyne-eqx")
    except ImportError as error:
        if error.name not in ("typer", "rich", "pydantic", "annotated_types", "tomlkit"):
            raise
        sys.exit(f"The command line needs {error.name}. Install it with: pip install 'homodyne-eqx[all]'")
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
