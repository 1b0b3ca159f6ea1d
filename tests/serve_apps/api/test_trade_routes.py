import pytest

from actors.errors import AlphaMindError
from actors.messages import CancelOrders, Conditions, OrderStatus, ReplaceOrder, Stage
from actors.oms.gate import Refusal
from actors.refusals import REFUSALS
from configs.schema import OmsSection
from serve_apps.api.problems import problem_response, status_of
from tests.serve_apps.api.harness import MARKET_ORDER, in_api

ALL = ("write:trade", "read:portfolio")
LIMIT_ORDER = {**MARKET_ORDER, "type": "limit", "limit_price": "101.25", "time_in_force": "gtc"}


def test_an_order_is_taken_and_shown_as_clients_know_orders(tmp_path):
    async def test(api):
        answer = await api.http.post("/trades", json={**LIMIT_ORDER, "client_order_id": "a-1"}, headers=api.token(*ALL))
        assert answer.status_code == 201
        assert answer.json() == {
            "id": "0-1",
            "client_order_id": "a-1",
            "portfolio": "main",
            "strategy": "manual",
            "symbol": "SIM001",
            "side": "buy",
            "type": "limit",
            "time_in_force": "gtc",
            "qty": "10",
            "limit_price": "101.25",
            "stop_price": None,
            "trail_price": None,
            "trail_percent": None,
            "peg": None,
            "peg_offset": None,
            "display_qty": None,
            "post_only": False,
            "reduce_only": False,
            "expire_time": None,
            "status": "pending_new",
            "stage": "working",
            "emulated": [],
            "trigger_price": None,
            "filled_qty": "0",
            "filled_avg_price": None,
            "order_class": "simple",
            "list_id": None,
            "legs": None,
            "replacement_id": None,
            "submitted_at": "2024-01-02T14:30:00.123Z",
            "updated_at": "2024-01-02T14:30:00.123Z",
            "reject_code": None,
            "reject_reason": None,
        }
        assert answer.headers["Location"] == "/trades/a-1?portfolio=main"
        found = await api.http.get(answer.headers["Location"], headers=api.token(*ALL))
        assert found.json() == answer.json()
        order = api.oms.orders["main", "a-1"]
        assert (order.quantity, order.limit_price, order.principal) == (10, 10125, "desk-1")

    in_api(tmp_path, test)


def test_the_average_price_is_that_of_all_fills(tmp_path):
    async def test(api):
        await api.http.post("/trades", json={**MARKET_ORDER, "client_order_id": "a"}, headers=api.token(*ALL))
        order = api.oms.orders["main", "a"]
        api.oms.change(order, status=OrderStatus.PARTIALLY_FILLED, filled_quantity=3, filled_value=10_000 + 2 * 10_001)
        found = (await api.http.get("/trades/a", headers=api.token(*ALL))).json()
        assert (found["filled_qty"], found["filled_avg_price"], found["status"]) == (
            "3",
            "100.00666667",
            "partially_filled",
        )

    in_api(tmp_path, test)


def test_an_order_without_a_key_gets_one(tmp_path):
    async def test(api):
        keys = set()
        for _ in range(2):
            answer = await api.http.post("/trades", json=MARKET_ORDER, headers=api.token(*ALL))
            assert answer.status_code == 201
            keys.add(answer.json()["client_order_id"])
        assert len(keys) == 2 and len(api.oms.orders) == 2
        assert api.oms.asked == ["submit", "submit"]

    in_api(tmp_path, test)


@pytest.mark.parametrize(
    ("body", "headers", "key"),
    [
        ({"client_order_id": "k-1"}, {}, "k-1"),
        ({}, {"Idempotency-Key": "k-2"}, "k-2"),
        ({}, {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}, "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        ({"client_order_id": "k-3"}, {"Idempotency-Key": "other"}, "k-3"),
    ],
)
def test_a_repeated_order_is_the_same_order(tmp_path, body, headers, key):
    async def test(api):
        send = {"json": {**MARKET_ORDER, **body}, "headers": {**api.token(*ALL), **headers}}
        first = await api.http.post("/trades", **send)
        again = await api.http.post("/trades", **send)
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json() and first.json()["client_order_id"] == key
        assert len(api.oms.orders) == 1

    in_api(tmp_path, test)


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        ({"qty": "11"}, "qty", "10, as in the first order"),
        ({"symbol": "BTC"}, "symbol", "SIM001, as in the first order"),
        ({"side": "sell"}, "side", "buy, as in the first order"),
        ({"time_in_force": "gtc"}, "time_in_force", "day, as in the first order"),
        ({"type": "limit", "limit_price": "1"}, "type", "market, as in the first order"),
        ({"reduce_only": True}, "reduce_only", "false, as in the first order"),
        ({"display_qty": "1"}, "display_qty", "none, as in the first order"),
    ],
)
def test_another_order_under_a_known_key_is_a_conflict_that_shows_the_first(tmp_path, change, field, rule):
    async def test(api):
        order = {**MARKET_ORDER, "client_order_id": "a-1"}
        await api.http.post("/trades", json=order, headers=api.token(*ALL))
        answer = await api.http.post("/trades", json={**order, **change}, headers=api.token(*ALL))
        problem = answer.json()
        assert answer.status_code == problem["status"] == 409
        assert (problem["code"], problem["rule"]) == ("CLIENT_ORDER_ID_REUSED", rule)
        assert (problem["field"], problem["value"]) == (field, str(change[field])) or field == "symbol"
        assert problem["order"]["client_order_id"] == "a-1" and problem["order"]["qty"] == "10"
        assert len(api.oms.orders) == 1

    in_api(tmp_path, test)


def test_another_clients_order_under_the_same_key_is_a_conflict(tmp_path):
    async def test(api):
        order = {**MARKET_ORDER, "client_order_id": "a-1"}
        await api.http.post("/trades", json=order, headers=api.token(*ALL))
        api.oms.change(api.oms.orders["main", "a-1"], principal="desk-2")
        problem = (await api.http.post("/trades", json=order, headers=api.token(*ALL))).json()
        assert (problem["status"], problem["field"]) == (409, "principal")
        assert "desk-2" not in str(problem)

    in_api(tmp_path, test)


TYPES = [
    ({"type": "stop", "stop_price": "95"}, {"stop_price": 9500}),
    ({"type": "stop_limit", "stop_price": "95", "limit_price": "94.5"}, {"stop_price": 9500}),
    ({"type": "trailing_stop", "trail_price": "1.25"}, {"trail_amount": 125}),
    ({"type": "trailing_stop", "trail_percent": "2.5"}, {"trail_rate": 2_500_000}),
    ({"type": "trailing_stop", "trail_percent": "0.000001"}, {"trail_rate": 1}),
    ({"type": "market_if_touched", "stop_price": "95"}, {"stop_price": 9500}),
    ({"type": "limit_if_touched", "stop_price": "95", "limit_price": "95.01"}, {"stop_price": 9500}),
    ({"type": "pegged", "peg": "mid"}, {"peg": "mid"}),
    ({"type": "pegged", "peg": "best", "peg_offset": "-0.02"}, {"peg": "best", "peg_offset": -2}),
    ({"type": "limit", "limit_price": "100", "display_qty": "2"}, {"display_quantity": 2}),
    ({"type": "limit", "limit_price": "100", "post_only": True}, {"post_only": True}),
    ({"reduce_only": True}, {"reduce_only": True}),
    (
        {"time_in_force": "gtd", "expire_time": "2024-03-28T20:00:00.000000001Z"},
        {"expire_time": 1_711_656_000_000_000_001},
    ),
    ({"time_in_force": "opg"}, {}),
    ({"time_in_force": "cls"}, {}),
]


def test_every_type_is_taken_and_shown_in_the_clients_words(tmp_path):
    async def test(api):
        for number, (change, conditions) in enumerate(TYPES):
            order = {**MARKET_ORDER, "client_order_id": f"a-{number}", **change}
            answer = await api.http.post("/trades", json=order, headers=api.token(*ALL))
            assert answer.status_code == 201, change
            taken, shown = api.oms.orders["main", f"a-{number}"], answer.json()
            assert taken.conditions == (Conditions(**conditions) if conditions else None), change
            for name, value in change.items():
                wanted = f"{float(value):.2f}" if name.endswith("_price") or name == "peg_offset" else value
                assert shown[name] == wanted, change
            assert (shown["order_class"], shown["legs"]) == ("simple", None)

    in_api(tmp_path, test)


def test_what_is_done_here_and_where_an_order_is_are_shown(tmp_path):
    async def test(api):
        await api.http.post("/trades", json={**MARKET_ORDER, "client_order_id": "a"}, headers=api.token(*ALL))
        api.oms.change(
            api.oms.orders["main", "a"], stage=Stage.WATCHING, emulated=("trailing_stop", "gtd"), trigger_price=9750
        )
        found = (await api.http.get("/trades/a", headers=api.token(*ALL))).json()
        assert (found["stage"], found["emulated"]) == ("watching", ["trailing_stop", "gtd"])
        assert found["trigger_price"] == "97.50"

    in_api(tmp_path, test)


BRACKET = {
    **LIMIT_ORDER,
    "client_order_id": "a-1",
    "order_class": "bracket",
    "take_profit": {"limit_price": "110"},
    "stop_loss": {"stop_price": "95", "limit_price": "94.50"},
}


def test_a_bracket_is_one_request_and_three_orders(tmp_path):
    async def test(api):
        answer = await api.http.post("/trades", json=BRACKET, headers=api.token(*ALL))
        assert answer.status_code == 201 and answer.headers["Location"] == "/trades/a-1?portfolio=main"
        entry = answer.json()
        profit, loss = entry["legs"]
        assert [one["client_order_id"] for one in (entry, profit, loss)] == ["a-1", "a-1.take_profit", "a-1.stop_loss"]
        assert [one["side"] for one in (entry, profit, loss)] == ["buy", "sell", "sell"]
        assert [one["type"] for one in (entry, profit, loss)] == ["limit", "limit", "stop_limit"]
        assert (profit["limit_price"], loss["stop_price"], loss["limit_price"]) == ("110.00", "95.00", "94.50")
        assert {(one["order_class"], one["list_id"]) for one in (entry, profit, loss)} == {("bracket", "a-1")}
        again = await api.http.post("/trades", json=BRACKET, headers=api.token(*ALL))
        assert (again.status_code, again.json()) == (200, entry) and len(api.oms.orders) == 3
        other = await api.http.post("/trades", json={**BRACKET, "qty": "11"}, headers=api.token(*ALL))
        assert (other.status_code, other.json()["code"]) == (409, "CLIENT_ORDER_ID_REUSED")
        found = (await api.http.get("/trades/a-1.stop_loss", headers=api.token(*ALL))).json()
        assert found == loss

    in_api(tmp_path, test)


def test_exits_without_an_entry_cancel_one_another(tmp_path):
    async def test(api):
        order = {key: value for key, value in BRACKET.items() if key != "limit_price"}
        answer = await api.http.post(
            "/trades", json={**order, "order_class": "oco", "side": "sell"}, headers=api.token(*ALL)
        )
        assert answer.status_code == 201
        profit, (loss,) = answer.json(), answer.json()["legs"]
        assert (profit["client_order_id"], loss["client_order_id"]) == ("a-1", "a-1.stop_loss")
        assert (profit["side"], profit["limit_price"], loss["side"]) == ("sell", "110.00", "sell")
        assert api.oms.lists["main", "a-1"].contingency == "oco"

    in_api(tmp_path, test)


def test_a_refused_list_answers_with_the_order_at_fault(tmp_path):
    async def test(api):
        api.oms.refuse_with = "POSITION_LIMIT"
        answer = await api.http.post("/trades", json=BRACKET, headers=api.token(*ALL))
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["value"]) == (422, "POSITION_LIMIT", "a-1.stop_loss")
        assert [leg["reject_code"] for leg in problem["order"]["legs"]] == ["LIST_REFUSED", "POSITION_LIMIT"]

    in_api(tmp_path, test)


CHANGES = [
    ({"qty": "20"}, {"quantity": 20}),
    ({"limit_price": "99.5", "stop_price": "100"}, {"limit_price": 9950, "stop_price": 10000}),
    ({"trail_price": "2"}, {"trail_amount": 200}),
    ({"trail_percent": "1"}, {"trail_rate": 1_000_000}),
    ({"display_qty": "5", "expire_time": "2024-03-28T20:00:00Z"}, {
        "display_quantity": 5, "expire_time": 1_711_656_000_000_000_000
    }),
]  # fmt: skip


def test_an_order_is_changed_once_the_venue_says_so(tmp_path):
    async def test(api):
        for number, (change, terms) in enumerate(CHANGES):
            key, order_key = f"b-{number}", f"a-{number}"
            await api.http.post("/trades", json={**LIMIT_ORDER, "client_order_id": order_key}, headers=api.token(*ALL))
            send = {"json": {**change, "client_order_id": key}, "headers": api.token(*ALL)}
            asked = await api.http.patch(f"/trades/{order_key}", **send)
            assert (asked.status_code, asked.json()["status"]) == (202, "pending_replace"), change
            assert api.oms.replaced == ReplaceOrder(
                account="main", client_order_id=order_key, replacement_id=key, principal="desk-1", **terms
            )
            done = await api.http.patch(f"/trades/{order_key}", **send)
            assert (done.status_code, done.json()["status"], done.json()["replacement_id"]) == (200, "new", key)

    in_api(tmp_path, test)


def test_a_change_without_a_key_gets_one(tmp_path):
    async def test(api):
        await api.http.post("/trades", json={**LIMIT_ORDER, "client_order_id": "a"}, headers=api.token(*ALL))
        await api.http.patch("/trades/a", json={"qty": "20"}, headers={**api.token(*ALL), "Idempotency-Key": "k"})
        assert api.oms.replaced.replacement_id == "k"
        await api.http.patch("/trades/a", json={"qty": "20"}, headers=api.token(*ALL))
        assert api.oms.replaced.replacement_id.startswith("api-")

    in_api(tmp_path, test)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({}, "body"),
        ({"client_order_id": "a2"}, "body"),
        ({"trail_price": "1", "trail_percent": "1"}, "body"),
        ({"qty": "0"}, "qty"),
        ({"qty": "1.5"}, "qty"),
        ({"limit_price": "100.001"}, "limit_price"),
        ({"side": "sell"}, "side"),
        ({"qty": "1", "client_order_id": "a b"}, "client_order_id"),
    ],
    ids=str,
)
def test_a_bad_change_is_refused_by_field_and_never_reaches_the_oms(tmp_path, change, field):
    async def test(api):
        await api.http.post("/trades", json={**LIMIT_ORDER, "client_order_id": "a"}, headers=api.token(*ALL))
        answer = await api.http.patch("/trades/a", json=change, headers=api.token(*ALL))
        assert (answer.status_code, answer.json()["field"]) == (422, field)
        assert "replace" not in api.oms.asked

    in_api(tmp_path, test)


def test_a_change_that_is_refused_leaves_the_order_and_says_what_would_be_accepted(tmp_path):
    async def test(api):
        await api.http.post("/trades", json={**LIMIT_ORDER, "client_order_id": "a"}, headers=api.token(*ALL))
        api.oms.refuse_with = "BUYING_POWER"
        api.oms.refusal_text = Refusal("", "no cash", "quantity", "2025.00", "1000.00", "quantity up to 9").text
        answer = await api.http.patch("/trades/a", json={"qty": "20"}, headers=api.token(*ALL))
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["detail"]) == (422, "BUYING_POWER", "no cash")
        assert (problem["field"], problem["value"], problem["rule"]) == ("qty", "2025.00", "1000.00")
        assert problem["remedy"] == "quantity up to 9; ask for it under a new client_order_id"
        assert (problem["order"]["qty"], problem["order"]["status"]) == ("10", "pending_new")
        api.oms.change(api.oms.orders["main", "a"], status=OrderStatus.FILLED)
        closed = await api.http.patch("/trades/a", json={"qty": "20"}, headers=api.token(*ALL))
        assert (closed.status_code, closed.json()["code"]) == (409, "ORDER_CLOSED")

    in_api(tmp_path, test)


def test_all_open_orders_that_fit_are_canceled(tmp_path):
    async def test(api):
        for key, side in (("a", "buy"), ("b", "sell"), ("c", "buy")):
            order = {**MARKET_ORDER, "client_order_id": key, "side": side}
            await api.http.post("/trades", json=order, headers=api.token(*ALL))
        query = {"side": "sell", "symbol": "BTC", "strategy": "manual", "reason": "lunch"}
        answer = await api.http.delete("/trades", params=query, headers=api.token(*ALL))
        assert (answer.status_code, answer.json()) == (202, {"portfolio": "main", "canceled": ["0-2"]})
        assert api.oms.mass_cancels == [
            CancelOrders(
                account="main", strategy="manual", instrument=1, side="sell", principal="desk-1", reason="lunch"
            )
        ]
        rest = await api.http.delete("/trades", headers=api.token(*ALL))
        assert rest.json()["canceled"] == ["0-1", "0-3"]
        assert (await api.http.delete("/trades", headers=api.token(*ALL))).json()["canceled"] == []

    in_api(tmp_path, test)


@pytest.mark.parametrize(
    ("query", "field"), [("symbol=NOPE", "symbol"), ("side=both", "side"), ("instrument=1", "instrument")]
)
def test_a_wrong_filter_cancels_nothing(tmp_path, query, field):
    async def test(api):
        answer = await api.http.delete(f"/trades?{query}", headers=api.token(*ALL))
        assert (answer.status_code, answer.json()["field"]) == (422, field)
        assert api.oms.asked == []
        reader = await api.http.delete("/trades", headers=api.token("read:portfolio"))
        assert (reader.status_code, reader.json()["code"]) == (403, "SCOPE_MISSING")

    in_api(tmp_path, test)


@pytest.mark.parametrize("row", REFUSALS.values(), ids=list(REFUSALS))
def test_every_refusal_of_the_table_answers_with_its_status(row):
    error = AlphaMindError("refused", code=row.code)
    assert status_of(error) == row.http_status
    assert problem_response("id", error).status_code == row.http_status


def test_a_refusal_says_which_field_held_what_against_which_limit_and_what_would_be_accepted(tmp_path):
    async def test(api):
        api.oms.refuse_with = "TRADING_HALTED"
        api.oms.refusal_text = Refusal("", "halted", "account", "halted", "active", "cancels only").text
        order = {**MARKET_ORDER, "client_order_id": "a-1"}
        answer = await api.http.post("/trades", json=order, headers=api.token(*ALL))
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["detail"]) == (409, "TRADING_HALTED", "halted")
        assert (problem["field"], problem["value"], problem["rule"]) == ("portfolio", "halted", "active")
        assert problem["remedy"] == "cancels only; send it under a new client_order_id"

    in_api(tmp_path, test)


def test_an_order_that_the_gate_refuses_answers_its_code_and_the_order(tmp_path):
    async def test(api):
        api.oms.refuse_with = "ORDER_NOTIONAL_EXCEEDED"
        order = {**MARKET_ORDER, "client_order_id": "a-1"}
        for _ in range(2):
            answer = await api.http.post("/trades", json=order, headers=api.token(*ALL))
            problem = answer.json()
            assert answer.status_code == 422 and answer.headers["content-type"] == "application/problem+json"
            assert (problem["code"], problem["detail"]) == ("ORDER_NOTIONAL_EXCEEDED", "the order is too large")
            assert problem["order"]["status"] == "rejected"
            assert problem["order"]["reject_code"] == "ORDER_NOTIONAL_EXCEEDED"

    in_api(tmp_path, test)


BAD_ORDERS = [
    ({"qty": "0"}, "qty"),
    ({"qty": "-1"}, "qty"),
    ({"qty": "1.5"}, "qty"),
    ({"qty": "1e3"}, "qty"),
    ({"qty": "NaN"}, "qty"),
    ({"qty": "Infinity"}, "qty"),
    ({"qty": ""}, "qty"),
    ({"qty": " 1"}, "qty"),
    ({"qty": "١"}, "qty"),
    ({"qty": 10}, "qty"),
    ({"qty": 10.0}, "qty"),
    ({"qty": None}, "qty"),
    ({"qty": True}, "qty"),
    ({"qty": []}, "qty"),
    ({"qty": "9" * 18}, "qty"),
    ({"qty": "9" * 5000}, "qty"),
    ({"side": "BUY"}, "side"),
    ({"side": "hold"}, "side"),
    ({"type": "iceberg"}, "type"),
    ({"time_in_force": "gtx"}, "time_in_force"),
    ({"type": "limit"}, "body"),
    ({"limit_price": "100"}, "body"),
    ({"type": "stop"}, "body"),
    ({"type": "stop", "stop_price": "1", "limit_price": "1"}, "body"),
    ({"type": "stop_limit", "stop_price": "1"}, "body"),
    ({"type": "trailing_stop"}, "body"),
    ({"type": "trailing_stop", "trail_price": "1", "trail_percent": "1"}, "body"),
    ({"type": "trailing_stop", "trail_percent": "100"}, "trail_percent"),
    ({"type": "trailing_stop", "trail_percent": "0.0"}, "trail_percent"),
    ({"type": "trailing_stop", "trail_price": "0.001"}, "trail_price"),
    ({"type": "pegged"}, "body"),
    ({"type": "pegged", "peg": "last"}, "peg"),
    ({"type": "pegged", "peg": "mid", "peg_offset": "0.001"}, "peg_offset"),
    ({"type": "limit_if_touched", "limit_price": "1"}, "body"),
    ({"time_in_force": "gtd"}, "body"),
    ({"expire_time": "2024-03-28T20:00:00Z"}, "body"),
    ({"time_in_force": "gtd", "expire_time": "tomorrow"}, "expire_time"),
    ({"time_in_force": "gtd", "expire_time": "2024-02-30T20:00:00Z"}, "expire_time"),
    ({"display_qty": "0"}, "display_qty"),
    ({"post_only": "perhaps"}, "post_only"),
    ({"order_class": "pair"}, "order_class"),
    ({"order_class": "bracket"}, "body"),
    ({"order_class": "bracket", "take_profit": {"limit_price": "1"}}, "body"),
    ({"order_class": "oto", "take_profit": {"limit_price": "1"}, "stop_loss": {"stop_price": "1"}}, "body"),
    ({"order_class": "oco", "take_profit": {"limit_price": "1"}, "stop_loss": {"stop_price": "1"}}, "body"),
    ({"take_profit": {"limit_price": "1"}}, "body"),
    ({"order_class": "oto", "take_profit": {"price": "1"}}, "take_profit.limit_price"),
    ({"order_class": "oto", "take_profit": {"limit_price": "0.001"}}, "take_profit.limit_price"),
    (
        {"order_class": "bracket", "take_profit": {"limit_price": "1"}, "stop_loss": {"stop_price": "2"}},
        "take_profit",
    ),
    (
        {"order_class": "oto", "take_profit": {"limit_price": "1"}, "client_order_id": "a" * 37},
        "client_order_id",
    ),
    ({"type": "limit", "limit_price": "0"}, "limit_price"),
    ({"type": "limit", "limit_price": "100.001"}, "limit_price"),
    ({"type": "limit", "limit_price": "100000000000000000"}, "limit_price"),
    ({"type": "limit", "limit_price": 100.25}, "limit_price"),
    ({"symbol": "NOPE"}, "symbol"),
    ({"symbol": ""}, "symbol"),
    ({"symbol": "S" * 33}, "symbol"),
    ({"symbol": "S\u0000"}, "symbol"),
    ({"symbol": "🙂"}, "symbol"),
    ({"symbol": {"$ne": 1}}, "symbol"),
    ({"client_order_id": ""}, "client_order_id"),
    ({"client_order_id": "a" * 49}, "client_order_id"),
    ({"client_order_id": "a b"}, "client_order_id"),
    ({"client_order_id": "ä"}, "client_order_id"),
    ({"client_order_id": "a\n"}, "client_order_id"),
    ({"client_order_id": "../x"}, "client_order_id"),
    ({"client_order_id": 1}, "client_order_id"),
    ({"portfolio": ""}, "portfolio"),
    ({"portfolio": 1}, "portfolio"),
    ({"notional": "100"}, "notional"),
    ({"Qty": "1"}, "Qty"),
    ({"strategy": "volatility-target"}, "strategy"),
    ({"principal": "admin"}, "principal"),
]


@pytest.mark.parametrize(("change", "field"), BAD_ORDERS, ids=str)
def test_a_bad_order_is_refused_by_field_and_never_reaches_the_oms(tmp_path, change, field):
    async def test(api):
        answer = await api.http.post("/trades", json={**MARKET_ORDER, **change}, headers=api.token(*ALL))
        problem = answer.json()
        assert answer.status_code == problem["status"] == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["field"] == field
        assert problem["request_id"] == answer.headers["x-request-id"] and problem["rule"]
        assert len(problem.get("value", "")) <= 200
        assert api.oms.asked == []

    in_api(tmp_path, test)


@pytest.mark.parametrize("missing", ["symbol", "qty", "side", "type"])
def test_a_missing_field_is_named(tmp_path, missing):
    async def test(api):
        order = {name: value for name, value in MARKET_ORDER.items() if name != missing}
        problem = (await api.http.post("/trades", json=order, headers=api.token(*ALL))).json()
        assert (problem["status"], problem["field"], problem["rule"]) == (422, missing, "required")

    in_api(tmp_path, test)


@pytest.mark.parametrize("key", ["", "a b", "é", '"', "a" * 49, '""'])
def test_an_idempotency_key_that_is_no_key_is_refused(tmp_path, key):
    async def test(api):
        headers = {**api.token(*ALL), "Idempotency-Key": key.encode("latin-1")}
        problem = (await api.http.post("/trades", json=MARKET_ORDER, headers=headers)).json()
        assert (problem["status"], problem["field"]) == (422, "Idempotency-Key")
        assert api.oms.asked == []

    in_api(tmp_path, test)


def test_a_wrong_symbol_gets_the_nearest_right_one(tmp_path):
    async def test(api):
        problem = (
            await api.http.post("/trades", json={**MARKET_ORDER, "symbol": "SIM01"}, headers=api.token(*ALL))
        ).json()
        assert (problem["code"], problem["remedy"]) == ("SYMBOL_UNKNOWN", "did you mean SIM001?")

    in_api(tmp_path, test)


def test_the_portfolio_may_be_left_out_only_where_there_is_one(tmp_path):
    async def test(api):
        refused = await api.http.post("/trades", json=MARKET_ORDER, headers=api.token(*ALL))
        problem = refused.json()
        assert (problem["status"], problem["code"], problem["remedy"]) == (422, "PORTFOLIO_REQUIRED", "one of one, two")
        bounded = api.token(*ALL, portfolios=frozenset({"two"}))
        taken = await api.http.post("/trades", json=MARKET_ORDER, headers=bounded)
        assert taken.json()["portfolio"] == "two"
        named = await api.http.post("/trades", json={**MARKET_ORDER, "portfolio": "one"}, headers=api.token(*ALL))
        assert named.json()["portfolio"] == "one"

    in_api(tmp_path, test, "one", "two")


@pytest.mark.parametrize("portfolio", ["two", "nowhere"])
def test_another_clients_portfolio_does_not_exist(tmp_path, portfolio):
    async def test(api):
        headers = api.token(*ALL, portfolios=frozenset({"one"}))
        answers = [
            await api.http.post("/trades", json={**MARKET_ORDER, "portfolio": portfolio}, headers=headers),
            await api.http.get("/trades", params={"portfolio": portfolio}, headers=headers),
            await api.http.get("/trades/a", params={"portfolio": portfolio}, headers=headers),
            await api.http.delete("/trades/a", params={"portfolio": portfolio}, headers=headers),
        ]
        for answer in answers:
            assert (answer.status_code, answer.json()["code"]) == (404, "PORTFOLIO_NOT_FOUND")
        assert all(shard.asked == [] for shard in api.shards)

    in_api(tmp_path, test, "one", "two")


def test_a_client_bounded_to_nothing_sees_nothing(tmp_path):
    async def test(api):
        answer = await api.http.get("/trades", headers=api.token(*ALL, portfolios=frozenset()))
        assert (answer.status_code, answer.json()["code"]) == (422, "PORTFOLIO_REQUIRED")

    in_api(tmp_path, test)


def test_orders_go_to_the_shard_of_their_portfolio(tmp_path):
    async def test(api):
        for account in ("a", "b", "c", "d", "e", "f"):
            order = {**MARKET_ORDER, "portfolio": account, "client_order_id": "x"}
            assert (await api.http.post("/trades", json=order, headers=api.token(*ALL))).status_code == 201
        import zlib

        for shard, oms in enumerate(api.shards):
            assert all(zlib.crc32(account.encode()) % 16 % 3 == shard for account, _ in oms.orders)
        assert sum(len(oms.orders) for oms in api.shards) == 6

    in_api(tmp_path, test, "a", "b", "c", "d", "e", "f", oms=OmsSection(shards=3))


def test_orders_are_listed_newest_first(tmp_path):
    async def test(api):
        for key in ("a", "b", "c"):
            await api.http.post("/trades", json={**MARKET_ORDER, "client_order_id": key}, headers=api.token(*ALL))
        api.oms.change(api.oms.orders["main", "b"], status=OrderStatus.FILLED)

        async def keys(**parameters):
            answer = await api.http.get("/trades", params=parameters, headers=api.token(*ALL))
            assert answer.json()["portfolio"] == "main"
            return [trade["client_order_id"] for trade in answer.json()["trades"]]

        assert await keys() == ["c", "b", "a"]
        assert await keys(open="true") == ["c", "a"]
        assert await keys(limit=1, portfolio="main") == ["c"]

    in_api(tmp_path, test)


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=x", "limit"), ("open=maybe", "open"), ("portfolo=main", "portfolo")],
)
def test_a_wrong_query_is_refused(tmp_path, query, field):
    async def test(api):
        answer = await api.http.get(f"/trades?{query}", headers=api.token(*ALL))
        assert (answer.status_code, answer.json()["field"]) == (422, field)

    in_api(tmp_path, test)


def test_an_order_is_canceled_once_the_venue_says_so(tmp_path):
    async def test(api):
        await api.http.post("/trades", json={**MARKET_ORDER, "client_order_id": "a"}, headers=api.token(*ALL))
        asked = await api.http.delete("/trades/a", headers=api.token(*ALL))
        assert (asked.status_code, asked.json()["status"]) == (202, "pending_cancel")
        done = await api.http.delete("/trades/a", headers=api.token(*ALL))
        assert (done.status_code, done.json()["status"]) == (200, "canceled")

    in_api(tmp_path, test)


def test_a_filled_order_cannot_be_canceled(tmp_path):
    async def test(api):
        await api.http.post("/trades", json={**MARKET_ORDER, "client_order_id": "a"}, headers=api.token(*ALL))
        api.oms.change(api.oms.orders["main", "a"], status=OrderStatus.FILLED)
        answer = await api.http.delete("/trades/a", headers=api.token(*ALL))
        assert (answer.status_code, answer.json()["code"]) == (409, "ORDER_CLOSED")

    in_api(tmp_path, test)


@pytest.mark.parametrize("key", ["nope", "🙂", "a%00b", "%20", "a" * 128])
def test_an_unknown_order_is_not_found(tmp_path, key):
    async def test(api):
        for method, body in (("GET", None), ("DELETE", None), ("PATCH", {"qty": "1"})):
            answer = await api.http.request(method, f"/trades/{key}", json=body, headers=api.token(*ALL))
            assert (answer.status_code, answer.json()["code"]) == (404, "ORDER_NOT_FOUND")

    in_api(tmp_path, test)
