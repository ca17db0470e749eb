"""The documentation site: what ``mkdocs build`` adds to the pages in docs/.

- :mod:`documentation.hooks`: the events of mkdocs, in which the others are called.
- :mod:`documentation.commands`: the reference of the command line, from click's commands.
- :mod:`documentation.names`: the reference of the public names, for mkdocstrings.
- :mod:`documentation.repository`: pages for the files outside docs/ that pages link to.
- :mod:`documentation.built`: checks of the built site.
"""
