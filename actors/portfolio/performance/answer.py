"""The request ``performance`` of the portfolio service: gathered on its loop, reckoned beside it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from actors.errors import AlphaMindError, InputError
from actors.messages import MONEY_UNIT, encode
from actors.portfolio.curve import EquitySample
from actors.portfolio.performance.exposure import Concentration, concentration
from actors.portfolio.performance.history import History, Period, history_of_samples
from actors.portfolio.performance.inputs import iso
from actors.portfolio.performance.measure import CONFIDENCE, Choices, measure
from actors.portfolio.performance.report import Activity
from actors.portfolio.performance.turnover import Turnover, turnover
from actors.wire import Request


class PerformanceRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What is asked for.

    Attributes:
        account: Which.
        begin: First time that counts, UTC nanoseconds (on the wire ``from``); ``None``: the first sample.
        end: Last time that counts (on the wire ``to``); ``None``: the newest sample.
        benchmark: Another account whose returns to compare with.
        confidence: Of all intervals.
        period: sample, day, week or month (UTC).
    """

    account: str
    begin: int | None = msgspec.field(default=None, name="from")
    end: int | None = msgspec.field(default=None, name="to")
    benchmark: str | None = None
    confidence: float = CONFIDENCE
    period: str = Period.DAY.value

    def within(self, samples: Iterable[EquitySample]) -> list[EquitySample]:
        """Return the samples of the span that was asked for."""
        return [
            sample
            for sample in samples
            if (self.begin is None or sample.time >= self.begin) and (self.end is None or sample.time <= self.end)
        ]

    @property
    def whole(self) -> bool:
        """Whether the span has no bounds."""
        return self.begin is None and self.end is None


@dataclasses.dataclass(frozen=True)
class Gathered:
    """What the service holds of one account, copied out of it.

    Attributes:
        samples: All of the account's samples that are kept.
        currency: Its currency.
        traded: Value of all fills, 1e-8 units.
        positions: Signed value of each position now, 1e-8 units.
        strategies: Rows of ``attribute``, as text; ``instruments`` those of ``attribute_to_instruments``.
        benchmark: Samples of the other account; ``None`` without one.
        as_of: To what the answer refers.
    """

    samples: Sequence[EquitySample]
    currency: str
    traded: int
    positions: Sequence[int]
    strategies: tuple[dict[str, str], ...]
    instruments: tuple[dict[str, str], ...]
    benchmark: Sequence[EquitySample] | None
    as_of: dict[str, Any]


def read_request(body: bytes) -> tuple[PerformanceRequest, Choices]:
    """Return a request and how its report is made.

    Raises:
        InputError: A period, a span or a confidence that is none.
    """
    wanted = msgspec.msgpack.decode(body, type=PerformanceRequest)
    if wanted.period not in set(Period):
        raise InputError(
            "no such period", field="period", value=wanted.period, rule=", ".join(one.value for one in Period)
        )
    if wanted.begin is not None and wanted.end is not None and wanted.begin >= wanted.end:
        raise InputError("an empty span", field="to", value=iso(wanted.end), rule=f"later than {iso(wanted.begin)}")
    return wanted, Choices(confidence=wanted.confidence)


def answer(wanted: PerformanceRequest, choices: Choices, found: Gathered) -> bytes:
    """Return the report, encoded."""
    past = history_of_samples(wanted.within(found.samples), wanted.period)
    other = None
    if wanted.benchmark is not None and found.benchmark is not None:
        other = (wanted.benchmark, history_of_samples(wanted.within(found.benchmark), wanted.period))
    activity = Activity(
        _turnover(past, found.traded) if wanted.whole else None,
        _concentration(found.positions),
        found.strategies,
        found.instruments,
    )
    report = measure(past, choices, name=wanted.account, currency=found.currency, activity=activity, benchmark=other)
    return encode({**report.plain(), **found.as_of})


def answer_later(request: Request, work: Callable[[], bytes]) -> asyncio.Task[None]:
    """Answer with the outcome of ``work``, which runs in a thread: the loop goes on taking slices meanwhile."""

    async def reply() -> None:
        try:
            request.reply(await asyncio.to_thread(work))
        except AlphaMindError as error:
            request.fail(error)
        except Exception as error:
            request.fail(AlphaMindError(f"the report failed: {error!r}"))

    return asyncio.get_running_loop().create_task(reply())


def _turnover(past: History, traded: int) -> Turnover | None:
    try:
        return turnover(traded / MONEY_UNIT, float(past.equity.mean()) if len(past.equity) else 0.0, past.years)
    except InputError:
        return None


def _concentration(positions: Sequence[int]) -> Concentration | None:
    return concentration(positions) if any(positions) else None
