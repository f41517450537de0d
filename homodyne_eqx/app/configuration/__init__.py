"""Configuration files of the command line: TOML that says how a file is fitted."""

from .config import Config as Config, read_config as read_config
from .from_yaml import toml_of_yaml as toml_of_yaml
from .option import ConfigFile as ConfigFile
from .resolved import resolved_toml as resolved_toml
from .settings import (
    differs as differs,
    option_values as option_values,
    settings_of as settings_of,
    with_parameters as with_parameters,
)
from .template import template as template
