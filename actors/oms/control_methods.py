"""What those in charge ask: limits, the kill switch, money, and what went wrong."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from actors.clock import DataClock
from actors.errors import AlphaMindError
from actors.messages import decoder, encode
from actors.oms.admission import deposited
from actors.oms.client_text import check_line
from actors.oms.effects import Effects
from actors.oms.host import PartitionHost
from actors.oms.hosting import HostedPartitions
from actors.oms.inputs import Deposit, Input, LimitsChange, StateChange
from actors.oms.kill_switch import check_scope
from actors.oms.requests import AlarmsRequest, DepositRequest, LimitsRequest, StateRequest, check_rows
from actors.wire import Handler, Request

_decode_deposit = decoder(DepositRequest)
_decode_limits = decoder(LimitsRequest)
_decode_state = decoder(StateRequest)
_decode_alarms = decoder(AlarmsRequest)


class ControlMethods:
    """Answers ``set_limits``, ``set_state``, ``deposit`` and ``alarms``."""

    def __init__(self, hosted: HostedPartitions, clock: DataClock, log: Any) -> None:
        self._hosted = hosted
        self._clock = clock
        self._log = log

    def handlers(self) -> Mapping[str, Handler]:
        """Return the methods by name."""
        return {
            "set_limits": self.set_limits,
            "set_state": self.set_state,
            "deposit": self.deposit,
            "alarms": self.alarms,
        }

    def set_limits(self, request: Request) -> None:
        """Replace limits in every partition; answered with the version that is then in force.

        Limits that hold already are no change. Raises what ``Limits.replaced`` raises.
        """
        body: LimitsRequest = _decode_limits(request.body)
        self._hosted.check_alive()
        partitions = [host.partition for host in self._hosted.hosts.values()]
        wanted = [partition.limits.replaced(body.limits) for partition in partitions]
        version = max((partition.limits_version for partition in partitions), default=0)
        records: list[tuple[PartitionHost, Input]] = []
        if any(limits != partition.limits for limits, partition in zip(wanted, partitions)):
            version += 1
            for host, limits in zip(self._hosted.hosts.values(), wanted):
                change = LimitsChange(
                    time=self._clock.now(),
                    limits=limits.mapping(),
                    version=version,
                    principal=body.principal,
                    reason=body.reason,
                )
                records.append((host, change))
            self._log.info("limits changed", version=version, principal=body.principal, limits=body.limits)
        self._execute_all(records, functools.partial(request.reply, encode({"version": version})))

    def set_state(self, request: Request) -> None:
        """Move the kill switch, in every partition that the scope reaches; a state that holds already is no change.

        Raises:
            InputError: Not a scope.
            NotFound: No such account.
        """
        body: StateRequest = _decode_state(request.body)
        check_scope(body.scope)
        self._hosted.check_alive()
        kind, _, who = body.scope.partition(":")
        hosts = [self._hosted.of_account(who)] if kind == "account" else list(self._hosted.hosts.values())
        change = StateChange(
            time=self._clock.now(), scope=body.scope, state=body.state, principal=body.principal, reason=body.reason
        )
        moved = [host for host in hosts if host.partition.switch.of(body.scope) is not body.state]
        if moved:
            self._log.warning("kill switch moved", scope=body.scope, state=str(body.state), principal=body.principal)
        answer = encode({"scope": body.scope, "state": body.state, "partitions": len(moved)})
        self._execute_all([(host, change) for host in moved], functools.partial(request.reply, answer))

    def _execute_all(self, records: Sequence[tuple[PartitionHost, Input]], done: Callable[[], None]) -> None:
        """Execute an input in each of several partitions, as many as take it, and call ``done`` once all have.

        Raises:
            Unavailable: A partition could not take it; the same request again reaches those that are left.
        """
        left = len(records)
        first_error: AlphaMindError | None = None

        def taken(_: Effects) -> None:
            nonlocal left
            left -= 1
            if not left:
                done()

        for host, record in records:
            try:
                host.execute(record, taken)
            except AlphaMindError as error:
                first_error = first_error or error
        if first_error is not None:
            raise first_error
        if not records:
            done()

    def deposit(self, request: Request) -> None:
        """Book money once for its key; answered with whether it was booked before.

        Raises what ``admission.deposited`` raises.
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
        )
        if deposited(host.partition, record):
            host.after_commit(functools.partial(request.reply, encode({"repeated": True})))
        else:
            host.execute(record, lambda _: request.reply(encode({"repeated": False})))

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
