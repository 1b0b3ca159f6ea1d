from __future__ import annotations

import threading
from typing import Any

import pytest

from actors import runtime
from actors.metrics import Metrics


class Exported:
    """Stands for Ray's counters and gauges and keeps what they are told."""

    numbers: dict[str, float] = {}

    def __init__(self, name: str, description: str, tag_keys: tuple[str, ...]) -> None:
        self.name = name
        assert description and tag_keys == ("actor",)

    def inc(self, by: float, tags: dict[str, str]) -> None:
        key = f"{tags['actor']}/{self.name}"
        self.numbers[key] = self.numbers.get(key, 0) + by

    def set(self, number: float, tags: dict[str, str]) -> None:
        self.numbers[f"{tags['actor']}/{self.name}"] = number


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    numbers: dict[str, float] = {}
    monkeypatch.setattr(Exported, "numbers", numbers)
    monkeypatch.setattr(runtime, "Counter", Exported)
    monkeypatch.setattr(runtime, "Gauge", Exported)
    return numbers


def test_counters_are_exported_by_what_they_grew_and_all_else_as_it_is(exported: dict[str, float]) -> None:
    metrics, exporter = Metrics(), runtime.RayMetrics("api")
    metrics.count("requests_total", 3)
    metrics.gauge("queue_length", 5)
    metrics.observe("request_seconds", 1_000)
    exporter.publish(metrics)
    metrics.count("requests_total")
    metrics.gauge("queue_length", 2)
    exporter.publish(metrics)
    exporter.publish(metrics)
    assert exported == {
        "api/alphamind_requests_total": 4,
        "api/alphamind_queue_length": 2,
        "api/alphamind_request_seconds_p50": 1e-6,
        "api/alphamind_request_seconds_p99": 1e-6,
    }


def test_what_is_no_service_is_exported_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    published: list[Any] = []
    twice, release = threading.Event(), threading.Event()

    def publish(exporter: runtime.RayMetrics, metrics: Metrics) -> None:
        published.append(metrics)
        if len(published) == 2:
            twice.set()
            release.wait()

    monkeypatch.setattr(runtime, "PUBLISH_SECONDS", 0.001)
    monkeypatch.setattr(runtime.RayMetrics, "publish", publish)
    metrics = Metrics()
    runtime.publish_in_background("models", metrics)
    assert twice.wait(10) and published == [metrics, metrics]
