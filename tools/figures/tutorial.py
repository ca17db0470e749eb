"""The figures of the tutorial, one function each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from figures.drawing import Figure

__all__ = ["FIGURES"]


def broker() -> Figure:
    """A call, and a broker between two programs."""
    figure = Figure("A direct call, and a broker between two programs", 640, 240)
    figure.heading(20, 28, "A call: both must be up")
    figure.box(60, 44, 130, 50, "program A", "client")
    figure.box(450, 44, 130, 50, "program B", "client")
    figure.arrow((190, 60), (448, 60), "request")
    figure.arrow((450, 82), (192, 82), "answer")
    figure.heading(20, 140, "A broker: each in its own time")
    figure.box(60, 160, 130, 50, "producer", "client")
    figure.box(255, 160, 130, 50, "broker\nkeeps messages", "broker")
    figure.box(450, 160, 130, 50, "consumer", "client")
    figure.arrow((190, 185), (253, 185), "sends")
    figure.arrow((450, 185), (387, 185), "fetches")
    return figure


def point_to_point() -> Figure:
    """Each message to one worker."""
    figure = Figure("Point-to-point: each message reaches one worker", 640, 200)
    _sender(figure, 100)
    for y, name, messages in (
        (20, "worker A", ["1", "4"]),
        (80, "worker B", ["2", "5"]),
        (140, "worker C", ["3"]),
    ):
        figure.arrow((345, 100), (418, y + 20))
        figure.box(420, y, 100, 40, name, "client")
        figure.cells(532, y + 5, messages, 30)
    return figure


def publish_subscribe() -> Figure:
    """Each message to every subscriber."""
    figure = Figure("Publish/subscribe: each message reaches every subscriber", 640, 200)
    _sender(figure, 100)
    for y, name in ((20, "billing"), (80, "search"), (140, "audit")):
        figure.arrow((345, 100), (388, y + 20))
        figure.box(390, y, 90, 40, name, "client")
        figure.cells(492, y + 5, ["1", "2", "3", "4", "5"], 27)
    return figure


def _sender(figure: Figure, y: int) -> None:
    figure.box(15, y - 25, 95, 50, "producer", "client")
    figure.cells(128, y - 50, ["1", "2", "3", "4", "5"], 22)
    figure.arrow((110, y), (253, y))
    figure.box(255, y - 25, 90, 50, "broker", "broker")


def push_and_pull() -> Figure:
    """Who begins a delivery."""
    figure = Figure("Push and pull", 640, 230)
    figure.heading(20, 28, "Push: the broker sends, and sets the pace")
    figure.box(60, 44, 110, 50, "broker", "broker")
    figure.arrow((170, 69), (468, 69))
    figure.cells(200, 42, ["1", "2", "3", "4", "5", "6"], 38)
    figure.box(470, 44, 110, 50, "consumer", "client")
    figure.heading(20, 138, "Pull: the consumer asks, and sets the pace")
    figure.box(60, 154, 110, 54, "broker", "broker")
    figure.arrow((470, 172), (172, 172), "from offset 3 on, please")
    figure.arrow((170, 196), (468, 196))
    figure.cells(282, 186, ["3", "4"], 38)
    figure.box(470, 154, 110, 54, "consumer", "client")
    return figure


def queue_and_log() -> Figure:
    """RabbitMQ's way beside Kafka's."""
    figure = Figure("A queue, RabbitMQ's way, and a log, Kafka's way", 760, 310)
    figure.heading(20, 28, "Queue: read once, then gone (RabbitMQ)")
    figure.box(20, 90, 80, 44, "producer", "client")
    figure.arrow((100, 112), (128, 112))
    figure.box(130, 90, 80, 44, "exchange", "broker")
    for y, name in ((60, "jobs"), (150, "mails")):
        figure.arrow((210, 112), (238, y + 15))
        figure.cells(240, y, ["4", "3"], 30)
        figure.note(270, y - 6, f"queue {name}")
        figure.arrow((300, y + 15), (326, y + 15))
        figure.box(328, y - 5, 44, 40, "app", "client")
    figure.cells(210, 225, ["1", "2"], 30, "gone")
    figure.note(240, 275, "acknowledged: removed")
    figure.arrow((350, 187), (275, 238), dashed=True)
    figure.heading(400, 28, "Log: read in place, kept (Kafka)")
    figure.box(395, 90, 74, 44, "producer", "client")
    figure.arrow((469, 112), (490, 112))
    figure.cells(492, 97, ["0", "1", "2", "3", "4", "5", "6"], 34)
    figure.note(492, 86, "oldest", "start")
    figure.note(730, 86, "newest", "end")
    figure.arrow((611, 200), (611, 131))
    figure.box(560, 202, 102, 40, "billing: 3", "client")
    figure.arrow((713, 200), (713, 131))
    figure.box(668, 202, 82, 40, "audit: 6", "client")
    figure.note(622, 275, "each group has a position of its own;\nreading removes nothing")
    return figure


def stream_processing() -> Figure:
    """A program between two topics."""
    figure = Figure("Stream processing, with results and offsets in one transaction", 700, 230)
    figure.note(110, 36, "topic stocks")
    figure.cells(30, 46, ["IBM", "FB", "IBM", "FB"])
    figure.arrow((190, 61), (268, 61), "consume")
    figure.box(270, 34, 150, 90, "program\nadd(state, bar)", "client")
    figure.box(282, 140, 126, 40, "state by symbol", "plain")
    figure.arrow((345, 139), (345, 126))
    figure.arrow((420, 61), (518, 61), "results")
    figure.note(600, 36, "topic stock-statistics")
    figure.cells(520, 46, ["IBM", "FB", "IBM", "FB"])
    figure.arrow((420, 104), (518, 104), "offsets")
    figure.box(520, 88, 160, 32, "committed: 4", "broker")
    figure.frame(436, 14, 254, 124)
    figure.note(563, 158, "one transaction: both, or neither")
    figure.arrow((600, 172), (410, 172), dashed=True)
    figure.note(520, 194, "after a restart: the newest result\nof each symbol is the state")
    return figure


def partitions() -> Figure:
    """Three logs that are one topic."""
    figure = Figure("A topic of three partitions", 640, 230)
    figure.heading(20, 30, "topic stocks")
    rows = (
        ["AAPL", "MSFT", "AAPL", "AAPL", "MSFT"],
        ["FB", "FB"],
        ["IBM", "IBM", "IBM", "IBM"],
    )
    for number, keys in enumerate(rows):
        y = 50 + 58 * number
        figure.text(20, y + 20, f"partition {number}", "start")
        for offset in range(len(keys)):
            figure.note(143 + 64 * offset, y + 44, str(offset))
        end = figure.cells(110, y, keys, 64)
        figure.arrow((end + 70, y + 15), (end + 6, y + 15))
        figure.note(end + 78, y + 19, f"next: offset {len(keys)}", "start")
    return figure


def groups() -> Figure:
    """Two groups read one topic."""
    figure = Figure("Two consumer groups read one topic", 640, 240)
    figure.heading(20, 30, "group audit")
    figure.heading(265, 30, "topic")
    figure.heading(470, 30, "group billing")
    figure.frame(20, 40, 150, 182)
    figure.frame(470, 40, 150, 182)
    figure.box(40, 106, 110, 50, "consumer X", "client")
    figure.box(490, 66, 110, 50, "consumer A", "client")
    figure.box(490, 156, 110, 50, "consumer B", "client")
    for number, billing in enumerate((84, 100, 182)):
        y = 66 + 60 * number
        figure.box(265, y - 20, 110, 40, f"partition {number}", "message")
        figure.arrow((265, y), (152, 117 + 14 * number))
        figure.arrow((375, y), (488, billing))
    return figure


def registry() -> Figure:
    """An id in each message, a schema in the registry."""
    figure = Figure("The schema registry beside the broker", 680, 250)
    figure.box(20, 160, 120, 56, "producer\nStock v2", "client")
    figure.box(540, 160, 120, 56, "consumer\nStock v1", "client")
    figure.box(230, 20, 220, 74, "registry\nstocks-value 1 = id 3\nstocks-value 2 = id 7", "broker")
    figure.box(290, 164, 100, 48, "broker", "broker")
    figure.arrow((70, 158), (228, 50), dashed=True)
    figure.note(88, 92, "register v2")
    figure.arrow((228, 76), (106, 158), dashed=True)
    figure.note(180, 142, "id 7", "start")
    figure.arrow((574, 158), (452, 76), dashed=True)
    figure.note(478, 142, "what is id 7?", "end")
    figure.arrow((452, 50), (612, 158), dashed=True)
    figure.note(568, 92, "Stock v2", "start")
    figure.arrow((140, 188), (288, 188), "00 00000007 <Avro>")
    figure.arrow((390, 188), (538, 188), "00 00000007 <Avro>")
    figure.note(600, 236, "reads v2 bytes as its v1")
    return figure


FIGURES: Final[dict[str, Callable[[], Figure]]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        broker,
        point_to_point,
        publish_subscribe,
        push_and_pull,
        queue_and_log,
        stream_processing,
        partitions,
        groups,
        registry,
    )
}
"""The figures by the names of their files."""
