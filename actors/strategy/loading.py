"""Makes a strategy from ``package.module:Class`` or ``file.py:Class`` and parameters; an error says what is wrong."""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import importlib.util
import pathlib
import sys
import traceback
import zlib
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, get_type_hints

import msgspec

from actors.errors import ConfigurationError, NotFound
from actors.messages import Instrument
from actors.strategy.strategy import Strategy
from configs.schema import StrategySection


def load_class(implementation: str) -> type[Strategy]:
    """Import ``package.module:Class``, or load ``path/to/file.py:Class``.

    Raises:
        ConfigurationError: The module can't be imported, has no such class, or the class is no strategy.
    """

    def wrong(message: str, rule: str, remedy: str | None = None) -> ConfigurationError:
        return ConfigurationError(message, field="implementation", value=implementation, rule=rule, remedy=remedy)

    module_name, colon, class_name = implementation.rpartition(":")
    if not (colon and module_name and class_name):
        raise wrong("unreadable implementation", "package.module:Class or path/to/file.py:Class")
    try:
        module = _load_file(module_name) if module_name.endswith(".py") else importlib.import_module(module_name)
    except FileNotFoundError:
        raise wrong(f"there is no file {module_name}", "an existing .py file") from None
    except ModuleNotFoundError as error:
        raise wrong(
            f"no module {error.name}", "a module that Python finds", "put its folder on PYTHONPATH, or install it"
        ) from None
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        line = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else module_name
        raise wrong(
            f"{module_name} can't be imported: {type(error).__name__}: {error} at {line}", "it imports"
        ) from error
    found = getattr(module, class_name, None)
    if found is None:
        names = [
            name for name, value in vars(module).items() if isinstance(value, type) and issubclass(value, Strategy)
        ]
        names = [name for name in names if name != "Strategy"]
        raise wrong(
            f"{module_name} has no {class_name}",
            f"one of {', '.join(names) or '(it has no strategy)'}",
            _nearest(class_name, names),
        )
    if not (isinstance(found, type) and issubclass(found, Strategy)) or found is Strategy:
        raise wrong(f"{class_name} is not a strategy", "a subclass of alphamind.Strategy")
    return found


def _load_file(path: str) -> ModuleType:
    """Load a module from a file, under a name that hides nothing; once a process, so that its classes are the same."""
    resolved = pathlib.Path(path).expanduser().resolve()
    name = f"strategy_{resolved.stem}_{zlib.crc32(str(resolved).encode()):08x}"
    if name in sys.modules:
        return sys.modules[name]
    specification = importlib.util.spec_from_file_location(name, resolved)
    assert specification is not None and specification.loader is not None  # it ends in .py
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    try:
        specification.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def build(kind: type[Strategy], parameters: Mapping[str, Any]) -> Strategy:
    """Make a strategy from parameters as they stand in a configuration.

    Numbers, text, booleans, dates, tuples, mappings and literals are converted to the annotated type; a whole number
    will do for a float, text for a decimal, nothing else for anything else.

    Raises:
        ConfigurationError: An unknown parameter (names the nearest), a missing one, a wrong type, or a value that the
            strategy's ``__post_init__`` refuses.
    """
    try:
        hints = get_type_hints(kind)
    except NameError as error:
        raise ConfigurationError(
            f"{kind.__name__} annotates a parameter with an unknown type: {error}", field="parameters"
        ) from None
    fields = {field.name: field for field in dataclasses.fields(kind) if field.init}  # type: ignore[arg-type]
    arguments = {}
    for name, value in parameters.items():
        if name not in fields:
            raise ConfigurationError(
                f"{kind.__name__} has no parameter {name}",
                field=f"parameters.{name}",
                rule=f"one of {', '.join(fields)}" if fields else "it takes none",
                remedy=_nearest(name, list(fields)),
            )
        try:
            arguments[name] = msgspec.convert(value, hints[name])
        except (msgspec.ValidationError, TypeError) as error:
            raise ConfigurationError(
                f"wrong value for parameter {name} of {kind.__name__}",
                field=f"parameters.{name}",
                value=repr(value),
                rule=str(error),
            ) from None
    try:
        return kind(**arguments)
    except TypeError as error:
        missing = [name for name, field in fields.items() if name not in arguments and _required(field)]
        if not missing:
            raise
        raise ConfigurationError(
            f"{kind.__name__} needs {', '.join(missing)}", field=f"parameters.{missing[0]}", rule="has no default"
        ) from error
    except ValueError as error:
        raise ConfigurationError(f"{kind.__name__} refuses its parameters: {error}", field="parameters") from error


def visible_instruments(section: StrategySection, instruments: Sequence[Instrument]) -> tuple[Instrument, ...]:
    """Return the instruments that a strategy sees, in the master's order.

    Raises:
        NotFound: A symbol that the master does not have; names the nearest.
    """
    if not section.instruments:
        return tuple(instruments)
    known = {instrument.symbol for instrument in instruments}
    for symbol in section.instruments:
        if symbol not in known:
            raise NotFound(
                f"strategy {section.name} wants an unknown instrument",
                field=f"strategies.{section.name}.instruments",
                value=symbol,
                rule=f"one of the {len(known)} symbols of the instrument master",
                remedy=_nearest(symbol, sorted(known)),
            )
    return tuple(instrument for instrument in instruments if instrument.symbol in section.instruments)


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _nearest(name: str, valid: list[str]) -> str | None:
    near = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else None
