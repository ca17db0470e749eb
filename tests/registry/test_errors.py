"""Each refusal is an error of its own class, with all its facts."""

from __future__ import annotations

import pytest
from tests.registry.scripted import ScriptedServer, answer, refusal

from streamcontract.errors import RegistryError
from streamcontract.registry import SchemaRegistry, errors
from streamcontract.registry.protocol import ErrorCode

CLASSES = {
    ErrorCode.NOT_FOUND: errors.NotFoundError,
    ErrorCode.NOT_ACCEPTABLE: errors.RegistryRejectedError,
    ErrorCode.INCOMPATIBLE: errors.IncompatibleSchemaError,
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: errors.RegistryRejectedError,
    ErrorCode.INVALID_SCHEMA: errors.InvalidSchemaError,
    ErrorCode.TOO_MANY_REQUESTS: errors.RegistryOverloadedError,
    ErrorCode.INTERNAL_ERROR: errors.RegistryServerError,
    ErrorCode.BAD_REQUEST: errors.RegistryRejectedError,
    ErrorCode.UNAUTHENTICATED: errors.RegistryAuthenticationError,
    ErrorCode.UNAUTHORIZED: errors.RegistryAuthenticationError,
    ErrorCode.SUBJECT_NOT_FOUND: errors.SubjectNotFoundError,
    ErrorCode.VERSION_NOT_FOUND: errors.VersionNotFoundError,
    ErrorCode.SCHEMA_NOT_FOUND: errors.SchemaNotFoundError,
    ErrorCode.SUBJECT_SOFT_DELETED: errors.SubjectSoftDeletedError,
    ErrorCode.SUBJECT_NOT_SOFT_DELETED: errors.SubjectNotSoftDeletedError,
    ErrorCode.VERSION_SOFT_DELETED: errors.VersionSoftDeletedError,
    ErrorCode.VERSION_NOT_SOFT_DELETED: errors.VersionNotSoftDeletedError,
    ErrorCode.LEVEL_NOT_FOUND: errors.CompatibilityLevelNotSetError,
    ErrorCode.MODE_NOT_FOUND: errors.ModeNotSetError,
    ErrorCode.INCOMPATIBLE_CONFLUENT: errors.IncompatibleSchemaError,
    ErrorCode.EMPTY_SCHEMA: errors.InvalidSchemaError,
    ErrorCode.INVALID_VERSION: errors.InvalidVersionError,
    ErrorCode.INVALID_LEVEL: errors.InvalidCompatibilityLevelError,
    ErrorCode.INVALID_MODE: errors.InvalidModeError,
    ErrorCode.OPERATION_NOT_PERMITTED: errors.OperationNotPermittedError,
    ErrorCode.WRITES_DISABLED: errors.OperationNotPermittedError,
    ErrorCode.REFERENCE_EXISTS: errors.ReferenceExistsError,
    ErrorCode.ID_EXISTS: errors.SchemaIdExistsError,
    ErrorCode.INVALID_SUBJECT: errors.ReservedSubjectError,
    ErrorCode.CONTEXT_NOT_EMPTY: errors.ContextNotEmptyError,
    ErrorCode.NOT_IMPLEMENTED: errors.UnsupportedRequestError,
    ErrorCode.STORE_ERROR: errors.RegistryServerError,
    ErrorCode.BACKEND_ERROR: errors.RegistryServerError,
    ErrorCode.BACKEND_TIMEOUT: errors.RegistryServerError,
    ErrorCode.WRITE_COLLISION: errors.WriteCollisionError,
    ErrorCode.BROKER_UNAVAILABLE: errors.RegistryServerError,
}


@pytest.mark.parametrize("code", ErrorCode, ids=lambda code: code.name)
def test_each_code_has_its_class(scripted: ScriptedServer, code: ErrorCode) -> None:
    """Every code of the protocol raises the class for it, carrying what was asked and answered."""
    scripted.then(refusal(code.http_status, code, "because"))
    with (
        SchemaRegistry(scripted.url, max_retries=0) as client,
        pytest.raises(RegistryError) as caught,
    ):
        client.versions("a/b")
    error = caught.value
    assert type(error) is CLASSES[code]
    assert isinstance(error, errors.RegistryRequestError)
    assert error.method == "GET"
    assert error.url == f"{scripted.url}/subjects/a%2Fb/versions"
    assert (error.status, error.code, error.reason) == (code.http_status, code, "because")
    assert f'"error_code": {int(code)}' in error.body
    assert "because" in str(error)


def test_a_code_of_tomorrow_is_still_an_error(scripted: ScriptedServer) -> None:
    """A code that is not known falls back to what its status says."""
    scripted.then(refusal(404, 40499), refusal(422, 42299), answer(401, b"who are you?"))
    with SchemaRegistry(scripted.url) as client:
        with pytest.raises(errors.NotFoundError):
            client.subjects()
        with pytest.raises(errors.RegistryRejectedError):
            client.subjects()
        with pytest.raises(errors.RegistryAuthenticationError, match="who are you"):
            client.subjects()


@pytest.mark.parametrize("last", ["", "validateFields: 'false', "], ids=["Redpanda", "Confluent"])
def test_messages_of_an_incompatible_schema_are_kept(last: str) -> None:
    """The messages are split where the registry joined them, not inside an old schema's text."""
    schema = '{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b"}]}'
    messages = (
        "{errorType:'NAME_MISMATCH', description:'(path '/name'), A', additionalInfo:'a.B'}",
        "{errorType:'MISSING_ENUM_SYMBOLS', description:'d', additionalInfo:'[b, c]'}",
        "{oldSchemaVersion: 1}",
        f"{{oldSchema: '{schema}'}}",
        f"{{{last}compatibility: 'BACKWARD'}}",
    )
    reason = (
        "Schema being registered is incompatible with an earlier schema for subject "
        f'"s", details: [{", ".join(messages)}]'
    )
    error = errors.IncompatibleSchemaError(reason, "POST", "http://h", 409, 409)
    assert error.messages == messages
    assert str(error).count("\n  - ") == 4
    assert schema not in str(error)


def test_an_incompatible_schema_without_details_keeps_its_text() -> None:
    """A registry that gives no details has said one message."""
    error = errors.IncompatibleSchemaError("it is not", "POST", "http://h", 409, 40901)
    assert error.messages == ("it is not",)
    assert "it is not" in str(error)
