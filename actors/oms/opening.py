"""What a partition puts on record when it opens: what the configuration adds to what is on record already."""

from __future__ import annotations

import math
from collections.abc import Iterable

from actors.errors import ConfigurationError
from actors.messages import MONEY_UNIT, Instrument, LotMethod
from actors.oms.admission import new_terms
from actors.oms.inputs import AccountOpening, Deposit, Input, LimitsChange, StateChange, Terms
from actors.oms.limits import configured_limits
from actors.oms.state import PartitionState
from actors.oms.venue import Capabilities
from configs.schema import AccountSection, RiskSection, VenueSection

PRINCIPAL = "configuration"
OPENING = "opening"


def expected_fee_rate(venue: VenueSection) -> int:
    """Return the highest fee of the venue as a fraction of the notional in 1e-8, rounded up; 0 for rebates."""
    return max(0, math.ceil(max(venue.taker_fee_bps, venue.maker_fee_bps) * 10_000))


def changed_terms(
    partition: PartitionState, instruments: tuple[Instrument, ...], fee_rate: int, capabilities: Capabilities, now: int
) -> list[Input]:
    """Return the terms to put on record where they are new.

    Raises:
        Conflict: An instrument was changed or removed (code ``INSTRUMENTS_CHANGED``).
    """
    terms = Terms(time=now, instruments=instruments, fee_rate=fee_rate, capabilities=capabilities)
    return [terms] if new_terms(partition, terms) else []


def first_limits(section: RiskSection, neighbours: Iterable[PartitionState], now: int) -> list[Input]:
    """Return limits and kill switch for a new partition: what holds in its neighbours, else the configuration's."""
    elder = max(neighbours, key=lambda partition: partition.limits.version, default=None)
    if elder is None or not elder.limits.version:
        return [_limits(now, scope, limits, 1) for scope, limits in configured_limits(section).items()]
    records = [_limits(now, scope, limits, elder.limits.version) for scope, limits in elder.limits.mapping().items()]
    for scope, state in elder.switch.states().items():
        if not scope.startswith("account:"):
            records.append(StateChange(time=now, scope=scope, state=state, principal=PRINCIPAL, reason=OPENING))
    return records


def _limits(now: int, scope: str, limits: dict[str, int], version: int) -> Input:
    return LimitsChange(time=now, limits=limits, version=version, principal=PRINCIPAL, reason=OPENING, scope=scope)


def new_accounts(partition: PartitionState, accounts: Iterable[AccountSection], now: int) -> list[Input]:
    """Return the openings and opening cash of the accounts that the partition does not have yet.

    Raises:
        ConfigurationError: An account was opened with another lot method.
    """
    records: list[Input] = []
    for account in accounts:
        known = partition.accounts.get(account.id)
        if known is not None and known.books.lots.value != account.lots:
            raise ConfigurationError(
                f"account {account.id} was opened with other lots",
                field=f"accounts.{account.id}.lots",
                value=account.lots,
                rule=f"{known.books.lots.value}, as on record",
                remedy="leave it, or open another account",
            )
        if known is None:
            records.append(
                AccountOpening(time=now, account=account.id, currency=account.currency, lots=LotMethod(account.lots))
            )
        if known is None or OPENING not in known.deposits:
            records.append(
                Deposit(
                    time=now,
                    account=account.id,
                    currency=account.currency,
                    amount=int(account.cash * MONEY_UNIT),
                    reason="opening cash",
                    key=OPENING,
                )
            )
    return records
