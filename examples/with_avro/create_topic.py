"""Create the topic of the stock contract: as many partitions as the contract says.

Run it twice: the second time it reports that the topic is already there, and as it should be.
"""

from __future__ import annotations

from streamcontract import StockProducer
from streamcontract.kafka import ensure_topic


def main() -> None:
    """Create the topic, or find it there."""
    contract = StockProducer.contract
    assert contract.topic is not None
    assert contract.partitions is not None
    print(ensure_topic(contract.topic, partitions=contract.partitions))


if __name__ == "__main__":
    main()
