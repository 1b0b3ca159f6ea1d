"""The risk service: owns limits and trading states, and measures what every account stands to lose."""

from __future__ import annotations

import asyncio
import pathlib
from collections import defaultdict
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from actors.decimals import money_text
from actors.errors import AlphaMindError, InputError, Unavailable
from actors.journal import Journal, open_journal
from actors.messages import Instrument, OmsEvent, Order, OrderEvent, TradingState, decoder, encode
from actors.oms.limits import Limits
from actors.oms.scopes import check_scope
from actors.portfolio.read_model import ReadModel
from actors.portfolio.valuation import exposures, total, value
from actors.risk import report
from actors.risk.controls import Controls, LimitsChange, StateChange
from actors.risk.limits import changed_limits, limit_use, limits_text
from actors.risk.measures import simulate
from actors.risk.returns import DEFAULT_PERIOD, Closes, ReturnHistory
from actors.wire import Handler, Request
from configs.schema import Configuration

LIMITS, STATE, CLOSES = 1, 2, 3
ACCOUNTS_SHOWN = 20

_decode_limits = decoder(LimitsChange)
_decode_state = decoder(StateChange)
_decode_closes = decoder(Closes)


class _Metrics(msgspec.Struct, forbid_unknown_fields=True):
    account: str | None = None


class _SetLimits(msgspec.Struct, forbid_unknown_fields=True):
    limits: dict[str, str]
    principal: str
    reason: str


class _SetState(msgspec.Struct, forbid_unknown_fields=True):
    scope: str
    state: TradingState
    principal: str
    reason: str


class RiskService(ReadModel):
    """Limits, trading states and risk measures of all accounts.

    A change of limits or state is journaled here, then sent to every OMS shard; a shard that is away gets it when it is
    back. On the first start the limits are those of the configuration, later those of the journal; a limit that the
    configuration has changed meanwhile is set anew. The journal also holds the closes that the measures look back on.

    Requests (bodies and answers are MessagePack maps; amounts are decimal strings):
        ``metrics`` {"account" or None for all}: exposures, value at risk, expected shortfall, stress, use of limits.
        ``limits`` {}: the limits in force, trading states, and the shards that do not have them yet.
        ``set_limits`` {"limits": {name: text}, "principal", "reason"}: change those named.
        ``set_state`` {"scope", "state", "principal", "reason"}: set a trading state.

    Args:
        period: Length of a period of returns, nanoseconds.
        stale_periods: Periods without a price of its own after which an instrument's price is flagged as stale.
        patience: Seconds to wait for the OMS shards before a change is answered with those still pending.
    """

    def __init__(
        self,
        name: str,
        directory: pathlib.Path,
        configuration: Configuration,
        instruments: Sequence[Instrument],
        *,
        markets: tuple[str, ...],
        oms: tuple[str, ...],
        period: int = DEFAULT_PERIOD,
        stale_periods: int = 3,
        patience: float = 2.0,
    ) -> None:
        super().__init__(name, directory, configuration, instruments, markets=markets, oms=oms)
        self.controls = Controls()
        self.history = ReturnHistory(len(instruments), configuration.risk.window, period, stale_periods)
        self._patience = patience
        self._open_orders: defaultdict[str, dict[str, Order]] = defaultdict(dict)
        self._locks = {shard: asyncio.Lock() for shard in oms}
        self._tasks: set[asyncio.Task[None]] = set()
        self._cache: dict[str | None, bytes] = {}
        self._cache_stamp: tuple[int, ...] = ()
        self._journal: Journal

    def handlers(self) -> Mapping[str, Handler]:
        """Return the methods by name."""
        return {
            "metrics": self._metrics,
            "limits": self._limits,
            "set_limits": self._set_limits,
            "set_state": self._set_state,
        }

    async def recover(self) -> None:
        """Read limits, states and closes; prices stand at the last close until slices move them on."""
        self._journal = open_journal(self.configuration.journal, self.directory, self.name, self.name)
        closes = None
        for record in self._journal.read():
            if record.kind == LIMITS:
                self.controls.set_limits(_decode_limits(record.payload))
            elif record.kind == STATE:
                self.controls.set_state(_decode_state(record.payload))
            else:
                closes = _decode_closes(record.payload)
                self.history.add(closes)
        if closes is not None:
            self.sequence, self.time = closes.sequence, closes.time
            prices = np.frombuffer(closes.prices, np.int64)
            self.marks.take_snapshot((one, int(prices[one]), closes.time) for one in np.flatnonzero(prices).tolist())
        configured = Limits.from_section(self.configuration.risk.limits).mapping()
        change = self.controls.configuration_change(configured)
        if change is not None:
            self._change_limits(change)
            self.log.info("limits set", principal=change.principal, reason=change.reason, limits=change.limits)

    async def stop(self) -> None:
        """Stop following and close the journal."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await super().stop()
        self._journal.close()

    def on_event(self, event: OmsEvent) -> None:
        """Follow open orders, and what each partition has put in force."""
        if isinstance(event, OrderEvent):
            order = event.order
            if order.status.is_open:
                self._open_orders[order.account][order.order_id] = order
            else:
                self._open_orders[order.account].pop(order.order_id, None)
        else:
            self.controls.take(event)

    def on_subscribed(self, shard: str) -> None:
        """Send the shard what it lacks."""
        self._spawn(self._push(shard))

    def before_slice(self, sequence: int, time: int) -> None:
        """Close the period that has ended before this slice."""
        if self.history.is_due(time):
            self._close_period(self.sequence)

    def on_slice(self, sequence: int, time: int, ticked: list[int]) -> None:
        """Note what traded; close the period where the slice lies at its very end."""
        if ticked:
            self.history.tick(ticked, time)
        if self.history.is_complete(time):
            self._close_period(sequence)

    def on_snapshot(self, sequence: int, time: int) -> None:
        """Note what traded in slices that were left out."""
        since = self.history.closed_until
        ticked = [instrument for instrument, at in self.marks.times.items() if at > since]
        if ticked:
            self.history.tick(ticked, max(self.marks.times[instrument] for instrument in ticked))

    def status(self) -> dict[str, Any]:
        """Return what the service stands at, the first accounts' measures, and the shards that lack limits."""
        return {
            **self.as_of(),
            "accounts": [self._tail(account) for account in self.ledger.accounts()[:ACCOUNTS_SHOWN]],
            "periods": self.history.count,
            "limits_version": self.controls.version,
            "pending": self._pending(),
        }

    def _tail(self, account: str) -> dict[str, Any]:
        section, currency = self.configuration.risk, self.ledger.currency(account)
        exposure = exposures(self.ledger.books(account), self.marks.prices, self.instruments, currency)
        simulation = simulate(exposure, self.history.returns(), section.confidence, section.minimum_window)
        equity = self.ledger.books(account).cash(currency) + sum(exposure.values())
        return {
            "account": account,
            **report.tail_section(simulation, self.history, exposure, equity, self.instruments, section),
        }

    def _close_period(self, sequence: int) -> None:
        closes = self.history.closes(sequence, self.marks.prices)
        self._journal.append(closes.time, CLOSES, encode(closes))
        self._journal.flush()
        self.history.add(closes)

    def _change_limits(self, change: LimitsChange) -> None:
        self._journal.append(self.time, LIMITS, encode(change))
        self._journal.flush()
        self.controls.set_limits(change)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _pending(self) -> list[str]:
        return [
            shard
            for shard in self.oms.clients
            if not self.oms.is_current(shard) or self.controls.outstanding(self.oms.partitions[shard])
        ]

    async def _push(self, shard: str) -> None:
        """Send a shard what it lacks; what can't be sent now is sent after the next subscription."""
        try:
            async with self._locks[shard]:
                await self.oms.current(shard)
                partitions = self.oms.partitions[shard]
                while changes := self.controls.outstanding(partitions):
                    change = changes[0]
                    terms: dict[str, Any]
                    if isinstance(change, LimitsChange):
                        method, terms = "set_limits", {"limits": change.limits}
                    else:
                        method, terms = "set_state", {"scope": change.scope, "state": change.state}
                    body = encode({**terms, "principal": change.principal, "reason": change.reason})
                    await self.oms.clients[shard].request(method, body)
                    self.controls.confirm(partitions, change)
        except Unavailable:
            self.log.warning("limits not sent yet", shard=shard)

    async def _push_all(self, request: Request, answer: dict[str, Any]) -> None:
        tasks = [self._spawn(self._push(shard)) for shard in self.oms.clients]
        done, _ = await asyncio.wait(tasks, timeout=self._patience)
        for task in done:
            error = task.exception()
            if isinstance(error, AlphaMindError):
                request.fail(error)
                return
            if error is not None:
                self.log.error("change not sent", problem=repr(error))
                request.fail(AlphaMindError("the change is on record but an OMS shard did not take it; see the log"))
                return
        pending = self._pending()
        accepted = [shard for shard in self.oms.clients if shard not in pending]
        request.reply(encode({**answer, "accepted_by": accepted, "pending": pending}))

    def _set_limits(self, request: Request) -> None:
        wanted = msgspec.msgpack.decode(request.body, type=_SetLimits)
        _check_authorship(wanted.principal, wanted.reason)
        limits = changed_limits(self.controls.limits.limits, wanted.limits)
        self._change_limits(LimitsChange(limits, wanted.principal, wanted.reason))
        self.log.info("limits set", principal=wanted.principal, reason=wanted.reason, limits=wanted.limits)
        answer = {"version": self.controls.version, "limits": limits_text(limits)}
        self._spawn(self._push_all(request, answer))

    def _set_state(self, request: Request) -> None:
        wanted = msgspec.msgpack.decode(request.body, type=_SetState)
        _check_authorship(wanted.principal, wanted.reason)
        check_scope(wanted.scope)  # as the OMS does: a change on record that it refuses would hold up all later ones
        kind, _, name = wanted.scope.partition(":")
        if kind == "account":
            self.ledger.books(name)
        change = StateChange(wanted.scope, wanted.state, wanted.principal, wanted.reason)
        self._journal.append(self.time, STATE, encode(change))
        self._journal.flush()
        self.controls.set_state(change)
        self.log.info("state set", scope=change.scope, state=str(change.state), principal=change.principal)
        self._spawn(self._push_all(request, {"scope": change.scope, "state": str(change.state)}))

    def _limits(self, request: Request) -> bytes:
        change = self.controls.limits
        return encode(
            {
                "version": self.controls.version,
                "limits": limits_text(change.limits),
                "principal": change.principal,
                "reason": change.reason,
                "trading_states": self._states(),
                "pending": self._pending(),
            }
        )

    def _states(self) -> dict[str, str]:
        return {"firm": "active", **{scope: str(change.state) for scope, change in self.controls.states.items()}}

    def _metrics(self, request: Request) -> bytes:
        wanted = msgspec.msgpack.decode(request.body, type=_Metrics)
        self.require_current()
        stamp = (
            self.sequence,
            self.time,
            sum(self.ledger.sequences.values()),
            self.controls.version,
            len(self.controls.states),
            self.history.count,
        )
        if stamp != self._cache_stamp:
            self._cache_stamp = stamp
            self._cache.clear()
        answer = self._cache.get(wanted.account)
        if answer is None:
            answer = self._cache[wanted.account] = encode(self._measure(wanted.account))
        return answer

    def _measure(self, account: str | None) -> dict[str, Any]:
        section, prices = self.configuration.risk, self.marks.prices
        accounts = self.ledger.accounts() if account is None else [account]
        books = {one: self.ledger.books(one) for one in accounts}
        currencies = sorted({self.ledger.currency(one) for one in accounts})
        if len(currencies) > 1:
            raise InputError(
                "the accounts are kept in several currencies", field="account", rule="name one account", value=account
            )
        currency = currencies[0]
        by_account = {one: exposures(books[one], prices, self.instruments, currency) for one in accounts}
        exposure: defaultdict[int, int] = defaultdict(int)
        for values in by_account.values():
            for instrument, amount in values.items():
                exposure[instrument] += amount
        figures = total(value(books[one], prices, self.instruments, currency) for one in accounts)
        gross = sum(map(abs, exposure.values()))
        stale = self.history.stale(exposure)
        simulation = simulate(exposure, self.history.returns(), section.confidence, section.minimum_window)
        limits = self.controls.limits.limits
        uses = [
            limit_use(limits, by_account[one], self._open_orders[one].values(), prices, self.instruments)
            for one in accounts
        ]
        foreign = {other for one in accounts for other in books[one].currencies() if other != currency}
        return {
            "account": account,
            "accounts": accounts,
            **figures.text(),
            "exposures": report.exposure_rows(exposure, gross, stale, self.instruments),
            "gross_exposure_after_netting": money_text(gross),
            **report.tail_section(simulation, self.history, exposure, figures.equity, self.instruments, section),
            "stress": report.stress_rows(exposure, section.stress, figures),
            "limits": report.limit_rows(report.largest_use(uses)),
            "trading_states": self._states(),
            "stale": [self.instruments[instrument].symbol for instrument in stale],
            "other_currencies": sorted(foreign),
            **self.as_of(),
        }


def _check_authorship(principal: str, reason: str) -> None:
    for field, text in (("principal", principal), ("reason", reason)):
        if not text.strip():
            raise InputError(f"a change needs a {field}", field=field, rule="not empty")
