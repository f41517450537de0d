"""The command line: its commands, their examples, and `--version`."""

import inspect
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from ..engine.compilation_cache import CACHE_VARIABLE
from . import commands
from .reader_flags import with_reader_flags
from .settings_flags import with_settings

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _examples(*lines: str) -> str:
    """Examples for the end of a help text, each on a line of its own."""
    return "\n\n".join(["[bold]Examples[/bold]", *(f"  {line}" for line in lines)])


def _in_paragraphs(command: Callable[..., Any] | None) -> str:
    """The docstring of a command, each paragraph on one line: typer would keep the line ends of the source."""
    return "\n\n".join(" ".join(text.split()) for text in (inspect.getdoc(command) or "").split("\n\n"))


def _version(wanted: bool) -> bool:
    if wanted:
        from .. import __version__

        sys.stdout.write(f"homodyne_eqx {__version__}\n")
        raise typer.Exit
    return wanted


def homodyne_eqx(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """From two-time correlation maps of XPCS to diffusion, shear rate and flow direction, with uncertainties."""


def build_app() -> typer.Typer:
    """The command line, with the flags of the readers that there are."""
    app = typer.Typer(
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings=_SETTINGS,
        epilog="\n\n".join(
            [
                f"Computes in float64. Compiled programs are kept in [bold]~/.cache/homodyne_eqx[/bold], so that the "
                f"next run starts sooner; the variable {CACHE_VARIABLE} names another folder, or [bold]off[/bold].",
                "Exit codes: 0 done, 1 a fit did not converge, 2 bad input, 3 a fit does not describe the data, "
                "130 interrupted.",
            ]
        ),
    )
    app.callback()(homodyne_eqx)
    app.command(epilog=_examples("homodyne-eqx demo", "homodyne-eqx demo --output out --force"))(commands.demo)
    app.command(
        epilog=_examples(
            "homodyne-eqx fit scan.hdf --gap 200um --sigma estimate --output out",
            "homodyne-eqx fit scan.hdf --gap 2e6 --rates constant --phi 0 90 --output out",
            "homodyne-eqx fit scan.hdf --model static --q 0.005 0.006 --bound D_offset=0: --output out",
            "homodyne-eqx fit scan.hdf --gap 2e6 --start D0=1e4 --start alpha=-0.3 --fix phi0=0 --json",
            "homodyne-eqx fit scan.hdf --config my.toml --output out",
            "homodyne-eqx fit next.hdf --config out/config.toml --start-from out --output next",
        )
    )(with_reader_flags(with_settings(commands.fit)))
    app.command(
        epilog=_examples(
            "homodyne-eqx batch scans/*.hdf --gap 200um --sigma estimate --output all --workers 4",
            "homodyne-eqx batch scans --rates constant --gap 2e6 --output all --watch --idle 600",
            "homodyne-eqx batch 'scans/**/*.hdf' --model static --output all --scheduler tcp://node17:8786",
        )
    )(with_reader_flags(with_settings(commands.batch, without=("repeat",))))
    app.command(
        epilog=_examples(
            "homodyne-eqx compare scan.hdf --model static --model laminar-flow:constant --model laminar-flow --gap 2e6 "
            "--output compared",
            "homodyne-eqx compare scan.hdf --model static --model static:spline --bound D_offset=0: --config my.toml",
        )
    )(with_reader_flags(with_settings(commands.compare, without=("model",))))
    app.command(
        epilog=_examples(
            "homodyne-eqx config --template > my.toml",
            "homodyne-eqx config --validate my.toml",
            "homodyne-eqx config --from-yaml homodyne_config.yaml > my.toml",
        )
    )(commands.config)
    app.command(
        epilog=_examples(
            "homodyne-eqx simulate sheared.hdf --q 0.0054 --phi 0 --phi 45 --phi 90 --gap 2e6 --frames 200 --dt 0.1 "
            "--noise 0.01 --set D0=1e4 --set alpha=0 --set D_offset=0 --set gamma_dot_t0=1e-4 --set beta=0 "
            "--set gamma_dot_t_offset=0 --set phi0=10 --set contrast=0.3 --set offset=1",
            "homodyne-eqx simulate still.hdf --model static --q 0.005 --frames 300 --dt 0.01 --noise 0.02 --set D0=5e4 "
            "--set alpha=-0.4 --set D_offset=0 --set contrast=0.2 --set offset=1",
        )
    )(commands.simulate)
    app.command(epilog=_examples("homodyne-eqx inspect scan.hdf"))(with_reader_flags(commands.inspect))
    app.command(
        epilog=_examples(
            "homodyne-eqx convert scan.npz scan.hdf --gap 200um",
            "homodyne-eqx convert maps.npy scan.hdf --sector-q 0.05nm^-1 --sector-phi 0,45,90 --dt 1ms",
        )
    )(with_reader_flags(commands.convert))
    app.command(
        epilog=_examples(
            "homodyne-eqx plot out --force",
            "homodyne-eqx plot out --sector 3 --format pdf --output figures_for_paper",
            "homodyne-eqx plot out --colours magma --style dark_background --width 5 --output slides",
        )
    )(commands.plot)
    app.command(
        epilog=_examples(
            "homodyne-eqx profile out --parameter phi0",
            "homodyne-eqx profile out --parameter alpha --level 0.9 --level 0.999 --json",
            "homodyne-eqx profile out --parameter D0 --parameter alpha",
        )
    )(commands.profile)
    app.command(epilog=_examples("homodyne-eqx sample out", "homodyne-eqx sample out --draws 2000 --chains 4 --force"))(
        commands.sample
    )
    app.command(
        epilog=_examples(
            "homodyne-eqx report out --force",
            "homodyne-eqx report out --text",
            "homodyne-eqx report out --output for_paper.html",
        )
    )(commands.report)
    for command in app.registered_commands:
        command.help = _in_paragraphs(command.callback)
    return app


app = build_app()
