"""A configuration file with every key, its default and its help, to be filled in."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .keys import PARAMETER, SECTIONS, Key

_WIDTH = 100
_HEAD = (
    "Settings of `homodyne-eqx fit FILE --config THIS_FILE`. Every line is optional: remove the # from the lines "
    "that you set. Flags override this file. A key without a default shows an example. `homodyne-eqx config "
    "--validate THIS_FILE` checks it."
)
_OF_SECTION = {
    "model": "What is fitted.",
    "data": "The selection of the data, and values that the file lacks.",
    "prepare": "Changes of the data before the fit.",
    "fit": "The fit.",
    "output": "What is written.",
    "parameters": "A section for each parameter: [parameters.D0], [parameters.alpha], … A name with a dot stands in "
    'quotes: [parameters."relaxation.rate"].',
}


def template(options: Iterable[Any]) -> str:
    """The text of the file.

    **Arguments:** `options`: those of the command `fit`, with `name`, `help` and `default`.
    """
    by_name = {option.name: option for option in options}
    sections = [_commented(_HEAD)]
    for section in ("model", "data", "prepare", "parameters", "fit", "output"):
        keys = PARAMETER if section == "parameters" else SECTIONS[section]
        title = "[parameters.D0]" if section == "parameters" else f"[{section}]"
        lines = [_commented(_OF_SECTION[section]), f"# {title}" if section == "parameters" else title]
        sections.append("\n".join([*lines, *_entries(keys, by_name)]))
    return "\n\n\n".join(sections) + "\n"


def help_and_default(key: Key, options: Mapping[str, Any]) -> tuple[str, Any]:
    """The help of a key, and the default of its option, `None` where it has none."""
    option = options.get(key.option or "")
    default = None if option is None or option.default in (None, [], ()) else option.default
    return key.help or (option.help if option is not None else ""), default


def _entries(keys: Mapping[str, Key], options: Mapping[str, Any]) -> Iterator[str]:
    import tomlkit

    for name, key in keys.items():
        said, default = help_and_default(key, options)
        value = key.example if default is None else default
        yield f"\n{_commented(said)}\n# {name} = {tomlkit.item(value).as_string()}"


def _commented(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="## ", subsequent_indent="## ", break_long_words=False)
