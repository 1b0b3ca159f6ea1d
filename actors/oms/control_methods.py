"""What those in charge ask: the kill switch, money, and what went wrong."""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections.abc import Mapping
from typing import Any

import msgspec

from actors.clock import DataClock
from actors.errors import AlphaMindError, Conflict
from actors.messages import decoder, encode
from actors.oms.admission import booked, check_withdrawal, deposited
from actors.oms.client_text import check_line
from actors.oms.hosting import HostedPartitions, execute_all
from actors.oms.inputs import Booking, Deposit, StateChange
from actors.oms.kill_switch import SEVERITY
from actors.oms.kill_word import KillWord
from actors.oms.requests import AlarmsRequest, BookRequest, DepositRequest, StateRequest, check_rows
from actors.oms.scopes import FIRM, account_of, check_scope, symbol_of
from actors.wire import Handler, Request

HEED_SECONDS = 0.05

_decode_deposit = decoder(DepositRequest)
_decode_book = decoder(BookRequest)
_decode_state = decoder(StateRequest)
_decode_alarms = decoder(AlarmsRequest)


class ControlMethods:
    """Answers ``set_state``, ``deposit``, ``book`` and ``alarms``."""

    def __init__(self, hosted: HostedPartitions, clock: DataClock, word: KillWord, log: Any) -> None:
        self._hosted = hosted
        self._clock = clock
        self._word = word
        self._log = log

    def handlers(self) -> Mapping[str, Handler]:
        """Return the methods by name."""
        return {
            "set_state": self.set_state,
            "deposit": self.deposit,
            "book": self.book,
            "alarms": self.alarms,
        }

    def set_state(self, request: Request) -> None:
        """Move the kill switch in every partition here that the scope reaches; a state that holds already is no change.

        Raises:
            InputError: Not a scope.
            NotFound: No such account or instrument.
            Conflict: The kill switch's word was set to something stricter since (code ``STATE_SUPERSEDED``).
        """
        body: StateRequest = _decode_state(request.body)
        check_scope(body.scope)
        check_line("principal", body.principal)
        check_line("reason", body.reason)
        self._hosted.check_alive()
        account, symbol = account_of(body.scope), symbol_of(body.scope)
        if symbol is not None:
            self._hosted.check_symbol(symbol)
        hosts = self._hosted.concerned(account)
        self._check_age(body)
        change = StateChange(
            time=self._clock.now(),
            scope=body.scope,
            state=body.state,
            principal=body.principal,
            reason=body.reason,
            via=request.connection.principal,
            takes_back=True,
        )
        number = self._word.numbers[0]
        for host in hosts:
            host.heed()
        moved = [host for host in hosts if host.partition.switch.of(body.scope) is not body.state]
        if moved:
            self._log.warning("kill switch moved", scope=body.scope, state=str(body.state), principal=body.principal)
        answer = encode({"scope": body.scope, "state": body.state, "partitions": len(moved)})
        execute_all([(host, change) for host in moved], functools.partial(request.reply, answer))
        if body.scope == FIRM and self._word.read().state is not body.state:
            # What this node reads when it starts again. A word that was set meanwhile is newer, and stays.
            self._word.write(body.state, body.principal, body.reason, expected=number)

    def _check_age(self, body: StateRequest) -> None:
        """Refuse to resume what was halted after that was asked for: the request was held up on its way."""
        said = self._word.read()
        looser = SEVERITY[body.state] < SEVERITY[said.state]
        if body.scope == FIRM and looser and 0 < body.asked < said.time:
            raise Conflict(
                "the kill switch was set since this was asked for",
                field="asked",
                value=body.asked,
                rule=f"later than {said.time}, when {said.principal} set it to {said.state}",
                remedy="look at what has happened, then ask again",
                code="STATE_SUPERSEDED",
            )

    def deposit(self, request: Request) -> None:
        """Book money once for its key; answered with whether it was booked before.

        Raises what ``admission.deposited`` and ``check_withdrawal`` raise.
        """
        body: DepositRequest = _decode_deposit(request.body)
        check_line("reason", body.reason)
        check_line("key", body.key)
        host = self._hosted.of_account(body.account)
        record = Deposit(
            time=self._clock.now(),
            account=body.account,
            currency=body.currency,
            amount=body.amount,
            reason=body.reason,
            key=body.key,
            via=request.connection.principal,
        )
        if deposited(host.partition, record):
            host.after_commit(functools.partial(request.reply, encode({"repeated": True})))
        else:
            check_withdrawal(host.partition, record)
            host.execute(record, lambda _: request.reply(encode({"repeated": False})))

    def book(self, request: Request) -> None:
        """Book an entry once for its key, in one account or in all that are here; answered with those that took it.

        Where one of several can't take it, none does.

        Raises what ``admission.booked`` raises.
        """
        body: BookRequest = _decode_book(request.body)
        check_line("reason", body.reason)
        check_line("key", body.key)
        self._hosted.check_alive()
        hosts = [self._hosted.of_account(body.account)] if body.account else list(self._hosted.hosts.values())
        records = []
        for host in hosts:
            for account in [body.account] if body.account else list(host.partition.accounts):
                record = Booking(
                    time=self._clock.now(),
                    account=account,
                    entry=body.entry,
                    reason=body.reason,
                    key=body.key,
                    via=request.connection.principal,
                )
                if not booked(host.partition, record):
                    records.append((host, record))
        answer = encode({"accounts": [record.account for _, record in records]})
        if records:
            execute_all(records, lambda: request.reply(answer))
        else:
            hosts[0].after_commit(functools.partial(request.reply, answer))

    def alarms(self, request: Request) -> bytes:
        """Answer with the number of alarms and the newest of each partition."""
        wanted: AlarmsRequest = _decode_alarms(request.body)
        check_rows(wanted.limit)
        partitions = [host.partition for host in self._hosted.hosts.values()]
        newest = [
            {"partition": partition.index, **msgspec.structs.asdict(alarm)}
            for partition in partitions
            for alarm in itertools.islice(reversed(partition.alarms), wanted.limit)
        ]
        return encode({"total": sum(len(partition.alarms) for partition in partitions), "alarms": newest})


async def heed_for_ever(hosted: HostedPartitions, log: Any) -> None:
    """Heed the kill switch's word also while nothing else arrives, so that what is held back here is seen."""
    while True:
        await asyncio.sleep(HEED_SECONDS)
        for host in hosted.hosts.values():
            try:
                host.heed()
            except AlphaMindError as error:
                log.error("kill switch not on record yet", problem=str(error))
