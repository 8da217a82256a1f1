"""Lays out the skeleton of a new system in every layer; it works at once, with nothing mapped yet.

New files go into the system's own folders; the one file that changes is the registry.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

from ingestion.config import DOMAINS, ConfigurationError
from ingestion.registry import SYSTEMS

ROOT = Path(__file__).parents[2]
TEMPLATES = Path(__file__).parent / "templates"
REGISTRY = Path("ingestion/registry.py")
ENTITIES = Path("dbt_project/macros/entities.sql")

# Template -> the file it becomes, both relative; $system is the system's name.
FILES = {
    "source/__init__.py": "ingestion/sources/$system/__init__.py",
    "source/__main__.py": "ingestion/sources/$system/__main__.py",
    "source/client.py": "ingestion/sources/$system/client.py",
    "source/schema.py": "ingestion/sources/$system/schema.py",
    "source/settings.py": "ingestion/sources/$system/settings.py",
    "source/README.md": "ingestion/sources/$system/README.md",
    "sandbox/__init__.py": "ingestion/sandbox/systems/$system/__init__.py",
    "staging/sources.yml": "dbt_project/models/staging/$system/_${system}__sources.yml",
    "staging/staging.yml": "dbt_project/models/staging/$system/_${system}__staging.yml",
    "staging/records.sql": "dbt_project/models/staging/$system/stg_${system}__records.sql",
    "declarations/system.py": "expectations/declarations/$system.py",
    "controls/system.py": "expectations/controls/$system.py",
    "tests/test_system.py": "tests/sandbox/test_$system.py",
}


def lay_out(name: str, domains: Sequence[str], title: str, owner: str, root: Path = ROOT) -> list[Path]:
    """Write the skeleton of system ``name`` below ``root`` and enter it in the registry; returns the new files.

    Raises ConfigurationError, and writes nothing, for a name, domain or title that cannot be used or is taken.
    """
    _refuse(name, domains, title, owner)
    words = {"system": name, "SYSTEM": name.upper(), "title": title, "domain": domains[0]}
    words["controls"] = ", ".join(f'"{control}": nothing' for control in _controls(domains))
    contents = {Template(path).substitute(words): _filled(template, words) for template, path in FILES.items()}
    contents |= _mapping(words, _entities(root, domains))
    files = {root / path: text for path, text in contents.items()}
    if taken := sorted(str(path.relative_to(root)) for path in files if path.exists()):
        raise ConfigurationError(f"{taken[0]} exists already; choose another name than {name!r} or remove it")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    _enter(root / REGISTRY, name, domains, title, owner)
    return sorted(files)


def _refuse(name: str, domains: Sequence[str], title: str, owner: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9]{1,39}", name):
        raise ConfigurationError(f"{name!r} is no name of a system; use lower-case letters and digits, as in acmepsa")
    if name in SYSTEMS:
        raise ConfigurationError(f"{name!r} is in the registry already; choose another name")
    if unknown := [d for d in domains if d not in DOMAINS]:
        raise ConfigurationError(f"{unknown[0]!r} is no domain; known: {', '.join(DOMAINS)}")
    if not re.fullmatch(r"[\w .&-]+", title) or not re.fullmatch(r"[a-z][a-z-]*", owner):
        raise ConfigurationError("write the title in letters and digits, and the owner as a team such as pmo")


def _filled(template: str, words: Mapping[str, str]) -> str:
    return Template((TEMPLATES / f"{template}.txt").read_text("utf-8")).substitute(words)


def _mapping(words: Mapping[str, str], entities: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """One model per entity that outputs its columns, typed and without rows, and the YAML of them all."""
    folder = f"dbt_project/models/mapping/{words['system']}"
    files: dict[str, str] = {}
    described = ["version: 2\n\nmodels:\n"]
    for entity, columns in entities.items():
        nulls = ",\n".join(f"  cast(null as {kind}) as {column}" for column, kind in columns.items())
        files[f"{folder}/map_{words['system']}__{entity}.sql"] = _filled(
            "mapping/entity.sql", {**words, "entity": entity, "columns": nulls}
        )
        described.append(_filled("mapping/entity.yml", {**words, "entity": entity}))
    files[f"{folder}/_{words['system']}__mapping.yml"] = described[0] + "\n".join(described[1:])
    return files


def _entities(root: Path, domains: Sequence[str]) -> dict[str, dict[str, str]]:
    """The entities of ``domains`` with their columns and types, from the macro that is the contract."""
    text = (root / ENTITIES).read_text("utf-8")
    names = re.search(r"set (money, .*?) = (.*?) %\}", text)
    listed = re.search(r"macro domain_entities\(\).*?return\((\{.*?\})\)", text, flags=re.S)
    assert names and listed, f"{ENTITIES} is not written as expected"
    types = dict(zip(names.group(1).split(", "), re.findall(r"'([^']+)'", names.group(2)), strict=True))
    engine_types = {
        "string": "{{ dbt.type_string() }}",
        "int": "{{ dbt.type_int() }}",
        "timestamp": "{{ dbt.type_timestamp() }}",
    }
    found: dict[str, dict[str, str]] = {}
    for domain, entities in re.findall(r"'(\w+)': \[(.*?)\]", listed.group(1), flags=re.S):
        for entity in re.findall(r"'(\w+)'", entities) if domain in domains else []:
            body = re.search(rf"'{entity}': \{{(.*?)\}}", text, flags=re.S)
            assert body, f"{ENTITIES} has no columns of {entity}"
            pairs = re.findall(r"'(\w+)': (?:'([^']+)'|(\w+))", body.group(1))
            kinds = {column: quoted or types[name] for column, quoted, name in pairs}
            found[entity] = {column: engine_types.get(kind, kind) for column, kind in kinds.items()}
    return found


def _controls(domains: Sequence[str]) -> list[str]:
    from expectations.reconciliation import RAW_CONTROLS

    return [control for control, domain in RAW_CONTROLS.items() if domain in domains]


def _enter(registry: Path, name: str, domains: Sequence[str], title: str, owner: str) -> None:
    """Add the system as the last entry of the registry."""
    text = registry.read_text("utf-8")
    entry = f'        _system("{name}", "{title}", "{" ".join(domains)}", "{owner}"),\n'
    head, end, tail = text.rpartition("    )\n}\n")
    assert end, f"{registry} does not end with its entries"
    registry.write_text(head + entry + end + tail, "utf-8")
