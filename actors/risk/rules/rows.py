"""Breaches as plain data, as they are answered and shown."""

from __future__ import annotations

from typing import Any

from actors.decimals import money_text
from actors.oms.scopes import account_of
from actors.risk.rules.breach import BreachClosed, BreachOpened, Evidence
from actors.risk.rules.engine import BreachEngine


def breach_rows(engine: BreachEngine, account: str | None = None, open_only: bool = False) -> list[dict[str, Any]]:
    """Return breaches as plain data, the newest first.

    Args:
        engine: The breaches.
        account: Only those of this account; ``None``: all.
        open_only: Whether closed ones are left out.
    """
    found: list[tuple[BreachOpened, BreachClosed | None]] = [(breach, None) for breach in engine.open.values()]
    if not open_only:
        found += engine.closed
    chosen = [pair for pair in found if account is None or account_of(pair[0].scope) == account]
    return [_row(*pair) for pair in sorted(chosen, key=lambda pair: -pair[0].number)]


def _row(opened: BreachOpened, closed: BreachClosed | None) -> dict[str, Any]:
    evidence = opened.evidence
    return {
        "number": opened.number,
        "rule": opened.rule,
        "scope": opened.scope,
        "action": opened.action,
        "open": closed is None,
        "opened_at": evidence.time,
        "closed_at": None if closed is None else closed.time,
        "state": None if opened.state is None else str(opened.state.state),
        "limits": sorted(opened.limits.limits) if opened.limits is not None else None,
        "note": opened.note,
        "evidence": _evidence(evidence),
        "closing_evidence": None if closed is None or closed.evidence is None else _evidence(closed.evidence),
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "measure": evidence.measure,
        "unit": evidence.unit,
        "value": money_text(evidence.value),
        "threshold": money_text(evidence.threshold),
        "as_of": evidence.time,
        "measured_at": evidence.measured_at,
        "market_sequence": evidence.market_sequence,
        "oms_sequences": {str(partition): last for partition, last in sorted(evidence.oms_sequences.items())},
        "positions": [{"symbol": one.symbol, "exposure": money_text(one.exposure)} for one in evidence.positions],
        "missing_share": evidence.missing_share,
    }
