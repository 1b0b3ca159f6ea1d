"""Reports as the actors give them, for tests of what is made of them."""


def good_health():
    account = {
        "account": "main",
        "currency": "USD",
        "cash": "900000.00",
        "equity": "1000100.50",
        "profit": "100.50",
        "positions": [
            {"symbol": "SPY", "quantity": "10", "price": "450.25", "market_value": "4502.50", "unrealised": "-1.25"},
            {"symbol": "NEW", "quantity": "1", "price": None, "market_value": None, "unrealised": None},
        ],
    }
    measure = {"confidence": 0.95, "value_at_risk": "1234.50", "expected_shortfall": "2000.00"}
    statuses = {
        "market-0": {"ticks": 60, "quarantined": {"duplicate": 2}, "gaps": 1, "sequence": 9, "ticks_per_second": 5.5},
        "market-1": {"ticks": 40, "quarantined": {"duplicate": 1}, "gaps": 0, "sequence": 9, "ticks_per_second": 4.5},
        "oms-0": {"orders": 7, "rejected": 1, "fills": 5},
        "venue": {"open_orders": 1},
        "portfolio": {"accounts": [account]},
        "risk": {"accounts": [{"account": "main", "measures": [measure], "horizon": {"usual_seconds": 1800.0}}]},
        "strategy": {
            "strategies": {"s": {"state": "running", "orders": 7, "open_orders": 1}},
            "forecaster": {
                "model": "har-rv",
                "state": "MODEL_NOT_FITTED",
                "problem": "120 observations",
                "version": "",
            },
        },
        "feed": {"state": "running", "time": 1_700_000_000 * 10**9},
    }
    return {
        name: {"name": name, "pid": 1, "ready": True, "failure": None, "status": status, "metrics": {}}
        for name, status in statuses.items()
    }
