"""Web console: topics, messages, schemas and contracts in the browser, and the static catalogue.

``pages`` makes plain values from the brokers, the registry and the project, ``templates`` show
them, ``routes`` answers requests. The catalogue writes the same templates to files. Only this
package imports Starlette, uvicorn and Jinja2, which the extra ``[console]`` brings.
"""
