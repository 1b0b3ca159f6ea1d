import pytest

from actors.errors import InputError
from serve_apps.auth import scopes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("read:risk", {"read:risk"}),
        ("read:risk write:trade", {"read:risk", "write:trade"}),
        ("read:risk read:risk", {"read:risk"}),
        ("anything!", {"anything!"}),
    ],
)
def test_a_scope_parameter_lists_tokens_between_single_spaces(text, expected):
    assert scopes.parse(text) == expected


@pytest.mark.parametrize("text", ["", " ", "a  b", " a", "a ", "a\tb", 'a"b', "a\\b", "é", "a\nb"])
def test_a_scope_parameter_of_another_form_is_refused(text):
    with pytest.raises(InputError):
        scopes.parse(text)


def test_scopes_are_written_in_one_order():
    assert scopes.render({"write:trade", "read:risk"}) == scopes.render(["read:risk", "write:trade"])
    assert scopes.parse(scopes.render(scopes.SCOPES)) == set(scopes.SCOPES)
