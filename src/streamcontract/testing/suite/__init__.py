"""Ready property tests for every contract of a project.

    from streamcontract.testing import contract_suite

    test_contracts = contract_suite()

makes one test for each contract and check:

- ``schema``: the schema is valid Avro.
- ``generated``: the committed module is what ``streamcontract generate`` writes.
- ``examples``: examples and defaults in the schema are values of their types.
- ``codec``: any value comes back equal through codec and frame.
- ``broker``: what is produced is consumed, exactly and in order.
- ``decodes``: what every earlier version wrote can be read now.
- ``level``: the declared compatibility level holds.
- ``lossless``: nothing is read otherwise than it was meant.

The last three are made for each place that keeps earlier versions.

One more, ``project-file``, fails where the project file is wrong; the contracts whose tables are
right are tested all the same.
"""
