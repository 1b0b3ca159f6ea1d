"""AlphaMind replaces a few private names of Ray; a release of Ray without them must not go unnoticed."""

from __future__ import annotations

import importlib
import inspect

import pytest


@pytest.mark.parametrize(
    ("module", "name", "parameters"),
    [
        ("ray.serve._private.replica", "add_port_to_grpc_server", ["server", "address"]),
        ("ray._private.worker", "print_to_stdstream", ["data", "ignore_prefix"]),
    ],
)
def test_a_private_name_of_ray_that_is_replaced_is_still_there(module: str, name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(importlib.import_module(module), name)).parameters) == parameters
