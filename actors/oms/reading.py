"""Reads bodies of requests that are messages; what can't be read is refused by the name of the field at fault."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable
from typing import Any

import msgspec

from actors.errors import InputError
from actors.messages import Message, decoder

_AT = re.compile(r"(?P<rule>.*) - at `\$(?P<path>(?:\[[0-9]+\])+)`")
_SHOWN = 100
_PLACE = re.compile(r"\[([0-9]+)\]")


def reader(kind: type[Message]) -> Callable[[bytes | memoryview], Any]:
    """Return a function that decodes bytes as a message of ``kind``.

    It raises ``InputError`` with field, value and rule where one field is not of its kind, and what ``msgspec`` raises
    where the bytes are no such message at all.
    """
    decode = decoder(kind)

    def read(body: bytes | memoryview) -> Any:
        try:
            return decode(body)
        except msgspec.ValidationError as error:
            raise _named(kind, body, error) from error

    return read


def _named(kind: type[Message], body: bytes | memoryview, error: msgspec.ValidationError) -> Exception:
    """Return the error with a field's name in the place of its number, for instance ``conditions.peg_offset``."""
    found = _AT.fullmatch(str(error))
    if found is None:
        return error
    names, at = [], kind
    try:
        value = msgspec.msgpack.decode(body)
    except (msgspec.MsgspecError, TypeError):  # what follows the field can't be read either
        value = None
    for place in map(int, _PLACE.findall(found["path"])):
        if isinstance(value, list) and place < len(value):
            value = value[place]
        fields = getattr(at, "__struct_fields__", ())
        if place < len(fields):
            names.append(fields[place])
            at = typing.get_type_hints(at)[fields[place]]
        elif not fields:  # one of several: they have no names, the field that holds them has
            at = _one_of(at)
        at = _message_in(at)
    field = ".".join(names)
    if isinstance(value, str):
        value = value[:_SHOWN]
    elif not (value is None or isinstance(value, bool | int | float)):
        value = type(value).__name__
    return InputError(f"{field} is not what it must be", field=field, value=value, rule=found["rule"])


def _one_of(kind: Any) -> Any:
    parts = typing.get_args(kind)
    return parts[0] if parts else kind


def _message_in(kind: Any) -> Any:
    """Return the message that a field may hold, of a field that may also hold nothing."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return next((one for one in typing.get_args(kind) if hasattr(one, "__struct_fields__")), kind)
    return kind
