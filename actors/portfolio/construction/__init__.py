"""From forecasts to target weights to orders.

``forecast`` says what is expected, ``constraints`` what must hold, ``optimise`` finds target weights, ``bands`` and
``trading`` say how far to trade towards them now, ``rounding`` makes whole lots of them and ``orders`` the trades.
"""
