"""The arguments of Equinox modules in the reference: a module states its arguments as fields, without an `__init__`."""

import importlib
import inspect

import equinox
from griffe import Class, Extension, Function, Parameter, ParameterKind, Parameters

KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: ParameterKind.positional_only,
    inspect.Parameter.POSITIONAL_OR_KEYWORD: ParameterKind.positional_or_keyword,
    inspect.Parameter.VAR_POSITIONAL: ParameterKind.var_positional,
    inspect.Parameter.KEYWORD_ONLY: ParameterKind.keyword_only,
    inspect.Parameter.VAR_KEYWORD: ParameterKind.var_keyword,
}


class ModuleFields(Extension):
    """Gives each Equinox module that has no `__init__` of its own one with its fields, in their order."""

    def on_class(self, *, cls: Class, **_):
        if "__init__" in cls.members or cls.parent is None or not cls.parent.is_module:
            return
        module = getattr(importlib.import_module(cls.parent.path), cls.name, None)
        if not inspect.isclass(module) or not issubclass(module, equinox.Module) or inspect.isabstract(module):
            return
        arguments = inspect.signature(module).parameters.values()
        parameters = [_parameter(argument, cls.members.get(argument.name)) for argument in arguments]
        receiver = Parameter("self", kind=ParameterKind.positional_or_keyword)
        cls.set_member("__init__", Function("__init__", parameters=Parameters(receiver, *parameters)))


def _parameter(argument, field):
    """The annotation is that of the source where the class states the field itself, else that of the running class."""
    annotation = getattr(field, "annotation", None) or getattr(
        argument.annotation, "__name__", str(argument.annotation)
    )
    default = None if argument.default is inspect.Parameter.empty else _written(argument.default)
    return Parameter(argument.name, annotation=annotation, kind=KINDS[argument.kind], default=default)


def _written(default):
    """A function by its name, since its `repr` holds an address in memory."""
    return default.__name__ if inspect.isroutine(default) else repr(default)
