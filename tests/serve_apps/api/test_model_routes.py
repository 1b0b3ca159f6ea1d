import pytest

from actors.errors import InputError, Unavailable
from tests.serve_apps.api.harness import in_api


def test_a_prediction_is_the_models_own_answer(tmp_path):
    async def test(api):
        api.prediction = {"model": "har-rv", "values": [[0.1, 0.2]], "made_from": "2024-01-02T00:00:00Z"}
        answer = await api.http.post(
            "/models/har-rv/predict", json={"symbol": "SIM001"}, headers=api.token("read:model")
        )
        assert (answer.status_code, answer.json()) == (200, api.prediction)
        assert api.predicted == [("har-rv", {"symbol": "SIM001"})]

    in_api(tmp_path, test)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InputError("wrong", field="symbol", value="X").describe(), 422, "INPUT_INVALID"),
        (Unavailable("not yet", code="MODEL_NOT_FITTED").describe(), 503, "MODEL_NOT_FITTED"),
        ({"kind": "NotFound", "code": "MODEL_UNKNOWN", "message": "no such model"}, 404, "MODEL_UNKNOWN"),
        ("went away", 503, "MODEL_UNAVAILABLE"),
    ],
)
def test_a_models_error_is_a_problem(tmp_path, error, status, code):
    async def test(api):
        api.prediction = {"error": error}
        answer = await api.http.post("/models/m/predict", json={}, headers=api.token("read:model"))
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    in_api(tmp_path, test)


@pytest.mark.parametrize("content", [b"[]", b"1", b"null", b"", b'{"x": NaN}', b'{"x": 1e999}'])
def test_a_body_that_is_no_object_never_reaches_the_model(tmp_path, content):
    async def test(api):
        headers = {**api.token("read:model"), "Content-Type": "application/json"}
        answer = await api.http.post("/models/m/predict", content=content, headers=headers)
        assert answer.status_code in (400, 422)
        assert api.predicted == []

    in_api(tmp_path, test)
