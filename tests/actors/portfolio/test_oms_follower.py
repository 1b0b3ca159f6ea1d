from __future__ import annotations

import pathlib
from typing import Any

from actors.errors import Unavailable
from actors.messages import encode
from actors.peers import Peers
from actors.portfolio.ledger import Ledger
from actors.portfolio.oms_follower import OmsFollower
from actors.wire import Request
from tests.actors.portfolio.fakes import FakeOms, run, until
from tests.actors.portfolio.samples import INSTRUMENTS, cash_event


class SlowOms(FakeOms):
    """Refuses and forgets at first: takes two subscriptions until the history comes, three syncs until one succeeds."""

    def __init__(self, name: str, directory: pathlib.Path) -> None:
        super().__init__(name, directory)
        self.syncs = 0

    def handlers(self) -> dict[str, Any]:
        return {**super().handlers(), "sync": self._sync}

    def _subscribe(self, request: Request) -> bytes:
        if self.subscriptions == 1:
            self.subscriptions += 1
            raise Unavailable("not yet")
        answer = super()._subscribe(request) if self.subscriptions else encode({"partitions": {0: 2}, "epochs": {}})
        self.subscriptions += not self.subscriptions
        return answer

    def _sync(self, _: Request) -> bytes:
        self.syncs += 1
        if self.syncs < 3:
            raise Unavailable("not yet")
        return encode({})


def test_history_that_does_not_come_is_asked_for_until_it_does(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        oms, ledger = SlowOms("oms-0", directory), Ledger(INSTRUMENTS, {})
        oms.emit(cash_event(1, 5))
        oms.emit(cash_event(2, 6))
        await oms.start()
        failures: list[str] = []
        follower = OmsFollower(
            Peers(directory), "tester", ("oms-0",), ledger.sequences, ledger.apply, failures.append, patience=0.01
        )
        assert not follower.is_current("oms-0")
        follower.start()
        await follower.sync()
        assert ledger.books("main").cash("USD") == 11
        assert (oms.subscriptions, oms.syncs, failures) == (3, 3, [])
        await follower.close()
        await oms.stop()

    run(tmp_path, play)


def test_events_lost_in_a_row_are_asked_for_and_applied_once(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        oms, ledger = FakeOms("oms-0", directory, partitions=(0, 5)), Ledger(INSTRUMENTS, {})
        await oms.start()
        follower = OmsFollower(Peers(directory), "tester", ("oms-0",), ledger.sequences, ledger.apply, [].append)
        follower.start()
        await follower.sync()
        oms.emit(cash_event(1, 1), lose=True)
        for sequence in range(2, 6):
            oms.emit(cash_event(sequence, 1))
        oms.emit(cash_event(1, 1, partition=5, account="other"))
        await follower.sync()
        await until(lambda: ledger.sequences == {0: 5, 5: 1})
        assert ledger.books("main").cash("USD") == 5
        assert follower.partitions == {"oms-0": {0, 5}}
        await follower.close()
        await oms.stop()

    run(tmp_path, play)
