"""What is on record says over which authenticated connection it came, whoever it claims to be from."""

from __future__ import annotations

import getpass
from typing import Any

from actors.oms.inputs import decode_input
from tests.actors.oms.test_service import run
from tests.actors.oms.world import World

BY = {"principal": "chief", "reason": "drill"}


def test_all_that_is_asked_for_is_on_record_with_its_connection() -> None:
    async def scene(here: World) -> None:
        before = here.oms.hosted.hosts[4].journal.last_sequence
        await here.submit("a", principal="somebody", limit_price=1, quantity=0)
        await here.submit("b", quantity=1)
        await here.ask("deposit", account="main", currency="USD", amount=1, reason="drill", key="k")
        await here.ask("set_limits", limits={"maximum_order_rate": 9}, **BY)
        await here.ask("set_state", scope="firm", state="reduce_only", **BY)
        await here.cancel_all(account="main", principal="somebody")
        records = [decode_input(record) for record in here.oms.hosted.hosts[4].journal.read(before + 1)]
        asked: dict[str, Any] = {type(record).__name__: record for record in records if hasattr(record, "via")}
        assert {"Submission", "Deposit", "LimitsChange", "StateChange", "MassCancellation"} <= asked.keys()
        assert {record.via for record in asked.values()} == {f"unix:{getpass.getuser()}"}
        assert asked["MassCancellation"].cancel.principal == "somebody"
        # The same deposit over another connection is the same deposit.
        books = here.oms.hosted.hosts[4].partition.accounts["main"]
        books.deposits["k"] = type(asked["Deposit"])(time=1, account="main", currency="USD", amount=1, reason="drill",
                                                     key="k", via="tls:edge")  # fmt: skip
        body = {"account": "main", "currency": "USD", "amount": 1, "reason": "drill", "key": "k"}
        assert await here.ask("deposit", **body) == {"repeated": True}

    run(scene)


def test_what_the_oms_does_by_itself_came_over_no_connection() -> None:
    async def scene(here: World) -> None:
        opening = [decode_input(record) for record in here.oms.hosted.hosts[4].journal.read()]
        assert {getattr(record, "via", "") for record in opening} == {""}

    run(scene)
