"""Finds its way through the configuration's models: which keys stand at a place, and which parts of a path are keys."""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import Annotated, Any, Union, get_args, get_origin

import pydantic

from configs.schema import Configuration

MASK = "**********"
Place = Sequence[int | str]


def valid_keys(place: Place) -> list[str]:
    """Return the keys of the section at ``place``, for instance ``("accounts", 0)``; none where there is no section."""
    kind: Any = Configuration
    for part in place:
        kind = _below(kind, part)
    return [key for model in _alternatives(kind) if _is_model(model) for key in model.model_fields]


def keys_of(location: Place) -> list[int | str]:
    """Return the parts of an error's location that are keys, without the names of alternatives behind them."""
    kind: Any = Configuration
    keys: list[int | str] = []
    for part in location:
        section = any(_is_model(model) for model in _alternatives(kind))
        kind = _below(kind, part)
        if kind is None and not section:
            break
        keys.append(part)
    return keys


def is_secret(location: Place) -> bool:
    """Return whether a secret stands at ``location``."""
    kind: Any = Configuration
    for part in location:
        kind = _below(kind, part)
    return pydantic.SecretStr in _alternatives(kind)


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, pydantic.BaseModel)


def _alternatives(kind: Any) -> list[Any]:
    origin = get_origin(kind)
    if origin is Annotated:
        return _alternatives(get_args(kind)[0])
    if origin in (Union, types.UnionType):
        return [found for argument in get_args(kind) for found in _alternatives(argument)]
    return [kind]


def _below(kind: Any, part: int | str) -> Any:
    """Return what stands under key or index ``part`` of ``kind``, or ``None``."""
    for alternative in _alternatives(kind):
        origin, arguments = get_origin(alternative), get_args(alternative)
        if _is_model(alternative) and part in alternative.model_fields:
            return alternative.model_fields[part].annotation
        if origin is dict:
            return arguments[1]
        if origin is tuple and isinstance(part, int):
            return arguments[0] if arguments[-1] is Ellipsis else arguments[min(part, len(arguments) - 1)]
    return None
