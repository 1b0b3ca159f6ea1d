"""The portfolio service: what every account holds, is worth and has earned, as of which event."""

from __future__ import annotations

import asyncio
import functools
import pathlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from actors.clock import DAY
from actors.decimals import money_text, ratio_text
from actors.journal import Journal, open_journal
from actors.messages import Instrument, decoder, encode
from actors.portfolio.attribution import StrategyFigures, attribute
from actors.portfolio.books import Books
from actors.portfolio.curve import EquityCurve, EquitySample
from actors.portfolio.performance.answer import Gathered, answer, answer_later, read_request
from actors.portfolio.performance.instruments import attribute_to_instruments
from actors.portfolio.read_model import ReadModel
from actors.portfolio.translation import Translation, translate, translated_value
from actors.portfolio.valuation import Valuation, exposures, margin, position_rows, value
from actors.wire import Handler, Request
from configs.schema import Configuration

SAMPLES = 1
SAMPLE_EVERY = 20
ACCOUNTS_SHOWN = 20

_decode_samples = decoder(list[EquitySample])


class _Positions(msgspec.Struct, forbid_unknown_fields=True):
    account: str
    include_closed: bool = False


class _Summary(msgspec.Struct, forbid_unknown_fields=True):
    account: str | None = None


class _Curve(msgspec.Struct, forbid_unknown_fields=True):
    account: str
    limit: int = 1000


class PortfolioService(ReadModel):
    """The read model of all accounts.

    Positions and cash are rebuilt from the OMS's events at every start. The equity curve is sampled at the first slice
    of each day (UTC) and at least every ``SAMPLE_EVERY`` slices; the samples are this service's own journal.

    Requests (bodies and answers are MessagePack maps; amounts are decimal strings):
        ``positions`` {"account", "include_closed"}: one row per instrument, and the account's figures.
        ``summary`` {"account" or None}: figures, drawdown, turnover and each strategy's part of one or all accounts.
        ``equity_curve`` {"account", "limit"}: the newest points, oldest first.
        ``performance`` {"account", "from", "to", "benchmark", "confidence", "period"}: the report of the samples.
    """

    always_snapshot = True

    def __init__(
        self,
        name: str,
        directory: pathlib.Path,
        configuration: Configuration,
        instruments: Sequence[Instrument],
        *,
        markets: tuple[str, ...],
        oms: tuple[str, ...],
    ) -> None:
        super().__init__(name, directory, configuration, instruments, markets=markets, oms=oms)
        self._curves: defaultdict[str, EquityCurve] = defaultdict(EquityCurve)
        self._sampled = 0
        self._day = 0
        self._reporting: set[asyncio.Task[None]] = set()
        self._journal: Journal

    def handlers(self) -> Mapping[str, Handler]:
        """Return the methods by name."""
        return {
            "positions": self._positions,
            "summary": self._summary,
            "equity_curve": self._equity_curve,
            "performance": self._answer_performance,
        }

    async def recover(self) -> None:
        """Read the equity curves."""
        self._journal = open_journal(self.configuration.journal, self.directory, self.name, self.name)
        for record in self._journal.read():
            for sample in _decode_samples(record.payload):
                self._curves[sample.account].add(sample)
                self.sequence, self.time = sample.sequence, sample.time
        self._sampled = self.sequence
        self._day = self.time // DAY

    async def stop(self) -> None:
        """Stop following and close the journal."""
        await super().stop()
        self._journal.close()

    def on_slice(self, sequence: int, time: int, ticked: list[int]) -> None:
        """Sample the equity of all accounts where it is due."""
        if sequence <= self._sampled:
            return
        if time // DAY == self._day and sequence - self._sampled < SAMPLE_EVERY:
            return
        samples = [EquitySample(sequence, time, account, self._whole(account)) for account in self.ledger.accounts()]
        self._journal.append(time, SAMPLES, encode(samples))
        self._journal.flush()
        for sample in samples:
            self._curves[sample.account].add(sample)
        self._sampled, self._day = sequence, time // DAY

    def status(self) -> dict[str, Any]:
        """Return what the service stands at, and the first accounts' figures and positions."""
        accounts = self.ledger.accounts()
        shown = [{**self._figures(account), "positions": self._rows(account)} for account in accounts[:ACCOUNTS_SHOWN]]
        return {**self.as_of(), "accounts": shown, "accounts_total": len(accounts)}

    def _value(self, account: str, currency: str | None = None) -> Valuation:
        currency = currency or self.ledger.currency(account)
        return value(self.ledger.books(account), self.marks.prices, self.instruments, currency)

    def _whole(self, account: str) -> Valuation:
        books, own = self.ledger.books(account), self.ledger.currency(account)
        return translated_value(books, self.marks.prices, self.instruments, own)

    def _figures(self, account: str) -> dict[str, Any]:
        books, own = self.ledger.books(account), self.ledger.currency(account)
        return {
            "account": account,
            **self._amounts(account, own),
            "other_currencies": [self._amounts(account, other) for other in books.currencies() if other != own],
            **self._margin(books, own),
            **({} if set(books.currencies()) <= {own} else {"translated": self._translated(account).text()}),
            "unpriced": [self.instruments[instrument].symbol for instrument in books.unpriced(self.marks.prices)],
        }

    def _margin(self, books: Books, own: str) -> dict[str, str]:
        initial = margin(books, self.instruments, own)
        if not initial:
            return {}
        maintenance = margin(books, self.instruments, own, maintenance=True)
        return {"initial_margin": money_text(initial), "maintenance_margin": money_text(maintenance)}

    def _translated(self, account: str) -> Translation:
        books, own = self.ledger.books(account), self.ledger.currency(account)
        return translate(books, self.marks.prices, self.instruments, own)

    def _amounts(self, account: str, currency: str) -> dict[str, str]:
        turnover = self.ledger.books(account).turnover[currency]
        return {**self._value(account, currency).text(), "turnover": money_text(turnover)}

    def _rows(self, account: str, include_closed: bool = False) -> list[dict[str, Any]]:
        books, marks = self.ledger.books(account), self.marks
        equity = {currency: self._value(account, currency).equity for currency in books.currencies()}
        return position_rows(books, marks.prices, marks.times, self.instruments, equity, include_closed)

    def _performance(self, account: str) -> dict[str, Any]:
        curve, turnover = self._curves[account], self.ledger.books(account).turnover[self.ledger.currency(account)]
        point = curve.points[-1] if curve.points else None
        return {
            "drawdown": curve.drawdown,
            "maximum_drawdown": curve.maximum_drawdown,
            "turnover_ratio": ratio_text(turnover, curve.mean_equity),
            "sampled_at": None if point is None else point.sample.time,
            "strategies": [figures.text() for figures in self._strategies(account)],
        }

    def _strategies(self, account: str) -> list[StrategyFigures]:
        books, own = self.ledger.books(account), self.ledger.currency(account)
        return attribute(books, self.marks.prices, self.instruments, own)

    def _positions(self, request: Request) -> bytes:
        wanted = msgspec.msgpack.decode(request.body, type=_Positions)
        self.require_current()
        rows = self._rows(wanted.account, wanted.include_closed)
        return encode({**self._figures(wanted.account), "positions": rows, **self.as_of()})

    def _summary(self, request: Request) -> bytes:
        wanted = msgspec.msgpack.decode(request.body, type=_Summary)
        self.require_current()
        accounts = self.ledger.accounts() if wanted.account is None else [wanted.account]
        figures = [{**self._figures(account), **self._performance(account)} for account in accounts]
        return encode({"accounts": figures, **self.as_of()})

    def _equity_curve(self, request: Request) -> bytes:
        wanted = msgspec.msgpack.decode(request.body, type=_Curve)
        self.ledger.books(wanted.account)
        points = list(self._curves[wanted.account].points)[-wanted.limit :] if wanted.limit > 0 else []
        return encode(
            {
                "account": wanted.account,
                "currency": self.ledger.currency(wanted.account),
                "points": [
                    {
                        "time": point.sample.time,
                        "sequence": point.sample.sequence,
                        **point.sample.valuation.text(),
                        "drawdown": point.drawdown,
                    }
                    for point in points
                ],
                **self.as_of(),
            }
        )

    def _answer_performance(self, request: Request) -> None:
        wanted, choices = read_request(request.body)
        self.require_current()
        account, other = wanted.account, wanted.benchmark
        books, own = self.ledger.books(account), self.ledger.currency(account)
        if other is not None:
            self.ledger.books(other)
        gathered = Gathered(
            self._samples(account),
            own,
            books.turnover[own],
            tuple(exposures(books, self.marks.prices, self.instruments, own).values()),
            tuple(figures.text() for figures in self._strategies(account)),
            tuple(one.text() for one in attribute_to_instruments(books, self.marks.prices, self.instruments, own)),
            None if other is None else self._samples(other),
            self.as_of(),
        )
        task = answer_later(request, functools.partial(answer, wanted, choices, gathered))
        self._reporting.add(task)
        task.add_done_callback(self._reporting.discard)

    def _samples(self, account: str) -> list[EquitySample]:
        return [point.sample for point in self._curves[account].points]
