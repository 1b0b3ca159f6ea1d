"""The paper exchange: it fills orders against streamed data by stated rules, never at a price that was not there.

``paper`` is the pure core, ``host`` keeps its journal, and ``service`` runs both as a process of its own. The rules,
one concept a file:

* ``capabilities``, ``refusals``: what the exchange does, and why it refuses the rest;
* ``resting``: an order, and orders in price-time priority;
* ``instrument_orders``, ``open_orders``, ``expiries``: what open orders wait for, and what the clock ends;
* ``bars``, ``quotes``, ``trades``: what an order gets from one bar, quote or public trade (``market_event``);
* ``allocation``: how what is there is shared out;
* ``fees``: what a fill costs;
* ``trading_days``: which session an order is for, and how long it lives.

An order trades only against data that became known after the exchange had it. A bar or a trade must also have begun or
happened at or after that moment: the open of a bar that was under way when the order came is a price of the past. What
is still to come of such a bar is its close, which orders for the close may have. An order for the close gets the last
price of its session that became known after it came: the close of the bar that reaches the session's close, at once; or
else that of the last bar, trade or quote at or before it, as soon as the trading clock is past the close.
"""
