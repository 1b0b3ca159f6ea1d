"""How a cluster that was started here ends."""

import pathlib

import psutil

from cluster import ray_node
from cluster.ray_node import RayNode, stop_node


class Leaving:
    """A process that ends by itself between the look at it and the kill."""

    pid = 1

    def name(self):
        raise psutil.NoSuchProcess(self.pid)

    def kill(self):
        raise psutil.NoSuchProcess(self.pid)


def test_a_process_that_ends_just_before_it_is_killed_does_not_disturb_the_end(tmp_path, monkeypatch):
    folder = tmp_path / "ray"
    folder.mkdir()
    monkeypatch.setattr(ray_node.ray, "shutdown", lambda: None)
    monkeypatch.setattr(ray_node.psutil, "wait_procs", lambda processes, timeout: ([], [Leaving()]))
    stop_node(RayNode("127.0.0.1:1", None, False, pathlib.Path("token"), folder))
    assert not folder.exists()
