"""Metadata and rules that a registry stores with a schema.

They are those of "Data contracts" in Confluent's Schema Registry documentation. Redpanda 26 stores
only ``metadata.properties``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from streamcontract.registry.body import (
    BodyError,
    read_flag,
    read_list,
    read_object,
    read_string,
    read_strings,
)

__all__ = ["Metadata", "Rule", "RuleSet"]


@attrs.frozen(kw_only=True)
class Metadata:
    """Metadata of a schema.

    Attributes:
        properties: Texts by name.
        tags: The tags of a field, by its path in the schema.
        sensitive: The names of properties that are not to be shown.

    Example:
        >>> Metadata(properties={"owner": "orders team"}).to_json()
        {'properties': {'owner': 'orders team'}}
    """

    properties: Mapping[str, str] = attrs.field(factory=dict)
    tags: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)
    sensitive: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The metadata in the form of a body, without empty values."""
        body = {
            "tags": {path: list(tags) for path, tags in self.tags.items()},
            "properties": dict(self.properties),
            "sensitive": list(self.sensitive),
        }
        return {key: value for key, value in body.items() if value}

    @classmethod
    def from_json(cls, value: object, path: str = "metadata") -> Metadata | None:
        """Read metadata; unknown keys are ignored, and null is None.

        Raises:
            BodyError: A value has the wrong type.
        """
        if value is None:
            return None
        fields = read_object(value, path)
        tags = read_object(_given(fields, "tags", {}), f"{path}.tags")
        return cls(
            properties=_texts(fields.get("properties"), f"{path}.properties"),
            tags={
                name: tuple(read_strings(each, f"{path}.tags.{name}"))
                for name, each in tags.items()
            },
            sensitive=tuple(read_strings(_given(fields, "sensitive", []), f"{path}.sensitive")),
        )


@attrs.frozen(kw_only=True)
class Rule:
    """One rule of a data contract. This library does not execute rules.

    Attributes:
        name: The rule's name.
        kind: ``CONDITION`` checks a message, ``TRANSFORM`` changes it.
        mode: The operations it applies to: ``WRITE``, ``READ``, ``WRITEREAD``, ``UPGRADE``,
            ``DOWNGRADE`` or ``UPDOWN``.
        type: Its executor, such as ``CEL`` or ``ENCRYPT``.
        doc: Its documentation.
        tags: The tags of the fields that it applies to.
        params: The parameters of its executor.
        expr: Its expression.
        on_success: The action if it succeeds.
        on_failure: The action if it fails.
        disabled: Whether it is switched off.
    """

    name: str
    kind: str = ""
    mode: str = ""
    type: str = ""
    doc: str = ""
    tags: tuple[str, ...] = ()
    params: Mapping[str, str] = attrs.field(factory=dict)
    expr: str = ""
    on_success: str = ""
    on_failure: str = ""
    disabled: bool = False

    def to_json(self) -> dict[str, object]:
        """The rule in the form of a body, without empty values."""
        body: dict[str, object] = {
            "name": self.name,
            "doc": self.doc,
            "kind": self.kind,
            "mode": self.mode,
            "type": self.type,
            "tags": list(self.tags),
            "params": dict(self.params),
            "expr": self.expr,
            "onSuccess": self.on_success,
            "onFailure": self.on_failure,
            "disabled": self.disabled,
        }
        return {key: value for key, value in body.items() if value or key == "name"}

    @classmethod
    def from_json(cls, value: object, path: str = "") -> Rule:
        """Read a rule; unknown keys are ignored.

        Raises:
            BodyError: The name is missing, or a value has the wrong type.
        """
        fields = read_object(value, path)

        def text(key: str) -> str:
            return read_string(_given(fields, key, ""), f"{path}.{key}")

        return cls(
            name=read_string(fields.get("name"), f"{path}.name"),
            kind=text("kind"),
            mode=text("mode"),
            type=text("type"),
            doc=text("doc"),
            tags=tuple(read_strings(_given(fields, "tags", []), f"{path}.tags")),
            params=_texts(fields.get("params"), f"{path}.params"),
            expr=text("expr"),
            on_success=text("onSuccess"),
            on_failure=text("onFailure"),
            disabled=fields.get("disabled") is not None
            and read_flag(fields["disabled"], f"{path}.disabled"),
        )


@attrs.frozen(kw_only=True)
class RuleSet:
    """The rules of a schema.

    Attributes:
        migration_rules: For data of another version of the schema.
        domain_rules: For the values of a message.
        encoding_rules: For its bytes.
        enable_at: Where they are executed: ``""``, ``ALL`` and ``CLIENT`` mean in clients.
    """

    migration_rules: tuple[Rule, ...] = ()
    domain_rules: tuple[Rule, ...] = ()
    encoding_rules: tuple[Rule, ...] = ()
    enable_at: str = ""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules."""
        return (*self.migration_rules, *self.domain_rules, *self.encoding_rules)

    def to_json(self) -> dict[str, object]:
        """The rules in the form of a body, without empty values."""
        kinds: dict[str, Sequence[Rule]] = {
            "migrationRules": self.migration_rules,
            "domainRules": self.domain_rules,
            "encodingRules": self.encoding_rules,
        }
        body: dict[str, object] = {
            key: [rule.to_json() for rule in rules] for key, rules in kinds.items() if rules
        }
        return {**body, "enableAt": self.enable_at} if self.enable_at else body

    @classmethod
    def from_json(cls, value: object, path: str = "ruleSet") -> RuleSet | None:
        """Read rules; unknown keys are ignored, and null is None.

        Raises:
            BodyError: A value has the wrong type.
        """
        if value is None:
            return None
        fields = read_object(value, path)

        def rules(key: str) -> tuple[Rule, ...]:
            items = read_list(_given(fields, key, []), f"{path}.{key}")
            return tuple(
                Rule.from_json(item, f"{path}.{key}[{index}]") for index, item in enumerate(items)
            )

        return cls(
            migration_rules=rules("migrationRules"),
            domain_rules=rules("domainRules"),
            encoding_rules=rules("encodingRules"),
            enable_at=read_string(_given(fields, "enableAt", ""), f"{path}.enableAt"),
        )


def _given(fields: Mapping[str, object], key: str, default: object) -> object:
    """A value, or None: registries and clients write null for a missing one."""
    value = fields.get(key)
    return default if value is None else value


_SCALARS: Final = (str, int, float, bool)


def _texts(value: object, path: str) -> dict[str, str]:
    """Read texts by name; a registry's text may be given as a number or a flag."""
    texts = read_object({} if value is None else value, path)
    return {key: _text(item, f"{path}.{key}") for key, item in texts.items()}


def _text(value: object, path: str) -> str:
    if not isinstance(value, _SCALARS):
        raise BodyError(path, "a string")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
