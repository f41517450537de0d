"""The option that names a configuration file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..bad_input import refuses_bad_input
from .config import Config, read_config
from .settings import option_values


@refuses_bad_input
def _config(text: Any) -> Config:
    return text if isinstance(text, Config) else read_config(Path(text))


def _as_defaults(context: Any, config: Config | None) -> Config | None:
    """The values of the file, as defaults of the options, all of which are read after this one."""
    if config is not None:
        context.default_map = {**(context.default_map or {}), **option_values(config)}
    return config


ConfigFile = Annotated[
    Config | None,
    typer.Option(
        "--config",
        metavar="FILE.toml",
        parser=_config,
        callback=_as_defaults,
        is_eager=True,
        help="Settings from a file, such as config.toml beside a result; flags override it. "
        "`homodyne-eqx config --template` prints one.",
    ),
]
