"""What each rule is about, measured now: an integer of 1e-8, and what it is made of."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from actors.messages import MONEY_UNIT, Instrument
from actors.oms.scopes import account_of
from actors.portfolio.books import LARGEST_AMOUNT
from actors.risk.live.account_book import AccountBook, fraction
from actors.risk.live.exposure_book import FirmBook
from actors.risk.live.monitor import LiveRisk
from actors.risk.rules.breach import Contribution, Evidence
from actors.risk.rules.rule import Rule

SHOWN = 5
"""Positions that evidence names."""
_NANOSECONDS = 10
"""Nanoseconds in 1e-8 seconds."""
_OF_THE_FIRM = ("maximum_gross_exposure", "maximum_net_exposure")


class Moment(NamedTuple):
    """When something is measured.

    Attributes:
        time: Market time, UTC nanoseconds.
        sequence: Newest market slice.
        oms_sequences: Newest event by OMS partition.
        silence: Nanoseconds by the wall clock for which the feed has been silent; ``None``: not known.
    """

    time: int
    sequence: int
    oms_sequences: Mapping[int, int]
    silence: int | None


class Readings:
    """Reads measures off the live risk.

    Args:
        live: The live risk.
        limits_of: Returns the measured limits of an account by name; of the firm for ``None``.
        instruments: The instrument master.
    """

    def __init__(
        self, live: LiveRisk, limits_of: Callable[[str | None], Mapping[str, int]], instruments: Sequence[Instrument]
    ) -> None:
        self._live = live
        self._limits_of = limits_of
        self._instruments = instruments

    def value(self, rule: Rule, scope: str, moment: Moment) -> int | None:
        """Return a rule's measure, 1e-8 of its unit; ``None`` where it can't be told now."""
        account = account_of(scope)
        if rule.measure == "feed_silence":
            return None if moment.silence is None else moment.silence // _NANOSECONDS
        if rule.measure == "stale_price":
            stale = self._live.stale(account, moment.time)
            return 0 if stale is None else stale[1] // _NANOSECONDS
        if rule.measure == "limit_use":
            return self._limit_use(str(rule.limit), account)
        if rule.unit == "money" and (rule.confidence is not None or rule.scenario is not None):
            return None if self.unrevalued(rule, scope, moment) else self._tail(rule, account)
        holder = self._live.firm() if account is None else self._live.book.account(account)
        return None if holder is None else self._of_holder(rule.measure, account, holder, moment.time)

    def unrevalued(self, rule: Rule, scope: str, moment: Moment) -> list[str]:
        """Return the symbols of the options that have to be revalued before a rule can be held.

        Without them a hedged book would look like one that is not.
        """
        if rule.confidence is None and rule.scenario is None:
            return []
        return [self._instruments[one].symbol for one in self._live.unrevalued(account_of(scope), moment.time)]

    def evidence(self, rule: Rule, scope: str, value: int, moment: Moment) -> Evidence:
        """Return what a measure is made of."""
        account = account_of(scope)
        totals = self._live.totals(account)
        foreign = self._live.foreign(account)
        measured_at, missing = moment.time, self._live.missing_share(account)
        exposures: Mapping[int, int] = {} if totals is None else totals.values
        if foreign is not None and foreign.values:
            exposures = {**exposures, **foreign.values}
        measured = self._live.tails.of(account)
        if measured is not None and (rule.confidence is not None or rule.scenario is not None):
            measured_at, exposures = measured.time, measured.exposures
            simulation, covered = measured.result.simulation, measured.result.stress_share
            if rule.confidence is not None:
                covered = simulation.share_covered
            left_out = sum(self._live.untranslated(account).values()) + (0 if foreign is None else foreign.gross)
            if left_out:  # tail losses are of the account's own currency
                covered *= measured.gross / (measured.gross + left_out)
            missing = 1.0 - covered
        largest = heapq.nlargest(SHOWN, exposures.items(), key=lambda item: abs(item[1]))
        if rule.measure == "stale_price":
            stale = self._live.stale(account, moment.time)
            largest = [] if stale is None else [(stale[0], exposures.get(stale[0], 0))]
        return Evidence(
            measure=rule.described,
            unit=rule.unit,
            value=value,
            threshold=rule.threshold,
            time=moment.time,
            measured_at=measured_at,
            market_sequence=moment.sequence,
            oms_sequences=dict(moment.oms_sequences),
            positions=[Contribution(self._instruments[one].symbol, amount) for one, amount in largest],
            missing_share=missing,
        )

    def _of_holder(self, measure: str, account: str | None, holder: AccountBook | FirmBook, time: int) -> int:
        if measure == "gross_exposure":
            return holder.gross
        if measure == "net_exposure":
            return abs(holder.net)
        if measure == "leverage":
            return fraction(holder.gross, holder.equity)
        if measure == "concentration":
            return fraction(holder.largest, holder.equity)
        if isinstance(holder, AccountBook):
            currency = holder.currency
        else:
            currency = holder.accounts[0].currency if holder.accounts else ""
        water = self._live.water
        if measure == "drawdown":
            return water.drawdown(account, currency, holder.profit, holder.deposits)
        return water.day_loss(account, currency, holder.profit, time)

    def _tail(self, rule: Rule, account: str | None) -> int | None:
        measured = self._live.tails.of(account)
        if measured is None:
            return None
        if rule.scenario is not None:
            return -measured.result.stress[rule.scenario]
        for tail in measured.result.simulation.tails:
            if tail.confidence == rule.confidence:
                return round(tail.value_at_risk if rule.measure == "value_at_risk" else tail.expected_shortfall)
        return None

    def _limit_use(self, name: str, account: str | None) -> int | None:
        if account is not None:
            return self._share(name, account)
        if name not in _OF_THE_FIRM:  # these hold for each account by itself
            shares = [self._share(name, one) for one in self._live.book.accounts()]
            return max((share for share in shares if share is not None), default=None)
        firm, limit = self._live.firm(), self._limits_of(None).get(name)
        if firm is None or limit is None:
            return None
        return _use(firm.gross if name == "maximum_gross_exposure" else abs(firm.net), limit)

    def _share(self, name: str, account: str) -> int | None:
        limit = self._limits_of(account).get(name)
        return None if limit is None else _use(self._live.book.account(account).use_of(name, limit).value, limit)


def _use(value: int, limit: int) -> int:
    """Return the share of a limit that is used, 1e-8: beyond all bounds where anything is and nothing may be."""
    if not value:
        return 0
    return value * MONEY_UNIT // limit if limit else LARGEST_AMOUNT
