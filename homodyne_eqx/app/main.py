"""Entry point of the command line."""

import sys


def main() -> None:
    """Run `homodyne-eqx` on the arguments of the process."""
    try:
        from .command_line import app
    except ImportError as error:
        if error.name not in ("typer", "rich", "click"):
            raise
        sys.exit(f"The command line needs {error.name}. Install it with: pip install 'homodyne-eqx[all]'")
    app(prog_name="homodyne-eqx")


if __name__ == "__main__":
    main()
