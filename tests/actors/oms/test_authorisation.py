"""Between nodes the certificate's name decides who controls an OMS."""

from __future__ import annotations

import types

import pytest

from actors.errors import Forbidden
from actors.oms.authorisation import CONTROLS, authorised
from tests.actors.oms.test_service import run
from tests.actors.oms.world import World


def asked(method: str, principal: str) -> object:
    handlers = authorised({method: lambda request: b"done", "submit": lambda request: b"taken"})
    request = types.SimpleNamespace(connection=types.SimpleNamespace(principal=principal))
    return handlers[method](request)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", CONTROLS)
@pytest.mark.parametrize("principal", ["unix:root", "ray:cluster", "tls:risk", "tls:operator"])
def test_who_is_in_charge_is_heard(method: str, principal: str) -> None:
    assert asked(method, principal) == b"done"


@pytest.mark.parametrize("method", CONTROLS)
@pytest.mark.parametrize("principal", ["tls:strategy", "tls:api", "tls:", "tls:risk2"])
def test_others_are_refused_with_a_way_out(method: str, principal: str) -> None:
    with pytest.raises(Forbidden) as caught:
        asked(method, principal)
    assert caught.value.code == "CONTROL_FORBIDDEN" and caught.value.rule == "one of risk, operator"


def test_orders_are_for_every_certificate() -> None:
    assert asked("submit", "tls:strategy") == b"taken"


def test_a_service_checks_all_that_controls_it() -> None:
    async def scene(here: World) -> None:
        handlers = here.oms.server.handlers
        assert set(CONTROLS) <= set(handlers)
        stranger = types.SimpleNamespace(connection=types.SimpleNamespace(principal="tls:strategy"), body=b"")
        for method in CONTROLS:
            with pytest.raises(Forbidden):
                handlers[method](stranger)  # type: ignore[arg-type]

    run(scene)
