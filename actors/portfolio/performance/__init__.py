"""How well an account has done: returns, drawdowns, ratios with intervals, turnover, exposure, and who earned it.

Everything here is a pure function over arrays, apart from the gathering of the journaled equity samples
(``sampled.py``) and of the books (``instruments.py``). ``report.py`` collects it as one frozen record, ``table.py`` and
``picture.py`` show it.

Returns, weights and ratios are fractions (0.01 is one percent); money is in 1e-8 units where it comes from the books
and in any one unit where a function takes floats; times are UTC nanoseconds. A figure that the data do not give is
``None`` with the reason beside it, never a number.
"""
