"""The answer to ``metrics``: figures, tail losses, stress results and the use of limits, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actors.clock import SECOND
from actors.decimals import money_text, ratio_text
from actors.messages import MONEY_UNIT, Instrument
from actors.portfolio.valuation import Valuation
from actors.risk.limits import FLAG, LimitUse
from actors.risk.live.account_book import AccountBook
from actors.risk.live.exposure_book import FirmBook
from actors.risk.live.greeks_book import GreeksBook, PositionGreeks
from actors.risk.measures import Simulation, TailLoss
from actors.risk.returns import ReturnHistory
from configs.schema import RiskSection

METHOD = "historical simulation"
ESTIMATOR = "order statistics (Acerbi and Tasche 2002)"


def tail_section(
    simulation: Simulation,
    history: ReturnHistory,
    exposures: Mapping[int, int],
    equity: int,
    instruments: Sequence[Instrument],
    section: RiskSection,
) -> dict[str, Any]:
    """Return value at risk and expected shortfall per confidence, and what they rest on.

    Amounts are rounded to cents; where none can be given they are ``None`` and ``reason`` says why. The interval holds
    the true value at risk with a probability of 95%; a bound is ``None`` where the window is too short for one.
    """
    found = {tail.confidence: tail for tail in simulation.tails}
    measures = []
    for confidence in section.confidence:
        tail = found.get(confidence)
        measures.append(
            {
                "confidence": confidence,
                "value_at_risk": None if tail is None else _cents(tail.value_at_risk),
                "value_at_risk_interval": _bounds(tail),
                "expected_shortfall": None if tail is None else _cents(tail.expected_shortfall),
                "value_at_risk_of_equity": None if tail is None else ratio_text(round(tail.value_at_risk), equity),
                "expected_shortfall_of_equity": (
                    None if tail is None else ratio_text(round(tail.expected_shortfall), equity)
                ),
            }
        )
    missing = sorted(instrument for instrument in exposures if instrument not in simulation.covered)
    horizon = history.horizon
    return {
        "measures": measures,
        "method": METHOD,
        "estimator": ESTIMATOR,
        "horizon": {"periods": 1, "usual_seconds": None if horizon is None else horizon / SECOND},
        "observations": simulation.observations,
        "window": section.window,
        "minimum_window": section.minimum_window,
        "share_covered": simulation.share_covered,
        "not_covered": [instruments[instrument].symbol for instrument in missing if exposures[instrument]],
        "reason": simulation.reason,
    }


def exposure_rows(
    exposures: Mapping[int, int], gross: int, stale: Sequence[int], instruments: Sequence[Instrument]
) -> list[dict[str, Any]]:
    """Return the exposure per instrument, the largest first, with its share of the gross exposure."""
    ranked = sorted(exposures.items(), key=lambda item: (-abs(item[1]), item[0]))
    return [
        {
            "instrument": instrument,
            "symbol": instruments[instrument].symbol,
            "exposure": money_text(exposure),
            "share_of_gross": ratio_text(exposure, gross),
            "stale": instrument in stale,
        }
        for instrument, exposure in ranked
    ]


def stress_rows(
    profits: Mapping[str, int],
    shocks: Mapping[str, float | Mapping[str, float]],
    figures: Valuation,
    share_covered: float = 1.0,
    missing: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Return the result of every stress scenario: of which share of the gross exposure, and what it leaves out."""
    return [
        {
            "scenario": name,
            "shock": shock if isinstance(shock := shocks[name], float) else None,
            "shocks": None if isinstance(shock, float) else dict(shock),
            "profit": money_text(profit),
            "equity_after": money_text(figures.equity + profit),
            "share_covered": share_covered,
            "not_covered": list(missing),
        }
        for name, profit in profits.items()
    ]


def age(measured_at: int, sequence: int, now: int) -> dict[str, Any]:
    """Return when tail losses and stress were measured, by market time, and how long ago that is."""
    return {
        "measured_at": measured_at,
        "measured_at_sequence": sequence,
        "measured_seconds_ago": max(0, now - measured_at) / SECOND,
    }


def greeks_row(book: GreeksBook, accounts: Sequence[str], instruments: Sequence[Instrument]) -> dict[str, Any] | None:
    """Return the Greeks of all options of some accounts as decimal strings; ``None`` where there are no options.

    ``by_underlying`` has the delta exposures, ``unknown`` the options that are not in the sums.
    """
    if not book:
        return None
    sums, underlyings = PositionGreeks(), dict[int, int]()
    for account in accounts:
        sums = sums.plus(book.totals[account])
        for underlying, amount in book.by_underlying[account].items():
            underlyings[underlying] = underlyings.get(underlying, 0) + amount
    unknown = sorted({option for account in accounts for option in book.unknown(account)})
    return {
        **{name: money_text(amount) for name, amount in sums._asdict().items()},
        "by_underlying": {instruments[one].symbol: money_text(amount) for one, amount in sorted(underlyings.items())},
        "unknown": [instruments[one].symbol for one in unknown],
    }


def translated_row(holder: AccountBook | FirmBook, untranslated: Mapping[str, int]) -> dict[str, Any]:
    """Return what rules measure: figures over all currencies, translated, and what those without a rate leave out."""
    return {
        "equity": money_text(holder.equity),
        "profit": money_text(holder.profit),
        "gross_exposure": money_text(holder.gross),
        "net_exposure": money_text(holder.net),
        "leverage": ratio_text(holder.gross, holder.equity),
        "concentration": ratio_text(holder.largest, holder.equity),
        "untranslated": {currency: money_text(amount) for currency, amount in untranslated.items()},
    }


def limit_rows(use: Mapping[str, LimitUse]) -> dict[str, dict[str, Any]]:
    """Return limit, value and fraction used of every limit by name, and the instrument that uses most of it."""
    rows = {}
    for name, one in use.items():
        limit, value = one.limit, one.value
        is_flag = name == FLAG
        rows[name] = {
            "limit": bool(limit) if is_flag else money_text(limit),
            "value": value if is_flag else money_text(value),
            "fraction": None if is_flag else one.fraction,
            "symbol": one.symbol,
        }
    return rows


def largest_use(uses: Sequence[dict[str, LimitUse]]) -> dict[str, LimitUse]:
    """Return for every limit the use of the account that is nearest to it; limits hold for each account by itself."""
    names = {name: None for use in uses for name in use}
    return {name: max((use[name] for use in uses if name in use), key=_nearness) for name in names}


def _nearness(use: LimitUse) -> tuple[float, int]:
    return use.fraction or 0.0, use.value


def _bounds(tail: TailLoss | None) -> list[str | None] | None:
    if tail is None or tail.interval is None:
        return None
    return [None if bound is None else _cents(bound) for bound in tail.interval]


def _cents(amount: float) -> str:
    return f"{amount / MONEY_UNIT:.2f}"
