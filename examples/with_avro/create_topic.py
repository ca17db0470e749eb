"""Create the topic of the stock contract.

Run it twice: the second time it reports that the topic is already there, and as it should be.
"""

from __future__ import annotations

from streamcontract.kafka import ensure_topic


def main() -> None:
    """Create the topic with three partitions, or find it there."""
    print(ensure_topic("stocks", partitions=3))


if __name__ == "__main__":
    main()
