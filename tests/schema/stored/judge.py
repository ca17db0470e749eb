"""The verdicts of Apache Avro's Java and Python libraries and of fastavro on stored schemas.

    python -m tests.schema.stored.judge

writes ``verdicts.json`` anew; it needs a JDK and Maven.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

import avro.io
import avro.schema
import fastavro
from tests.schema.stored.cases import CASES, Case

__all__ = ["VERDICTS", "by_fastavro", "by_java", "by_python"]

HERE: Final = Path(__file__).parent
VERDICTS: Final = HERE / "verdicts.json"


def by_java(folder: Path) -> dict[str, Any]:
    """What Apache Avro makes of each case; Maven puts its jars into ``folder``.

    Raises:
        OSError: There is no Maven or no Java.
        subprocess.CalledProcessError: One of them failed.
    """
    maven, java = shutil.which("mvn"), shutil.which("java")
    if maven is None or java is None:
        raise OSError("there is no Maven, or no Java")
    pom, jars = f"--file={HERE / 'pom.xml'}", f"-DoutputDirectory={folder}"
    fetch = [maven, "--batch-mode", "--quiet", pom, "dependency:copy-dependencies", jars]
    subprocess.run(fetch, check=True, capture_output=True)  # noqa: S603 - the user's own Maven
    lines = [
        json.dumps(
            {
                "references": [text for text, _ in case.references],
                "text": case.text,
                "data": case.data.hex(),
            }
        )
        for case in CASES
    ]
    judged = subprocess.run(  # noqa: S603 - the user's own Java
        [java, "-cp", f"{folder}/*", str(HERE / "Judge.java")],
        input="\n".join(lines),
        encoding="utf-8",
        check=True,
        capture_output=True,
    )
    found = judged.stdout.splitlines()
    return {case.id: json.loads(line) for case, line in zip(CASES, found, strict=True)}


def by_fastavro(case: Case) -> dict[str, Any]:
    """What fastavro makes of a case."""
    try:
        named: dict[str, Any] = {}
        for text, _ in case.references:
            fastavro.parse_schema(json.loads(text), named_schemas=named)
        schema = fastavro.parse_schema(json.loads(case.text), named_schemas=named)
        value = fastavro.schemaless_reader(io.BytesIO(case.data), schema, None)
    except Exception as error:  # noqa: BLE001 - it raises anything from KeyError to TypeError
        return {"error": type(error).__name__}
    return {"value": value}


def by_python(case: Case) -> dict[str, Any]:
    """What Apache Avro's Python library makes of a case; it takes no references."""
    try:
        schema = avro.schema.parse(case.text)
        value = avro.io.DatumReader(schema).read(avro.io.BinaryDecoder(io.BytesIO(case.data)))
    except Exception as error:  # noqa: BLE001 - likewise
        return {"error": type(error).__name__}
    return {"value": value}


def main() -> None:
    """Judge all cases."""
    with tempfile.TemporaryDirectory() as folder:
        java = by_java(Path(folder))
    verdicts = {
        case.id: {
            "java": java[case.id],
            "python": by_python(case),
            "fastavro": by_fastavro(case),
        }
        for case in CASES
    }
    text = json.dumps(verdicts, indent=1, ensure_ascii=False)
    VERDICTS.write_text(f"{text}\n", "utf-8")


if __name__ == "__main__":
    main()
