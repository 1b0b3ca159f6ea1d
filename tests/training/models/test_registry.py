from __future__ import annotations

import json
import pathlib

import pytest

from actors.errors import InputError, NotFound
from tests.training.simulated import panel
from training.models.har import HarModel
from training.models.registry import ModelRegistry, ModelTampered


@pytest.fixture(scope="module")
def models() -> tuple[HarModel, HarModel]:
    return HarModel.fit(panel(1, 200)), HarModel.fit(panel(1, 200, seed=5))


@pytest.fixture
def registry(tmp_path: pathlib.Path) -> ModelRegistry:
    return ModelRegistry(tmp_path / "models")


def test_versions_count_up_and_latest_is_the_newest(registry: ModelRegistry, models: tuple[HarModel, HarModel]) -> None:
    assert [registry.save("har-rv", model).version for model in models] == ["1", "2"]
    latest = registry.load("har-rv")
    assert (latest.version, latest.model) == ("2", models[1])
    assert registry.load("har-rv", "1").model == models[0]
    assert registry.versions("har-rv") == ["1", "2"]
    assert registry.models() == ["har-rv"]


def test_the_same_model_is_not_kept_twice_in_a_row(registry: ModelRegistry, models: tuple[HarModel, HarModel]) -> None:
    first = registry.save("har-rv", models[0])
    assert registry.save("har-rv", models[0]) == first
    assert registry.save("har-rv", models[1]).version == "2"
    assert registry.save("har-rv", models[0]).version == "3"


def test_versions_are_ordered_as_numbers(registry: ModelRegistry, models: tuple[HarModel, HarModel]) -> None:
    for number in range(11):
        registry.save("m", models[number % 2])
    assert registry.versions("m")[-1] == "11"
    (registry.root / "m" / "latest").unlink()
    assert registry.load("m").version == "11"


def test_a_version_that_was_changed_is_refused(registry: ModelRegistry, models: tuple[HarModel, HarModel]) -> None:
    registry.save("m", models[0])
    file = registry.root / "m" / "1.json"
    content = json.loads(file.read_text())
    content["model"]["fits"][0]["coefficients"][1] += 1e-9
    file.write_text(json.dumps(content))
    with pytest.raises(ModelTampered, match="1.json"):
        registry.load("m")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"id": "other", "version": "1", "digest": "", "model": {}}'])
def test_a_version_that_can_not_be_read_is_refused(
    registry: ModelRegistry, models: tuple[HarModel, HarModel], text: str
) -> None:
    registry.save("m", models[0])
    (registry.root / "m" / "1.json").write_text(text)
    with pytest.raises(ModelTampered):
        registry.load("m")


def test_what_is_not_there_is_said_with_what_is(registry: ModelRegistry, models: tuple[HarModel, HarModel]) -> None:
    with pytest.raises(NotFound, match=r"\(none\)"):
        registry.load("m")
    registry.save("m", models[0])
    with pytest.raises(NotFound, match="one of m"):
        registry.load("n")
    with pytest.raises(NotFound, match="1 to 1 or latest"):
        registry.load("m", "2")


@pytest.mark.parametrize("model_id", ["", "../x", "a/b", ".hidden", "x" * 49])
def test_an_id_that_is_no_folder_name_is_refused(
    registry: ModelRegistry, models: tuple[HarModel, HarModel], model_id: str
) -> None:
    with pytest.raises(InputError):
        registry.save(model_id, models[0])
    with pytest.raises(InputError):
        registry.load(model_id)
