"""The risk service: owns limits and trading states, and measures what every account stands to lose."""

from __future__ import annotations

import pathlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from actors.decimals import money_text
from actors.errors import InputError
from actors.journal import Journal, open_journal
from actors.messages import Instrument, Message, OmsEvent, Order, OrderEvent, decoder, encode
from actors.oms.limits import BUDGETED, configured_limits
from actors.oms.scopes import FIRM
from actors.portfolio.read_model import ReadModel
from actors.portfolio.valuation import exposures, total, value
from actors.risk import report
from actors.risk.budget_keeper import BudgetKeeper
from actors.risk.budget_ledger import BudgetLedger, Confirmation, Grant
from actors.risk.control_requests import ControlRequests
from actors.risk.controls import Controls, LimitsChange, StateChange
from actors.risk.delivery import Delivery
from actors.risk.limits import MEASURED, limit_use
from actors.risk.measures import simulate
from actors.risk.returns import DEFAULT_PERIOD, Closes, ReturnHistory
from actors.wire import Handler, Request
from configs.schema import Configuration

LIMITS, STATE, CLOSES, GRANT, CONFIRMATION = 1, 2, 3, 4, 5
ACCOUNTS_SHOWN = 20

_decode_limits = decoder(LimitsChange)
_decode_state = decoder(StateChange)
_decode_closes = decoder(Closes)
_decode_grant = decoder(Grant)
_decode_confirmation = decoder(Confirmation)


class _Metrics(msgspec.Struct, forbid_unknown_fields=True):
    account: str | None = None


class RiskService(ReadModel):
    """Limits, trading states and risk measures of all accounts.

    A change of limits or state is journaled here, then sent to every OMS shard; a shard that is away gets it when it is
    back. On the first start the limits are those of the configuration, later those of the journal; a limit that the
    configuration has changed meanwhile is set anew. What the firm as a whole may hold is handed out to the partitions
    as budgets. The journal also holds those, and the closes that the measures look back on.

    Requests (bodies and answers are MessagePack maps; amounts are decimal strings):
        ``metrics`` {"account" or None for all}: exposures, value at risk, expected shortfall, stress, use of limits.
        ``limits`` {["account", "strategy", "symbol"]}: limits by scope, trading states, budgets, the shards that do not
        have them yet; for an account what holds for its orders and how much of it is used.
        ``set_limits`` {"limits": {name: text or None}, "principal", "reason", ["scope"]}: change those named.
        ``set_state`` {"scope", "state", "principal", "reason"}: set a trading state.
        ``ask_budget`` {"partition", "wanted"}: a partition is short of a budget.

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
        self.budgets = BudgetLedger()
        self.delivery = Delivery(self.oms, self.controls, self.log, patience)
        self.keeper = BudgetKeeper(self.budgets, self.oms, self._put_on_record, self.log)
        self._controlling = ControlRequests(
            self.controls, self.delivery, self.keeper, self._change, self.oms, self.ledger, instruments, self.log
        )
        self.history = ReturnHistory(len(instruments), configuration.risk.window, period, stale_periods)
        self._open_orders: defaultdict[str, dict[str, Order]] = defaultdict(dict)
        self._cache: dict[str | None, bytes] = {}
        self._cache_stamp: tuple[int, ...] = ()
        self._journal: Journal

    def handlers(self) -> Mapping[str, Handler]:
        """Return the methods by name."""
        return {
            "metrics": self._metrics,
            "limits": lambda request: self._controlling.limits(request),
            "set_limits": lambda request: self._controlling.set_limits(request),
            "set_state": lambda request: self._controlling.set_state(request),
            "ask_budget": lambda request: self._controlling.ask_budget(request),
        }

    async def recover(self) -> None:
        """Read limits, states, budgets and closes; prices stand at the last close until slices move them on."""
        self._journal = open_journal(self.configuration.journal, self.directory, self.name, self.name)
        closes = None
        for record in self._journal.read():
            if record.kind == LIMITS:
                self._adopt_limits(_decode_limits(record.payload))
            elif record.kind == STATE:
                self.controls.set_state(_decode_state(record.payload))
            elif record.kind == GRANT:
                self.budgets.adopt(_decode_grant(record.payload))
            elif record.kind == CONFIRMATION:
                confirmed = _decode_confirmation(record.payload)
                self.budgets.confirm(confirmed.partition, confirmed.number)
            else:
                closes = _decode_closes(record.payload)
                self.history.add(closes)
        if closes is not None:
            self.sequence, self.time = closes.sequence, closes.time
            prices = np.frombuffer(closes.prices, np.int64)
            self.marks.take_snapshot((one, int(prices[one]), closes.time) for one in np.flatnonzero(prices).tolist())
        for change in self.controls.configuration_changes(configured_limits(self.configuration.risk)):
            self._change(change)
            self.log.info("limits set", scope=change.scope, reason=change.reason, limits=change.limits)

    async def stop(self) -> None:
        """Stop following and close the journal."""
        await self.delivery.stop()
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
        self.delivery.push(shard)
        self.delivery.spawn(self.keeper.provide(shard))

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
            "pending": self.delivery.pending(),
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

    def _change(self, change: Message) -> None:
        """Put a change of limits or of a state on record, and make it."""
        if isinstance(change, LimitsChange):
            self._append(LIMITS, change)
            self._adopt_limits(change)
        else:
            assert isinstance(change, StateChange)
            self._append(STATE, change)
            self.controls.set_state(change)

    def _adopt_limits(self, change: LimitsChange) -> None:
        self.controls.set_limits(change)
        if change.scope == FIRM:
            currencies = sorted({self.ledger.currency(account) for account in self.ledger.accounts()})
            shared = {name: limit for name, limit in change.limits.items() if name in BUDGETED}
            self.budgets.set_limits(shared, currencies[0] if currencies else "")

    def _put_on_record(self, change: Message) -> None:
        self._append(GRANT if isinstance(change, Grant) else CONFIRMATION, change)

    def _append(self, kind: int, change: Message) -> None:
        self._journal.append(self.time, kind, encode(change))
        self._journal.flush()

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
        uses = [
            limit_use(self._limits_of(one), by_account[one], self._open_orders[one].values(), prices, self.instruments)
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
            "trading_states": self._controlling.states(),
            "stale": [self.instruments[instrument].symbol for instrument in stale],
            "other_currencies": sorted(foreign),
            **self.as_of(),
        }

    def _limits_of(self, account: str) -> dict[str, int]:
        limits = self.controls.tree.effective(account, "", None)
        return {name: value for name in MEASURED if (value := getattr(limits, name)) is not None}
