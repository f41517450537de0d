"""The arrows between the parts, the habits of every module, and what an import costs."""

import abc
import ast
import functools
import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import final

import equinox as eqx
import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "homodyne_eqx"

# The rooms, and which each may import beside itself: those before it in the row; the documented functions stand on the
# engine and carry nothing. `fit` and what comes after it may be there or not: a room is added here and nowhere else.
ROW = ["solvers", "physics", "data", "preparation", "engine", "noise", "fit", "joint", "inference", "app"]
MAY_IMPORT = {room: set(ROW[: k + 1]) for k, room in enumerate(ROW)}
MAY_IMPORT["documented_api"] = {"physics", "engine", "documented_api"}
MAY_IMPORT["core"] = {"documented_api"}
# Modules beside the rooms count as the room named here.
BESIDE = {"datasets": "data", "testing": "engine", "versions": "physics"}
ONLY_IN = {
    **dict.fromkeys(("matplotlib", "plotly", "jinja2", "typer", "rich", "dask", "distributed", "cloudpickle"), "app"),
    "h5py": "data",
}
# What a caller of the physics does not need. `jax` and `equinox` themselves load none of it.
LOADED_WHERE_USED = ["dask", "distributed", "h5py", "jinja2", "matplotlib", "optax", "plotly", "rich", "scipy", "typer"]
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "tools", "stuff"}
MOST_LINES = 300
LARGEST_SHARE = 0.25

MODULES = sorted(path.relative_to(ROOT) for path in PACKAGE.rglob("*.py"))
every_module = pytest.mark.parametrize("path", MODULES, ids=str)


def dotted(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str | None:
    """The part that a module belongs to; `None` for the top level, which gathers the public names of all parts."""
    below = module.split(".")[1:]
    if not below:
        return None
    return BESIDE.get(below[0], below[0])


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), str(path))


def imports(path: Path, tree: ast.Module) -> set[str]:
    """Absolute names of all that a module imports at any depth, its functions and `TYPE_CHECKING` blocks included."""
    package = dotted(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            names = {alias.name for alias in node.names}
            found |= {f"{source}.{name}" if is_module(f"{source}.{name}") else source for name in names}
    return found


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return name.startswith("homodyne_eqx.") and (path.is_dir() or path.with_suffix(".py").is_file())


def forbidden_imports(path: Path, tree: ast.Module) -> list[str]:
    here = part_of(dotted(path))
    if here is None:
        return []
    assert here in MAY_IMPORT, f"{path} lies beside the rooms {[*MAY_IMPORT]}; say in BESIDE which it counts as"
    allowed = MAY_IMPORT[here]
    wrong = []
    for name in sorted(imports(path, tree)):
        root = name.split(".")[0]
        if root == "homodyne_eqx" and part_of(name) not in allowed and not (here == "app" and part_of(name) is None):
            wrong.append(f"{here} imports {name}")
        if ONLY_IN.get(root, here) != here:
            wrong.append(f"{here} imports {name}, which only {ONLY_IN[root]} may")
    return wrong


@every_module
def test_imports_point_one_way(path):
    assert not forbidden_imports(path, parsed(path))


@pytest.mark.parametrize(
    ("path", "source", "wrong"),
    [
        ("physics/terms/shear.py", "from ...data import two_time", True),
        ("physics/terms/shear.py", "from ...data.two_time import TwoTimeData", True),
        ("physics/terms/shear.py", "def f():\n    import homodyne_eqx.fit.result", True),
        ("physics/terms/shear.py", "from ... import fit", True),
        ("physics/terms/shear.py", "import homodyne_eqx as hx", True),
        ("physics/terms/shear.py", "from ..kernels import sinc", False),
        ("physics/terms/__init__.py", "from ..geometry import Geometry\nfrom .shear import Shear", False),
        ("physics/terms/__init__.py", "from ...engine import tiles", True),
        ("engine/tiles.py", "from ..data import two_time\nfrom homodyne_eqx.physics.geometry import Geometry", False),
        ("engine/tiles.py", "from ..fit import least_squares", True),
        ("fit/result/fit_result.py", "def save():\n    import h5py", True),
        ("fit/result/fit_result.py", "import matplotlib.pyplot as plt", True),
        ("data/formats/aps_u/reader.py", "import h5py", False),
        ("physics/model.py", "from ..documented_api import compute_g2_scaled", True),
        ("documented_api/programs.py", "from ..engine.chi_squared import chi_squared", False),
        ("documented_api/programs.py", "from ..fit import fit", True),
        ("documented_api/programs.py", "from ..data import load", True),
        ("engine/chi_squared.py", "from ..documented_api import compute_chi_squared", True),
        ("core/jax_backend.py", "from ..documented_api import *", False),
        ("core/jax_backend.py", "from ..engine import chi_squared", True),
        ("noise/sector_noise.py", "from ..engine import pack", False),
        ("engine/chi_squared.py", "from ..noise import pulls", True),
        ("noise/sector_noise.py", "from ..fit import fit", True),
        ("inference/profile.py", "from ..fit import fit", False),
        ("fit/least_squares.py", "from ..inference import profile", True),
        ("app/main.py", "from ..core.jax_backend import compute_g2_scaled", True),
        ("datasets.py", "from .data import load", False),
        ("datasets.py", "from .fit import fit", True),
        ("app/main.py", "import homodyne_eqx as hx, rich.table, matplotlib, typer", False),
    ],
)
def test_the_check_of_the_arrows_finds_what_it_should(path, source, wrong):
    assert bool(forbidden_imports(Path("homodyne_eqx", path), ast.parse(source))) == wrong


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that import each other, directly or on the way round (strongly connected components)."""

    def reached(start: str) -> set[str]:
        found, waiting = set(), [start]
        while waiting:
            for target in arrows.get(waiting.pop(), ()):
                if target not in found:
                    found.add(target)
                    waiting.append(target)
        return found

    beyond = {module: reached(module) for module in arrows}
    groups = {tuple(sorted(b for b in beyond[a] if a in beyond.get(b, ()))) for a in arrows if a in beyond[a]}
    return [list(group) for group in sorted(groups)]


def test_no_files_import_each_other():
    """Imports inside functions and for type checking count: what they hide is still one idea in two files."""
    files = {dotted(path): path for path in MODULES if path.name != "__init__.py"}
    found = circles({name: imports(path, parsed(path)) & {*files} - {name} for name, path in files.items()})
    assert not found


@pytest.mark.parametrize(
    ("arrows", "found"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"a"}, "c": {"a"}}, [["a", "b"]]),
        ({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"e"}, "e": {"d"}}, [["a", "b", "c"], ["d", "e"]]),
    ],
)
def test_the_check_of_circles_finds_what_it_should(arrows, found):
    assert circles(arrows) == found


def test_no_room_holds_more_than_a_quarter_of_the_lines():
    lines = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in MODULES}
    rooms = {path.parts[1] for path in MODULES if len(path.parts) > 2}
    share = {room: sum(n for path, n in lines.items() if path.parts[1] == room) / sum(lines.values()) for room in rooms}
    assert max(share.values()) <= LARGEST_SHARE, {room: f"{part:.1%}" for room, part in share.items()}


@every_module
def test_annotations_are_not_postponed(path):
    """Postponed annotations silently disable `equinox.AbstractVar`."""
    postponed = [n for n in ast.walk(parsed(path)) if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
    assert not postponed


# The number of CPU devices can be set before JAX starts alone, so the import does it; the cache is the user's own call.
SETS_ONE_SWITCH = {
    "homodyne_eqx.engine.cores": {"jax_num_cpu_devices"},
    "homodyne_eqx.engine.compilation_cache": {
        "jax_compilation_cache_dir",
        "jax_persistent_cache_min_compile_time_secs",
    },
}


@every_module
def test_only_the_command_line_sets_jax_switches(path):
    if part_of(dotted(path)) == "app":
        return
    allowed = SETS_ONE_SWITCH.get(dotted(path), set())
    sets = [
        ast.unparse(n)
        for n in ast.walk(parsed(path))
        if isinstance(n, ast.Call) and ast.unparse(n.func).endswith("config.update")
        if not (n.args and isinstance(n.args[0], ast.Constant) and n.args[0].value in allowed)
    ]
    assert not sets


def asked_for_a_term(tree: ast.Module) -> list[str]:
    """Classes of terms, detections and scalings that a module tells apart: what it needs, they are to state."""
    physics = "homodyne_eqx.physics"
    kinds = {
        name
        for module in ("terms", "detection", "scaling")
        for name, kind in vars(importlib.import_module(f"{physics}.{module}")).items()
        if inspect.isclass(kind) and issubclass(kind, eqx.Module) and kind.__module__.startswith(physics)
    }
    asked = [
        {n.id for n in ast.walk(call.args[-1]) if isinstance(n, ast.Name)}
        | {n.attr for n in ast.walk(call.args[-1]) if isinstance(n, ast.Attribute)}
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("isinstance", "issubclass")
    ]
    return sorted(kinds & set().union(*asked))


@every_module
def test_fits_and_the_command_line_tell_no_terms_apart(path):
    if part_of(dotted(path)) in ("fit", "inference", "app"):
        assert not asked_for_a_term(parsed(path))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("isinstance(term, Diffusion | Shear)", ["Diffusion", "Shear"]),
        ("isinstance(term, (hx.Product, int))", ["Product"]),
        ("isinstance(model.scaling, ContrastOffset)", ["ContrastOffset"]),
        ("isinstance(model, TwoTimeModel)", []),
        ("Diffusion(3.0)", []),
    ],
)
def test_the_check_of_terms_finds_what_it_should(source, found):
    assert asked_for_a_term(ast.parse(source)) == found


@every_module
def test_files_are_short_and_named_for_what_they_hold(path):
    lines = len((ROOT / path).read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES, f"{path} has {lines} lines; split it by idea"
    assert not VAGUE_NAMES & {*path.with_suffix("").parts}


def abstract_or_final(cls: type) -> bool:
    is_abstract = cls.__name__.lstrip("_").startswith("Abstract")
    is_final = vars(cls).get("__final__", False)
    return is_abstract != is_final


def written_methods(cls: type) -> dict[str, bool]:
    """Methods and properties in the body of a class as it is written, and whether each is abstract."""
    tree = ast.parse(Path(inspect.getfile(cls)).read_text(encoding="utf-8"))
    bodies = [n.body for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == cls.__name__]
    return {
        statement.name: any("abstract" in ast.unparse(decorator) for decorator in statement.decorator_list)
        for body in bodies
        for statement in body
        if isinstance(statement, ast.FunctionDef)
    }


def overrides(cls: type) -> list[str]:
    """Concrete methods of the base classes that `cls` defines again; `__check_init__` alone is cooperative."""
    bases = [base for base in cls.__mro__[1:] if base.__module__.split(".")[0] == cls.__module__.split(".")[0]]
    return [
        f"{cls.__name__}.{name} overrides {base.__name__}.{name}"
        for name in written_methods(cls)
        for base in bases
        if name != "__check_init__" and written_methods(base).get(name, True) is False
    ]


@every_module
def test_classes_are_abstract_or_final_and_override_nothing_concrete(path):
    module = importlib.import_module(dotted(path))
    classes = [c for c in vars(module).values() if inspect.isclass(c) and c.__module__ == module.__name__]
    modules = [c for c in classes if issubclass(c, eqx.Module)]
    neither = [c.__qualname__ for c in modules if not abstract_or_final(c)]
    assert not neither, f"name them Abstract… or decorate them with @typing.final: {neither}"
    assert not [line for c in modules for line in overrides(c)]


class AbstractExample(eqx.Module):
    @abc.abstractmethod
    def rate(self): ...

    @property
    def unit(self):
        return "s⁻¹"


@final
class GoodExample(AbstractExample):
    def rate(self):
        return 1


class BadExample(GoodExample):
    @property
    def unit(self):
        return "Hz"

    def rate(self):
        return 2


def test_the_check_of_classes_finds_what_it_should():
    assert abstract_or_final(AbstractExample)
    assert abstract_or_final(GoodExample)
    assert not abstract_or_final(BadExample)
    assert not overrides(GoodExample)
    assert overrides(BadExample) == [
        "BadExample.unit overrides AbstractExample.unit",
        "BadExample.rate overrides GoodExample.rate",
    ]


def imported_by(statement: str) -> dict:
    """The modules that a fresh interpreter has loaded after a statement, and the settings of JAX."""
    report = (
        "import json, sys, jax\n"
        "print(json.dumps({'modules': sorted({m.split('.')[0] for m in sys.modules}),"
        " 'switches': {k: str(v) for k, v in jax.config.values.items()}}))"
    )
    code = f"{statement}\n{report}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def switches_beside_the_number_of_devices(report: dict) -> dict:
    return {name: value for name, value in report["switches"].items() if name != "jax_num_cpu_devices"}


def test_importing_the_package_loads_nothing_heavy_and_flips_no_switch():
    bare, package = imported_by("import jax, equinox"), imported_by("import homodyne_eqx")
    assert not {*LOADED_WHERE_USED} & {*package["modules"]}
    assert switches_beside_the_number_of_devices(package) == switches_beside_the_number_of_devices(bare)


def test_importing_every_module_flips_no_switch():
    everything = "; ".join(f"import {dotted(path)}" for path in MODULES if path.name != "__main__.py")
    found, bare = imported_by(everything), imported_by("import jax, equinox")
    assert switches_beside_the_number_of_devices(found) == switches_beside_the_number_of_devices(bare)
