"""The project and the commands of the tests of messages."""

from tests.messages.conftest import commands, elsewhere, is_embedded, sales, send_raw

__all__ = ["commands", "elsewhere", "is_embedded", "sales", "send_raw"]
