"""What a quant writes: a class whose annotated attributes are its parameters and whose methods hear what happens."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar

from actors.errors import InputError
from actors.messages import Bar, Fill, Order, Prediction, Quote, Trade

if TYPE_CHECKING:
    from actors.strategy.context import Context


class Strategy:
    """Base of all strategies.

    Annotated attributes are parameters: keyword arguments of the class, checked for name and type when it is loaded
    from a configuration. An annotated name that begins with an underscore is the strategy's own state and no
    parameter. Set state up in ``on_start``, not in ``__init__``::

        class Crossover(Strategy):
            fast: int = 10
            slow: int = 50

            def on_bar(self, context, bar):
                closes = [bar.close for bar in context.bars(bar.instrument, self.slow)]
                ...
                context.target_position(bar.instrument, 100)

    Callbacks run one at a time, in the order of the data. After a crash they are called again with the same inputs to
    rebuild the state, so they must depend on nothing else: no clock but ``context.time``, no unseeded random numbers,
    no files that change. An exception stops this strategy alone; its open orders and positions stay.

    Attributes:
        forecasts: Whether ``on_forecast`` is called with volatility forecasts.
    """

    forecasts: ClassVar[bool] = False

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Make the subclass a keyword-only data class.

        Raises:
            InputError: The subclass defines ``__init__``, or a parameter that a data class can't hold.
        """
        super().__init_subclass__(**keywords)
        if "__init__" in cls.__dict__:
            raise InputError(
                f"strategy {cls.__name__} defines __init__",
                field=f"{cls.__name__}.__init__",
                rule="annotated attributes are the parameters",
                remedy="set state up in on_start, check parameters in __post_init__",
            )
        for name, annotation in cls.__dict__.get("__annotations__", {}).items():
            if name.startswith("_") and "ClassVar" not in str(annotation):
                own = {"default": cls.__dict__[name]} if name in cls.__dict__ else {}
                setattr(cls, name, dataclasses.field(init=False, repr=False, **own))
        try:
            dataclasses.dataclass(kw_only=True, eq=False)(cls)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"strategy {cls.__name__} can't hold its parameters: {error}", field=cls.__name__
            ) from None

    def on_start(self, context: Context) -> None:
        """Prepare; called before the first data of a run, and again when a run that was stopped goes on."""

    def on_bar(self, context: Context, bar: Bar) -> None:
        """React to a bar that has just closed. All bars of the same close are in ``context`` already."""

    def on_quote(self, context: Context, quote: Quote) -> None:
        """React to a new best bid and ask."""

    def on_trade(self, context: Context, trade: Trade) -> None:
        """React to a public trade."""

    def on_fill(self, context: Context, fill: Fill) -> None:
        """React to an execution of an own order; the position has it already."""

    def on_order(self, context: Context, order: Order) -> None:
        """React to a change of an own order; where it, or a change, was refused, ``reason`` and ``text`` say why."""

    def on_forecast(self, context: Context, prediction: Prediction) -> None:
        """React to a new volatility forecast, after the data that it was made from; needs ``forecasts = True``."""

    def on_stop(self, context: Context) -> None:
        """Finish; called when the run is stopped in good order. Orders can't be placed any more."""
