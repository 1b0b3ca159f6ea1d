"""How figures are printed, and when a goal counts as met."""

import json

import pytest

from tests.benchmarks.figures import figure


@pytest.mark.parametrize(
    ("value", "options", "ratio", "met"),
    [
        (4.0, {}, None, None),
        (4.0, {"goal": 5}, None, True),
        (5.0, {"goal": 5}, None, True),
        (6.0, {"goal": 5}, None, False),
        (6.0, {"goal": 5, "better": "higher"}, None, True),
        (4.0, {"goal": 5, "better": "higher"}, None, False),
        (4.0, {"reference": 10.0, "goal": 0.5, "better": "higher", "of": "ratio"}, 0.4, False),
        (6.0, {"reference": 10.0, "goal": 0.5, "better": "higher", "of": "ratio"}, 0.6, True),
        (6.0, {"reference": 10.0, "goal": 5, "better": "higher"}, 0.6, True),
        (6.0, {"goal": 0.5, "of": "ratio"}, None, None),
    ],
)
def test_a_goal_is_met_or_not_or_there_is_none(capsys, value, options, ratio, met):
    returned = figure("f", value, "s", **options)
    printed = json.loads(capsys.readouterr().out)
    assert (printed["value"], printed["ratio"], printed["met"]) == (value, ratio, met)
    assert returned is (met is not False)


def test_a_figure_is_one_line_with_five_digits_and_its_notes(capsys):
    figure("f", 123.456789, "MiB", conditions="quiet")
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    line = json.loads(out)
    assert line["value"] == 123.46 and line["conditions"] == "quiet" and line["unit"] == "MiB"
