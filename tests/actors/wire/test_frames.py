import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import wire
from actors.errors import InputError, ProtocolError
from actors.wire import FrameReader, frame, frames

FRAMES = st.lists(st.tuples(st.integers(1, 7), st.integers(0, 2**64 - 1), st.binary(max_size=300)), max_size=8)


@given(FRAMES, st.lists(st.integers(1, 50)))
def test_frames_come_out_whole_however_the_bytes_are_cut(frames, cuts):
    data = b"".join(frame(*each) for each in frames)
    reader, found, start = FrameReader(), [], 0
    for length in [*cuts, len(data) + 1]:
        found += reader.feed(data[start : start + length])
        start += length
    assert found == frames
    assert reader.buffered == 0


def test_a_frame_that_is_not_whole_waits():
    reader, data = FrameReader(), frame(wire.REQUEST, 1, b"abc")
    assert reader.feed(data[:-1]) == []
    assert reader.buffered == len(data) - 1
    assert reader.feed(data[-1:]) == [(wire.REQUEST, 1, b"abc")]


@pytest.mark.parametrize("version", [0, 2, 255])
def test_a_frame_of_another_version_is_refused(version):
    data = bytearray(frame(wire.REQUEST, 1, b""))
    data[5] = version
    with pytest.raises(ProtocolError, match="another protocol version") as error:
        FrameReader().feed(bytes(data))
    assert error.value.value == version


def test_a_reader_takes_the_version_that_was_chosen_and_no_other():
    reader = FrameReader()
    reader.version = 2
    assert reader.feed(frame(wire.REQUEST, 1, b"x", version=2)) == [(wire.REQUEST, 1, b"x")]
    with pytest.raises(ProtocolError):
        reader.feed(frame(wire.REQUEST, 1, b"x"))


def test_a_reader_for_strangers_takes_short_frames_alone():
    reader = FrameReader(maximum=100)
    assert reader.feed(frame(wire.HELLO, 1, b"x" * 90)) == [(wire.HELLO, 1, b"x" * 90)]
    with pytest.raises(ProtocolError, match="impossible length") as error:
        reader.feed(frame(wire.HELLO, 1, b"x" * 91))
    assert error.value.rule == "10 to 100 bytes"


@pytest.mark.parametrize("length", [0, 9, wire.MAXIMUM_FRAME + 1, 2**32 - 1])
def test_a_frame_of_an_impossible_length_is_refused_before_its_bytes_are_awaited(length):
    with pytest.raises(ProtocolError, match="impossible length"):
        FrameReader().feed(struct.pack("<IBBQ", length, wire.REQUEST, wire.VERSION, 1))


def test_a_message_too_large_for_a_frame_is_refused_by_its_sender(monkeypatch):
    monkeypatch.setattr(frames, "MAXIMUM_PAYLOAD", 10)
    assert frame(wire.REQUEST, 1, b"x" * 10)
    with pytest.raises(InputError, match="too large for one frame") as error:
        frame(wire.REQUEST, 1, b"x" * 11)
    assert error.value.code == "FRAME_TOO_LARGE"
