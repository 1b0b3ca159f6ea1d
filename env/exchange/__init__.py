"""The paper exchange: it fills orders against streamed data by stated rules, never at a price that was not there.

``paper`` is the pure core; ``service`` runs it as a process of its own, with its own journal. The rules, one concept a
file:

* ``resting``: the open orders of one instrument in price-time priority;
* ``bars``, ``quotes``, ``trades``: what an order gets from one bar, quote or public trade;
* ``allocation``: how what is there is shared out;
* ``fees``: what a fill costs;
* ``trading_days``: how long a day order lives.

An order trades only against data that became known after the exchange had it. A bar or a trade must also have begun or
happened at or after that moment: the open of a bar that was under way when the order came is a price of the past.
"""
