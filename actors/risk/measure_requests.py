"""What is asked of the risk service without changing anything: measures, the use of limits, breaches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from actors.decimals import money_text
from actors.errors import InputError
from actors.messages import Instrument, encode
from actors.portfolio.read_model import ReadModel
from actors.portfolio.valuation import total, value
from actors.risk import report
from actors.risk.controls import Controls
from actors.risk.live.account_book import AccountBook
from actors.risk.live.exposure_book import FirmBook
from actors.risk.live.monitor import LiveRisk
from actors.risk.returns import ReturnHistory
from actors.risk.rules.engine import BreachEngine
from actors.risk.rules.rows import breach_rows
from actors.wire import Request
from configs.schema import RiskSection


class _Metrics(msgspec.Struct, forbid_unknown_fields=True):
    account: str | None = None


class _Breaches(msgspec.Struct, forbid_unknown_fields=True):
    account: str | None = None
    open_only: bool = True


class MeasureRequests:
    """Answers ``metrics`` and ``breaches``.

    Args:
        model: The books and prices, and to what they refer.
        live: The live risk.
        history: The returns that value at risk looks back on.
        breaches: The breaches.
        controls: Limits and states.
        states: Returns the trading state of every scope.
        limits_of: Returns the measured limits of an account by name.
        section: The configuration of risk.
    """

    def __init__(
        self,
        model: ReadModel,
        live: LiveRisk,
        history: ReturnHistory,
        breaches: BreachEngine,
        controls: Controls,
        states: Callable[[], dict[str, str]],
        limits_of: Callable[[str | None], Mapping[str, int]],
        section: RiskSection,
    ) -> None:
        self._model = model
        self._live = live
        self._history = history
        self._breaches = breaches
        self._controls = controls
        self._states = states
        self._limits_of = limits_of
        self._section = section
        self._instruments: Sequence[Instrument] = model.instruments
        self._cache: dict[str | None, bytes] = {}
        self._cache_stamp: tuple[int, ...] = ()

    def metrics(self, request: Request) -> bytes:
        """Answer with exposures, tail losses, stress, the use of limits and open breaches of an account, or of all.

        Raises:
            InputError: All are asked for, and they are in several currencies.
            NotFound: There is no such account.
            Unavailable: The books are still being rebuilt.
        """
        wanted = msgspec.msgpack.decode(request.body, type=_Metrics)
        self._model.require_current()
        stamp = (
            self._model.sequence,
            self._model.time,
            sum(self._model.ledger.sequences.values()),
            self._controls.version,
            len(self._controls.states),
            self._history.count,
            self._breaches.newest,
            len(self._breaches.open),
        )
        if stamp != self._cache_stamp:
            self._cache_stamp = stamp
            self._cache.clear()
        answer = self._cache.get(wanted.account)
        if answer is None:
            answer = self._cache[wanted.account] = encode(self._measure(wanted.account))
        return answer

    def breaches(self, request: Request) -> bytes:
        """Answer with breaches and their evidence, the newest first.

        Raises:
            NotFound: There is no such account.
        """
        wanted = msgspec.msgpack.decode(request.body, type=_Breaches)
        if wanted.account is not None:
            self._model.ledger.books(wanted.account)
        rows = breach_rows(self._breaches, wanted.account, wanted.open_only)
        return encode({"breaches": rows, **self._model.as_of()})

    def tails(self, account: str) -> dict[str, Any]:
        """Return the tail losses of one account as plain data."""
        return {"account": account, **self._tails(account, self._live.book.account(account).equity)}

    def _tails(self, account: str | None, equity: int) -> dict[str, Any]:
        measured = self._live.measured(account, self._model.time, self._model.sequence)
        return {
            **report.tail_section(
                measured.result.simulation,
                self._history,
                measured.exposures,
                equity,
                self._instruments,
                self._section,
            ),
            **report.age(measured.time, measured.sequence, self._model.time),
        }

    def _measure(self, account: str | None) -> dict[str, Any]:
        model, book, instruments = self._model, self._live.book, self._instruments
        accounts = model.ledger.accounts() if account is None else [account]
        books = {one: book.account(one) for one in accounts}
        currencies = sorted({one.currency for one in books.values()})
        if len(currencies) > 1:
            raise InputError(
                "the accounts are kept in several currencies", field="account", rule="name one account", value=account
            )
        currency = currencies[0]
        exposure = book.firm[currency].netted.values if account is None else books[account].own.values
        figures = total(value(one.books, model.marks.prices, instruments, currency) for one in books.values())
        holder: AccountBook | FirmBook = book.firm[currency] if account is None else books[account]
        gross = sum(map(abs, exposure.values()))
        stale = self._history.stale(exposure)
        uses = [one.limit_use(self._limits_of(name)) for name, one in books.items()]
        foreign = {other for one in books.values() for other in one.books.currencies() if other != currency}
        tails = self._live.measured(account, model.time, model.sequence).result
        missing = [instruments[one].symbol for one in tails.unstressed]
        return {
            "account": account,
            "accounts": accounts,
            **figures.text(),
            "exposures": report.exposure_rows(exposure, gross, stale, instruments),
            "gross_exposure_after_netting": money_text(gross),
            **self._tails(account, holder.equity),
            "stress": report.stress_rows(tails.stress, self._section.stress, figures, tails.stress_share, missing),
            "greeks": report.greeks_row(self._live.greeks, accounts, instruments),
            "limits": report.limit_rows(report.largest_use(uses)),
            "trading_states": self._states(),
            "breaches": breach_rows(self._breaches, account, open_only=True),
            "stale": [instruments[instrument].symbol for instrument in stale],
            "other_currencies": sorted(foreign),
            "translated": report.translated_row(holder, self._live.untranslated(account)),
            **model.as_of(),
        }
