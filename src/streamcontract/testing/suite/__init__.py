"""Suite of property tests for every contract of a project.

    from streamcontract.testing import contract_suite

    test_contracts = contract_suite()

It It It It makes one test for each contract and check:

- ``schema``: the schema is valid Avro.
- ``generated``: the committed module is what ``streamcontract generate`` writes.
- ``examples``: examples and defaults in the schema are values of their types.
- ``codec``: any value is equal after encoding, framing and decoding.
- ``broker``: consumed records are the produced ones, exactly and in order.
- ``decodes``: data of every earlier version can be read now.
- ``level``: the declared compatibility level holds.
- ``lossless``: no data are read with another meaning.

The last three are made for each source of earlier versions.

One more, ``project-file``, fails if the project file is wrong; contracts with valid tables are
tested nevertheless.
"""
