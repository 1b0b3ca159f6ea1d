import pytest

from actors.messages import TradingState
from actors.risk.controls import StateChange
from tests.serve_apps.api.harness import in_api


def test_risk_is_measured_against_the_limits(tmp_path):
    async def test(api):
        api.book("main", 10, 10_000)
        answer = await api.http.get("/risk/metrics", headers=api.token("read:risk"))
        shown = answer.json()
        assert answer.status_code == 200
        assert (shown["portfolio"], shown["gross_exposure"]) == ("main", "1010.00")
        assert shown["as_of"] == "2024-01-02T14:30:00.123Z"
        assert [measure["confidence"] for measure in shown["measures"]] == [0.95, 0.99]
        assert shown["reason"] and shown["measures"][0]["value_at_risk"] is None
        assert {
            "scenario": "equity -10%",
            "shock": -0.1,
            "shocks": None,
            "profit": "-101.00",
            "equity_after": "999908.50",
            "share_covered": 1.0,
            "not_covered": [],
        } in shown["stress"]
        assert shown["limits"]["maximum_position_notional"]["value"] == "1010.00"
        assert "account" not in shown

    in_api(tmp_path, test)


def test_a_bounded_client_sees_the_trading_states_that_concern_it(tmp_path):
    async def test(api):
        for scope in ("account:one", "account:two", "firm"):
            api.risk.controls.set_state(StateChange(scope, TradingState.HALTED, "desk", "test"))
        headers = api.token("read:risk", portfolios=frozenset({"one"}))
        shown = (await api.http.get("/risk/metrics", headers=headers)).json()
        assert shown["trading_states"] == {"firm": "halted", "account:one": "halted"}

    in_api(tmp_path, test, "one", "two")


@pytest.mark.parametrize(
    ("query", "status"), [("portfolio=nowhere", 404), ("", 422), ("portfolio=", 422), ("account=one", 422)]
)
def test_a_wrong_question_is_refused(tmp_path, query, status):
    async def test(api):
        assert (await api.http.get(f"/risk/metrics?{query}", headers=api.token("read:risk"))).status_code == status

    in_api(tmp_path, test, "one", "two")
