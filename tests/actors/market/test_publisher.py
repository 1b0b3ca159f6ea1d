import pytest

from actors.errors import Conflict, InputError, NotFound
from actors.market import publisher as module
from actors.market.publisher import Publisher

EXPECTED = (("oms-0", "venue"), ("strategy", "risk"))


class Channel:
    """A subscriber that remembers what it was sent."""

    def __init__(self):
        self.seen = []
        self.unsent = 0
        self.closed = False

    def emit(self, body):
        self.seen.append(int(body))
        return True

    def close(self):
        self.closed = True


def make(expected=EXPECTED, **parts):
    done = []
    return Publisher(expected, done.append, **parts), done


def join(publisher, name, stage, from_sequence=None):
    channel = Channel()
    last = publisher.subscribe(name, stage, from_sequence, channel)
    publisher.catch_up(name, from_sequence)
    return channel, last


def everyone(publisher):
    return {name: join(publisher, name, stage)[0] for stage, names in enumerate(EXPECTED) for name in names}


def publish(publisher, sequence):
    publisher.publish(sequence, b"%d" % sequence)


def test_stage_one_gets_a_slice_when_all_of_stage_zero_have_acknowledged_it():
    publisher, done = make()
    channels = everyone(publisher)
    publish(publisher, 1)
    assert {name: channel.seen for name, channel in channels.items()} == {
        "oms-0": [1], "venue": [1], "strategy": [], "risk": [],
    }  # fmt: skip
    publisher.acknowledge("venue", 1)
    assert publisher.waiting_for == ["oms-0"]
    publisher.acknowledge("oms-0", 1)
    assert channels["strategy"].seen == channels["risk"].seen == [1]
    publisher.acknowledge("risk", 1)
    assert (done, publisher.complete) == ([], 0)
    publisher.acknowledge("strategy", 1)
    assert (done, publisher.complete, publisher.waiting_for) == ([1], 1, [])


def test_an_expected_subscriber_is_waited_for_while_it_is_away_and_gets_the_slice_when_it_comes():
    publisher, done = make((("venue",), ("risk",)))
    publish(publisher, 1)
    assert publisher.waiting_for == ["venue"]
    venue, last = join(publisher, "venue", 0)
    assert (venue.seen, last) == ([1], 1)
    publisher.acknowledge("venue", 1)
    risk, last = join(publisher, "risk", 1, 1)
    assert (risk.seen, last) == ([1], 1)
    publisher.acknowledge("risk", 1)
    assert done == [1]


def test_with_nobody_expected_a_slice_is_complete_at_once():
    publisher, done = make(((), ()))
    console, _ = join(publisher, "console", 1)
    for sequence in (1, 2):
        publish(publisher, sequence)
    assert (done, console.seen) == ([1, 2], [1, 2])


def test_others_are_never_waited_for_and_see_a_slice_with_stage_one():
    publisher, done = make((("venue",), ()))
    console, _ = join(publisher, "console", 1)
    publish(publisher, 1)
    assert console.seen == []
    publisher.acknowledge("venue", 1)
    assert (console.seen, done) == ([1], [1])
    publisher.acknowledge("console", 1)


@pytest.mark.parametrize(("quiet", "seen"), [(True, 100), (False, 1)])
def test_stage_one_is_told_where_stage_zero_says_that_a_slice_caused_nothing(quiet, seen):
    publisher, _ = make()
    channels = everyone(publisher)
    publisher.publish(1, b"1", b"100")
    publisher.acknowledge("venue", 1, quiet)
    publisher.acknowledge("oms-0", 1)
    assert (channels["venue"].seen, channels["strategy"].seen) == ([1], [seen])
    assert join(publisher, "api", 1, 1)[0].seen == [seen]
    publisher.acknowledge("strategy", 1, True)
    publish(publisher, 2)
    assert channels["venue"].seen == [1, 2]


def test_a_stage_one_subscriber_that_comes_during_stage_zero_gets_the_slice_once():
    publisher, _ = make()
    publish(publisher, 1)
    strategy, last = join(publisher, "strategy", 1, 1)
    assert (strategy.seen, last) == ([], 0)
    publisher.acknowledge("venue", 1)
    publisher.acknowledge("oms-0", 1)
    assert strategy.seen == [1]


def test_a_subscriber_that_comes_back_gets_what_it_lacks_in_order():
    publisher, _ = make(((), ()))
    for sequence in range(1, 6):
        publish(publisher, sequence)
    assert join(publisher, "api", 1, 3)[0].seen == [3, 4, 5]
    assert join(publisher, "api", 1, 6)[0].seen == []
    assert join(publisher, "api", 1)[0].seen == []


@pytest.mark.parametrize("from_sequence", [None, 2, 1])
def test_a_pending_slice_is_sent_again_to_an_expected_subscriber_that_has_it_already(from_sequence):
    publisher, done = make((("venue",), ()))
    publish(publisher, 1)
    venue, _ = join(publisher, "venue", 0, from_sequence)
    assert venue.seen == [1]
    publisher.acknowledge("venue", 1)
    assert done == [1]


def test_a_slice_that_was_acknowledged_is_not_sent_again_on_return():
    publisher, _ = make()
    everyone(publisher)
    publish(publisher, 1)
    publisher.acknowledge("venue", 1)
    assert join(publisher, "venue", 0, 2)[0].seen == []
    assert join(publisher, "venue", 0, 1)[0].seen == [1]


def test_acknowledgements_of_other_slices_and_from_others_count_for_nothing():
    publisher, done = make((("venue",), ("risk",)))
    publisher.acknowledge("venue", 0)
    publish(publisher, 1)
    for name, sequence in (("venue", 0), ("venue", 2), ("risk", 1), ("console", 1)):
        publisher.acknowledge(name, sequence)
    assert publisher.waiting_for == ["venue"]
    publisher.acknowledge("venue", 1)
    publisher.acknowledge("venue", 1)
    assert publisher.waiting_for == ["risk"]
    assert done == []


def test_only_the_newest_slices_are_kept():
    publisher, _ = make(((), ()), retained=3)
    for sequence in range(1, 6):
        publish(publisher, sequence)
    assert join(publisher, "api", 1, 3)[0].seen == [3, 4, 5]
    with pytest.raises(NotFound) as error:
        join(publisher, "api", 1, 2)
    assert (error.value.code, error.value.rule) == ("SLICE_NOT_RETAINED", "3 or later")


def test_slices_of_an_earlier_life_are_kept_without_being_sent():
    publisher, done = make(((), ()))
    api, _ = join(publisher, "api", 1)
    publisher.retain(1, b"1")
    assert (api.seen, done, publisher.complete, publisher.published) == ([], [], 1, 1)
    assert join(publisher, "api", 1, 1)[0].seen == [1]


@pytest.mark.parametrize(
    ("name", "stage", "from_sequence", "error", "code"),
    [
        ("venue", 1, None, InputError, "INPUT_INVALID"),
        ("strategy", 0, None, InputError, "INPUT_INVALID"),
        ("api", 0, None, InputError, "INPUT_INVALID"),
        ("api", 2, None, InputError, "INPUT_INVALID"),
        ("api", 1, 0, InputError, "INPUT_INVALID"),
        ("api", 1, 3, Conflict, "SEQUENCE_AHEAD"),
    ],
)
def test_a_wrong_subscription_is_refused(name, stage, from_sequence, error, code):
    publisher, _ = make()
    publish(publisher, 1)
    with pytest.raises(error) as raised:
        join(publisher, name, stage, from_sequence)
    assert raised.value.code == code
    assert len(publisher) == 0


def test_a_second_subscription_of_one_name_displaces_the_first():
    publisher, _ = make(((), ()))
    first, _ = join(publisher, "api", 1)
    second, _ = join(publisher, "api", 1)
    publisher.unsubscribe("api", first)
    publish(publisher, 1)
    assert (first.seen, second.seen, len(publisher)) == ([], [1], 1)
    publisher.unsubscribe("api", second)
    assert len(publisher) == 0


def test_a_slow_subscriber_is_cut_off_unless_it_is_waited_for(monkeypatch):
    monkeypatch.setattr(module, "MAXIMUM_UNSENT", 10)
    publisher, _ = make(((), ("risk",)))
    slow, expected = join(publisher, "api", 1)[0], join(publisher, "risk", 1)[0]
    slow.unsent = expected.unsent = 11
    assert publisher.unsent == 22
    publish(publisher, 1)
    assert (slow.closed, expected.closed, len(publisher)) == (True, False, 1)


def test_a_name_can_be_expected_only_once():
    with pytest.raises(InputError, match="expected twice"):
        make((("venue",), ("venue",)))
