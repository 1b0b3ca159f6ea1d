"""The risk service: owns limits and trading states, and measures what every account stands to lose."""

from __future__ import annotations

import asyncio
import pathlib
import time as wall
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from actors.errors import AlphaMindError
from actors.journal import Journal, open_journal
from actors.messages import Instrument, Message, OmsEvent, OrderEvent, decoder, encode
from actors.oms.limits import BUDGETED, configured_limits
from actors.oms.scopes import FIRM
from actors.portfolio.read_model import ReadModel
from actors.risk.budget_keeper import BudgetKeeper
from actors.risk.budget_ledger import BudgetLedger, Confirmation, Grant
from actors.risk.control_requests import ControlRequests
from actors.risk.controls import Controls, LimitsChange, StateChange
from actors.risk.delivery import Delivery
from actors.risk.limits import MEASURED
from actors.risk.live.greeks_book import ListedOption
from actors.risk.live.listed_options import listed_options
from actors.risk.live.high_water import Profits
from actors.risk.live.monitor import LiveRisk
from actors.risk.live.option_revaluation import RevalueAmerican, run
from actors.risk.measure_requests import MeasureRequests
from actors.risk.pricing.american import revalue_here
from actors.risk.returns import DEFAULT_PERIOD, Closes, ReturnHistory
from actors.risk.rules.breach import BreachClosed, BreachOpened
from actors.risk.rules.effects import Baseline
from actors.risk.rules.engine import BreachEngine
from actors.risk.rules.keeper import BreachKeeper
from actors.risk.rules.readings import Moment, Readings
from actors.risk.rules.rows import breach_rows
from actors.risk.rules.rule import Rule
from actors.risk.rules.watch import RiskWatch
from actors.wire import Handler
from configs.schema import Configuration

LIMITS, STATE, CLOSES, GRANT, CONFIRMATION, OPENED, CLOSED, PROFITS = 1, 2, 3, 4, 5, 6, 7, 8
REVALUE_SECONDS = 0.25
"""How often it is looked whether options are to be revalued."""
RETRY_SECONDS = 30.0
"""Time after which an option is tried again whose revaluation failed; the next close is another reason."""
LISTEN_SECONDS = 1.0
"""Time between two looks at how long the feed has been silent."""
ACCOUNTS_SHOWN = 20

_decode_limits = decoder(LimitsChange)
_decode_state = decoder(StateChange)
_decode_closes = decoder(Closes)
_decode_grant = decoder(Grant)
_decode_confirmation = decoder(Confirmation)
_decode_opened = decoder(BreachOpened)
_decode_closed = decoder(BreachClosed)
_decode_profits = decoder(Profits)


class RiskService(ReadModel):
    """Limits, trading states and risk measures of all accounts.

    A change of limits or state is journaled here, then sent to every OMS shard; a shard that is away gets it when it is
    back. On the first start the limits are those of the configuration, later those of the journal; a limit that the
    configuration has changed meanwhile is set anew. What the firm as a whole may hold is handed out to the partitions
    as budgets. The journal also holds those, and the closes that the measures look back on.

    Exposures and the use of limits follow each fill and each price; value at risk and stress are measured on a
    schedule and after large moves. Where a measure is over the level of a rule, a breach opens: it is journaled with
    its evidence and what it sets, then delivered as a person's change would be.

    Requests (bodies and answers are MessagePack maps; amounts are decimal strings):
        ``metrics`` {"account" or None for all}: exposures, value at risk, expected shortfall, stress, use of limits,
        open breaches.
        ``breaches`` {["account", "open_only"]}: breaches with their evidence, the newest first.
        ``limits`` {["account", "strategy", "symbol"]}: limits by scope, trading states, budgets, the shards that do not
        have them yet; for an account what holds for its orders and how much of it is used.
        ``set_limits`` {"limits": {name: text or None}, "principal", "reason", ["scope"]}: change those named.
        ``set_state`` {"scope", "state", "principal", "reason"}: set a trading state.
        ``ask_budget`` {"partition", "wanted"}: a partition is short of a budget.

    Args:
        period: Length of a period of returns, nanoseconds.
        stale_periods: Periods without a price of its own after which an instrument's price is flagged as stale.
        patience: Seconds to wait for the OMS shards before a change is answered with those still pending.
        options: The options among the instruments, by id; by default those of the instrument master, with what
            ``risk.options`` says of their market.
        revalue_american: Revalues American options; by default in this process.
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
        options: Mapping[int, ListedOption] | None = None,
        revalue_american: RevalueAmerican = revalue_here,
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
        if options is None:
            options = listed_options(instruments, configuration.risk.options)
        self._revalue_american = revalue_american
        self.live = LiveRisk(self.ledger, self.marks, instruments, self.history, configuration, options)
        self.breaches = BreachEngine(Rule.of(rule) for rule in configuration.risk.all_rules())
        self._baseline = Baseline()
        self._breach_keeper = BreachKeeper(
            self.breaches,
            Readings(self.live, self._limits_of, instruments),
            self.controls,
            self._baseline,
            self._put_breach,
            self._deliver,
            self.live.book.accounts,
            self.metrics,
            self.log,
            configuration.risk.refresh_seconds,
        )
        self.watch = RiskWatch(self.live, self.breaches, self._breach_keeper, self._moment)
        self._measuring = MeasureRequests(
            self,
            self.live,
            self.history,
            self.breaches,
            self.controls,
            self._controlling.states,
            self._limits_of,
            configuration.risk,
        )
        self._journal: Journal

    def handlers(self) -> Mapping[str, Handler]:
        """Return the methods by name."""
        return {
            "metrics": lambda request: self._measuring.metrics(request),
            "breaches": lambda request: self._measuring.breaches(request),
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
            elif record.kind == OPENED:
                self._adopt_breach(_decode_opened(record.payload))
            elif record.kind == CLOSED:
                self._adopt_breach(_decode_closed(record.payload))
            elif record.kind == PROFITS:
                self.live.water.take(_decode_profits(record.payload))
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
        self._breach_keeper.close_orphans(self.time)

    async def connect(self) -> None:
        """Follow OMS and market; listen whether the feed falls silent, and read the calendars meanwhile."""
        await super().connect()
        self.delivery.spawn(self._listen())
        if self.live.greeks:
            self.delivery.spawn(self._revalue_for_ever())

    async def stop(self) -> None:
        """Stop following and close the journal."""
        await self.delivery.stop()
        await super().stop()
        self._journal.close()

    def on_event(self, event: OmsEvent) -> None:
        """Follow positions and open orders, and what each partition has put in force."""
        began = wall.perf_counter_ns()
        if not isinstance(event, OrderEvent):
            self.controls.take(event)
        self.watch.take(event, self.time)
        if isinstance(event, OrderEvent) and event.fill is not None:
            self.metrics.observe("fill_seconds", wall.perf_counter_ns() - began)

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
        self.watch.slice(sequence, time, ticked)
        if ticked:
            self.history.tick(ticked, time)
        if self.history.is_complete(time):
            self.live.settle()
            self._close_period(sequence)
        self.watch.judge(wall.monotonic_ns())

    def on_snapshot(self, sequence: int, time: int) -> None:
        """Note what traded in slices that were left out."""
        since = self.history.closed_until
        ticked = [instrument for instrument, at in self.marks.times.items() if at > since]
        if ticked:
            self.history.tick(ticked, max(self.marks.times[instrument] for instrument in ticked))
        self.live.reread(time)

    def status(self) -> dict[str, Any]:
        """Return what the service stands at, the first accounts' measures, and the shards that lack limits."""
        return {
            **self.as_of(),
            "accounts": [self._measuring.tails(account) for account in self.ledger.accounts()[:ACCOUNTS_SHOWN]],
            "periods": self.history.count,
            "limits_version": self.controls.version,
            "breaches": breach_rows(self.breaches, open_only=True)[:ACCOUNTS_SHOWN],
            "pending": self.delivery.pending(),
        }

    def _close_period(self, sequence: int) -> None:
        closes = self.history.closes(sequence, self.marks.prices)
        self._journal.append(closes.time, CLOSES, encode(closes))
        profits = self.live.profits(sequence, closes.time)
        if profits is not None:
            self._journal.append(closes.time, PROFITS, encode(profits))
            self.live.water.take(profits)
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
        self._baseline.take(change, self.controls.limits_of(change.scope))
        self.controls.set_limits(change)
        if change.scope == FIRM:
            currencies = sorted({self.ledger.currency(account) for account in self.ledger.accounts()})
            shared = {name: limit for name, limit in change.limits.items() if name in BUDGETED}
            self.budgets.set_limits(shared, currencies[0] if currencies else "")

    def _put_breach(self, event: BreachOpened | BreachClosed) -> None:
        """Put a breach on record, and make what it sets."""
        self._append(OPENED if isinstance(event, BreachOpened) else CLOSED, event)
        self._adopt_breach(event)

    def _adopt_breach(self, event: BreachOpened | BreachClosed) -> None:
        self.breaches.take(event)
        if isinstance(event, BreachOpened):
            if event.state is not None:
                self.controls.set_state(event.state)
            if event.limits is not None:
                self._adopt_limits(event.limits)

    def _deliver(self, opened: BreachOpened) -> None:
        for shard in self.oms.clients:
            self.delivery.push(shard)
        if opened.limits is not None and opened.scope == FIRM:
            self.delivery.spawn(self.keeper.spread())

    async def _listen(self) -> None:
        for calendar in self.live.calendars:
            try:
                await asyncio.to_thread(self.live.hours.read, calendar)
            except AlphaMindError as error:
                self.log.error("a calendar can't be read: no price of its market is stale", problem=str(error))
        self.live.feed.heard(self.time, wall.monotonic_ns())
        while True:
            await asyncio.sleep(LISTEN_SECONDS)
            try:
                self.watch.listen(wall.monotonic_ns())
            except Exception as error:
                self.log.exception("the feed's silence can't be judged")
                self._failed(f"the feed's silence can't be judged: {error}")
                raise

    async def _revalue_for_ever(self) -> None:
        """Revalue options that are held wherever something moved, off the loop that follows the streams."""
        while True:
            await asyncio.sleep(REVALUE_SECONDS)
            job = self.live.revaluation(self.time, wall.monotonic())
            if job is None:
                continue
            options, began = self.live.options, wall.perf_counter_ns()
            failing, problem = options.failing, ""
            try:
                values = await asyncio.to_thread(run, job, self._revalue_american)
            except Exception as error:  # measures say that the options are missing; a later try may succeed
                problem = str(error)
                self.metrics.count("revaluations_failed_total")
                new = options.fail(job, wall.monotonic() + RETRY_SECONDS)
            else:
                new = options.take(job, values, wall.monotonic() + RETRY_SECONDS)
                self.metrics.observe("revaluation_seconds", wall.perf_counter_ns() - began)
            if new:
                symbols = [self.instruments[option].symbol for option in new]
                self.log.error("options can't be revalued", problem=problem, symbols=symbols)
            if mended := set(failing).difference(options.failing):
                symbols = sorted(self.instruments[option].symbol for option in mended)
                self.log.info("options are revalued again", symbols=symbols)

    def _moment(self, clock: int | None) -> Moment:
        silence = 0 if clock is None else self.live.feed.silence(clock)
        return Moment(self.time, self.sequence, self.ledger.sequences, silence)

    def _put_on_record(self, change: Message) -> None:
        self._append(GRANT if isinstance(change, Grant) else CONFIRMATION, change)

    def _append(self, kind: int, change: Message) -> None:
        self._journal.append(self.time, kind, encode(change))
        self._journal.flush()

    def _limits_of(self, account: str | None) -> dict[str, int]:
        tree = self.controls.tree
        limits = tree.of(FIRM) if account is None else tree.effective(account, "", None)
        return {name: value for name in MEASURED if (value := getattr(limits, name)) is not None}
