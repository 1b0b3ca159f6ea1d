"""What the risk service asks of limits: to change them, to show them with their use, and to put budgets in force."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Mapping
from typing import Any

from actors.clock import DataClock
from actors.errors import AlphaMindError, NotFound
from actors.messages import decoder, encode
from actors.oms.client_text import check_line
from actors.oms.host import PartitionHost
from actors.oms.hosting import HostedPartitions, execute_all
from actors.oms.inputs import BudgetGrant, Input, LimitsChange
from actors.oms.limit_use import effective_view, firm_use
from actors.oms.limits import RULES
from actors.oms.reference_prices import ReferencePrices
from actors.oms.requests import LimitsRequest, SetBudgetRequest, SetLimitsRequest, check_grant
from actors.oms.scopes import account_of, check_scope, symbol_of
from actors.oms.sessions import SessionTimes
from actors.wire import Handler, Request

_decode_set_limits = decoder(SetLimitsRequest)
_decode_limits = decoder(LimitsRequest)
_decode_set_budget = decoder(SetBudgetRequest)


class LimitMethods:
    """Answers ``set_limits``, ``limits``, ``set_budget`` and ``budgets``."""

    def __init__(
        self, hosted: HostedPartitions, clock: DataClock, prices: ReferencePrices, sessions: SessionTimes, log: Any
    ) -> None:
        self._hosted = hosted
        self._clock = clock
        self._prices = prices
        self._sessions = sessions
        self._reading: asyncio.Task[None] | None = None
        self._log = log

    def handlers(self) -> Mapping[str, Handler]:
        """Return the methods by name."""
        return {
            "set_limits": self.set_limits,
            "limits": self.limits,
            "set_budget": self.set_budget,
            "budgets": self.budgets,
        }

    def set_limits(self, request: Request) -> None:
        """Change limits of a scope in every partition; answered with the version that is then in force.

        Limits that hold already are no change.

        Raises:
            InputError: Not a scope, or what ``Limits.replaced`` raises.
            NotFound: No such account or instrument.
        """
        body: SetLimitsRequest = _decode_set_limits(request.body)
        check_scope(body.scope, narrow=True)
        check_line("principal", body.principal)
        check_line("reason", body.reason)
        self._hosted.check_alive()
        symbol = symbol_of(body.scope)
        if symbol is not None:
            self._hosted.check_symbol(symbol)
        self._hosted.concerned(account_of(body.scope))  # refuses an account that would be here and is not
        hosts = list(self._hosted.hosts.values())
        changes = {**dict.fromkeys(RULES), **body.limits} if body.whole else body.limits
        wanted = [host.partition.limits.of(body.scope).replaced(changes, body.scope) for host in hosts]
        version = max((host.partition.limits_version for host in hosts), default=0)
        records: list[tuple[PartitionHost, Input]] = []
        if any(limits != host.partition.limits.of(body.scope) for limits, host in zip(wanted, hosts)):
            version += 1
            for host, limits in zip(hosts, wanted):
                change = LimitsChange(
                    time=self._clock.now(),
                    limits=limits.mapping(),
                    version=version,
                    principal=body.principal,
                    reason=body.reason,
                    scope=body.scope,
                    via=request.connection.principal,
                )
                records.append((host, change))
            self._log.info("limits changed", version=version, principal=body.principal, limits=body.limits)
        execute_all(records, functools.partial(request.reply, encode({"version": version})))
        self.note_needs()

    def note_needs(self) -> None:
        """Have measured and read what some limit now asks for; what none asks for costs nothing."""
        trees = [host.partition.limits for host in self._hosted.hosts.values()]
        self._prices.measures_volatility = any(tree.names("price_collar_deviations") for tree in trees)
        if any(tree.names("require_open_session") for tree in trees):
            if self._reading is None:
                self._reading = asyncio.get_running_loop().create_task(self._read_sessions())
        else:
            self._sessions.asked_for = False

    async def _read_sessions(self) -> None:
        try:
            await asyncio.to_thread(self._sessions.read)
            self._sessions.asked_for = True
        except AlphaMindError as error:
            self._log.error("calendars can't be read: no session is known", problem=str(error))
        finally:
            self._reading = None

    def limits(self, request: Request) -> bytes:
        """Answer with the tree of limits and, for an account, with what holds for its orders and how much is used.

        Raises:
            NotFound: No such account or instrument.
        """
        wanted: LimitsRequest = _decode_limits(request.body)
        if wanted.account is None:
            hosts = list(self._hosted.hosts.values())
            tree = hosts[0].partition.limits.mapping() if hosts else {}
            return encode({"version": max((host.partition.limits_version for host in hosts), default=0), "tree": tree})
        partition = self._hosted.of_account(wanted.account).partition
        instrument = None
        if wanted.symbol is not None:
            self._hosted.check_symbol(wanted.symbol)
            instrument = next(one for one in reversed(partition.instruments) if one.symbol == wanted.symbol)
        account, received = partition.account(wanted.account), time.time_ns()
        use = effective_view(partition.safeguards, account, wanted.strategy, instrument, received, self._clock.now())
        return encode({"version": partition.limits_version, "tree": partition.limits.mapping(), **use})

    def set_budget(self, request: Request) -> None:
        """Put a share of the firm's limits in force; answered with the number of the newest grant, and with the use.

        Raises:
            InputError: An amount of no limit of the firm, or out of range; a number far ahead of the newest grant's.
            NotFound: No such partition here (code ``PARTITION_UNKNOWN``).
        """
        body: SetBudgetRequest = _decode_set_budget(request.body)
        self._hosted.check_alive()
        host = self._hosted.hosts.get(body.partition)
        if host is None:
            raise NotFound(
                f"{self._hosted.name} does not host this partition",
                field="partition",
                value=body.partition,
                code="PARTITION_UNKNOWN",
            )
        check_grant(body, host.partition.safeguards.budget.number)
        answer = functools.partial(self._granted, request, host)
        if body.number <= host.partition.safeguards.budget.number:
            host.after_commit(answer)
            return
        grant = BudgetGrant(time=self._clock.now(), number=body.number, amounts=body.amounts, currency=body.currency)
        host.execute(grant, lambda _: answer())

    def _granted(self, request: Request, host: PartitionHost) -> None:
        request.reply(encode(firm_use(host.partition.safeguards, time.time_ns())))

    def budgets(self, _: Request) -> bytes:
        """Answer with the share and the use of every partition here, by its number."""
        self._hosted.check_alive()
        now = time.time_ns()
        return encode({index: firm_use(host.partition.safeguards, now) for index, host in self._hosted.hosts.items()})
