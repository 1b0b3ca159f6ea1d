from __future__ import annotations

import ast
import pathlib
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import errors
from actors.errors import AlphaMindError, ConfigurationError, DataError, ResourcesShort
from actors.oms.gate import CHECKS, Moment, Refusal
from actors.refusals import ALARMS, ENDINGS, REFUSALS, RefusalText, read_refusal_text, refusal_code, render

ROOT = pathlib.Path(__file__).parent.parent.parent
ORDER_PATH = (
    "actors/client.py",
    "actors/errors.py",
    "actors/oms/**/*.py",
    "actors/order_*.py",
    "actors/strategy/commands.py",
    "actors/strategy/desk.py",
    "actors/strategy/submission.py",
    "actors/wire/**/*.py",
    "env/exchange/**/*.py",
    "serve_apps/api/backends.py",
    "serve_apps/api/bearer.py",
    "serve_apps/api/edge.py",
    "serve_apps/api/trade_*.py",
)
OF_ANOTHER_PATH = {
    ConfigurationError.default_code: "no order can cause it",
    DataError.default_code: "no order can cause it",
    ResourcesShort.default_code: "no order can cause it",
    "SLICE_NOT_RETAINED": "a follower of the market is told to begin from the snapshot",
}
_CODE = re.compile(r"(?!ALPHAMIND_)(?:[A-Z]+(?:_[A-Z]+)+|[A-Z]{4,})")
"""How a code is spelled, also one of a single word; the variables of the environment have a prefix."""


def codes_in(source: str) -> Iterator[str]:
    """Yield every text in a module that is spelled as a code, wherever it stands but in ``__all__``."""
    tree = ast.parse(source)
    exports = {
        id(name)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and any(getattr(target, "id", "") == "__all__" for target in node.targets)
        for name in ast.walk(node.value)
    }
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if id(node) in exports or id(node) in parts:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
            yield node.value


def modules() -> Iterator[tuple[str, str]]:
    for pattern in ORDER_PATH:
        found = sorted(ROOT.glob(pattern))
        assert found, pattern
        yield from ((str(path.relative_to(ROOT)), path.read_text()) for path in found)


def test_a_code_is_found_however_it_is_raised() -> None:
    source = """
FENCED = "A_ONE"
raise X("say A_TWO", code="A_THREE")
return "A_FOUR", f"{x} A_FIVE"
__all__ = ["A_SIX"]
Refusal("SEVEN")
EIGHT = "EIGHT"
reason = text or "ELEVEN"
order.currency = "USD"
"""
    assert sorted(codes_in(source)) == ["A_FOUR", "A_ONE", "A_THREE", "EIGHT", "ELEVEN", "SEVEN"]


def test_every_code_of_the_order_path_is_in_the_table() -> None:
    missing = {
        f"{code} of {path}"
        for path, source in modules()
        for code in codes_in(source)
        if code not in REFUSALS and code not in OF_ANOTHER_PATH
    }
    assert not missing, f"not in actors/refusal_codes.py: {', '.join(sorted(missing))}"


def test_the_table_has_no_code_that_nobody_raises() -> None:
    raised = {code for _, source in modules() for code in codes_in(source)}
    assert REFUSALS.keys() - raised == set()
    assert OF_ANOTHER_PATH.keys() <= raised
    assert not OF_ANOTHER_PATH.keys() & REFUSALS.keys()


def test_every_check_of_the_gate_answers_a_new_order_and_a_replacement() -> None:
    for check in CHECKS:
        row = REFUSALS[check.code]
        assert row.order_reject is not None, check.code
        assert row.cancel_reject is not None or Moment.REPLACED not in check.moments, check.code


def test_every_code_is_a_client_error_or_a_passing_one_and_says_what_to_do() -> None:
    for row in REFUSALS.values():
        assert 400 <= row.http_status < 500 or row.http_status in (500, 503), row
        assert row.meaning and row.remedy and "|" not in row.meaning + row.remedy, row
        reasons = (row.order_reject, row.cancel_reject, row.business_reject)
        assert any(reason is not None for reason in reasons) or row.category in (ALARMS, ENDINGS), row


def _classes(kind: type[AlphaMindError]) -> Iterator[type[AlphaMindError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _classes(child)


def test_the_status_of_a_code_is_that_of_the_error_that_carries_it() -> None:
    kinds = {kind.__name__: kind for kind in _classes(AlphaMindError) if kind.__module__ == errors.__name__}
    compared = 0
    for path, source in modules():
        for node in ast.walk(ast.parse(source)):
            kind = kinds.get(node.func.id) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else None
            if kind is None:
                continue
            for keyword in node.keywords:
                if (
                    keyword.arg == "code"
                    and isinstance(keyword.value, ast.Constant)
                    and keyword.value.value in REFUSALS
                ):
                    assert REFUSALS[keyword.value.value].http_status == kind.status, (path, keyword.value.value)
                    compared += 1
    assert compared > 20
    for kind in kinds.values():
        if kind.default_code in REFUSALS:
            assert REFUSALS[kind.default_code].http_status == kind.status, kind


def test_a_code_that_a_venue_made_up_is_an_order_refused_for_another_reason() -> None:
    row = refusal_code("VENUE_IS_MOODY")
    assert (row.code, row.http_status, row.order_reject, row.cancel_reject) == ("VENUE_IS_MOODY", 422, 99, 99)
    assert refusal_code("POSITION_LIMIT") is REFUSALS["POSITION_LIMIT"]


words = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters=";()"), min_size=1, max_size=30)


@given(words, words, words, words, words)
def test_a_refusal_in_words_is_read_back_part_by_part(
    sentence: str, field: str, value: str, limit: str, accepted: str
) -> None:
    refusal = Refusal("A_CODE", sentence, field, value, limit, accepted)
    assert read_refusal_text(refusal.text) == RefusalText(sentence, field, value, limit, accepted)
    assert read_refusal_text(refusal.text).text == refusal.text


@pytest.mark.parametrize("text", ["", "the venue is closed", "too large (field: quantity)"])
def test_a_venues_own_words_are_all_sentence(text: str) -> None:
    assert read_refusal_text(text) == RefusalText(text)
    assert read_refusal_text(text).text == text


def test_the_printed_table_is_that_of_the_code() -> None:
    path = ROOT / "actors" / "oms" / "REFUSALS.md"
    assert path.read_text() == render(), "python -m actors.refusals > actors/oms/REFUSALS.md"


def test_the_printed_table_names_every_code_once() -> None:
    named = re.findall(r"^\| `(\w+)` \|", render(), re.MULTILINE)
    assert named == list(REFUSALS)
