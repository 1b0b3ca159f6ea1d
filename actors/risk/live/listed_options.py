"""The options of the instrument master with what the market says of them."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence

from actors.clock import DAY
from actors.errors import ConfigurationError
from actors.messages import MONEY_UNIT, Instrument
from actors.risk.live.greeks_book import ListedOption
from actors.risk.pricing.contracts import American, European, Right
from configs.option_market import OptionMarketSection

_EPOCH = datetime.date(1970, 1, 1)


def listed_options(instruments: Sequence[Instrument], section: OptionMarketSection) -> dict[int, ListedOption]:
    """Return the options by instrument id; one on what has no volatility has NaN, and therefore no Greeks.

    Raises:
        ConfigurationError: A volatility or dividend yield of a symbol that no option is on.
    """
    options = {one.id: one.option for one in instruments if one.option is not None}
    underlyings = {instruments[terms.underlying].symbol for terms in options.values()}
    for name in ("volatility", "dividend"):
        for symbol in getattr(section, name):
            if symbol not in underlyings:
                raise ConfigurationError(
                    f"no option is on {symbol}",
                    field=f"risk.options.{name}.{symbol}",
                    value=symbol,
                    rule=f"underlyings of the instrument master's options: {', '.join(sorted(underlyings)) or 'none'}",
                )
    found = {}
    for number, terms in options.items():
        kind = European if terms.style == "european" else American
        symbol = instruments[terms.underlying].symbol
        found[number] = ListedOption(
            contract=kind(
                right=Right(terms.right),
                strike=terms.strike / MONEY_UNIT,
                expiry=_EPOCH + datetime.timedelta(days=terms.expiry // DAY),
            ),
            underlying=terms.underlying,
            volatility=section.volatility.get(symbol, math.nan),
            rate=section.rate,
            dividend=section.dividend.get(symbol, 0.0),
        )
    return found
