"""`homodyne-eqx config`: configuration files for `fit`."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ..bad_input import refuses_bad_input
from ..configuration import read_config, settings_of, template as template_text, toml_of_yaml
from ..standard_streams import write_document


def _print_template(context: Any, wanted: bool) -> bool:
    if wanted:
        commands = getattr(context.find_root().command, "commands", {})
        write_document(template_text(commands["fit"].params))
        raise typer.Exit
    return wanted


@refuses_bad_input
def config(
    template: Annotated[
        bool,
        typer.Option(
            "--template", callback=_print_template, help="Print a file with every key, its default and its help."
        ),
    ] = False,
    validate: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Check a file: its keys and values, its model, the names of parameters."),
    ] = None,
    from_yaml: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Print a file from the YAML of homodyne 2 or xpcsjax; settings that are not taken over are listed on "
            "stderr.",
        ),
    ] = None,
) -> None:
    """Print, check or convert a configuration file of `fit`.

    Exit code 0: done, or valid. 2: bad input.
    """
    if (validate is None) == (from_yaml is None):
        found = "none" if validate is None else "two"
        raise ValueError(
            f"config has {found} of its options; expected --template, --validate FILE or --from-yaml FILE."
        )
    if validate is not None:
        _validate(validate)
    elif from_yaml is not None:
        converted = toml_of_yaml(from_yaml)
        write_document(converted.text)
        for line in converted.said:
            sys.stderr.write(f"{line}\n")


def _validate(path: Path) -> None:
    read = read_config(path)
    settings = settings_of(read)
    try:
        settings.documented()
        missing = [str(each) for each in settings.repeat if not each.is_file()]
        if missing:
            raise ValueError(f"--repeat: there is no file {', '.join(missing)}.")
    except ValueError as error:
        raise ValueError("\n".join([str(error), *read.places(str(error))])) from None
    sys.stdout.write(f"{path} is valid.\n")
