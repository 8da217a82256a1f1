"""SOAP 1.1 as Workday speaks it: qualified elements and attributes, WS-Security user names, faults with status 500."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

from defusedxml.ElementTree import fromstring
from starlette.responses import Response

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WD = "urn:com.workday/bsvc"
ET.register_namespace("SOAP-ENV", ENVELOPE)
ET.register_namespace("wd", WD)


class Fault(Exception):
    """A refused request. ``kind`` is the last part of the fault code; ``details`` are (message, detail message)."""

    def __init__(
        self, kind: str, text: str, *, details: tuple[str, str] | None = None, xpath: str | None = None
    ) -> None:
        super().__init__(text)
        self.kind, self.text, self.details, self.xpath = kind, text, details, xpath

    @classmethod
    def validation(cls, message: str, xpath: str | None = None) -> Fault:
        """The fault of a request that cannot be carried out as it stands."""
        return cls(
            "Client.validationError", f"Validation error occurred. {message}", details=(message, message), xpath=xpath
        )

    @classmethod
    def processing(cls, message: str) -> Fault:
        """The fault of a task that was understood and cannot be done."""
        return cls("Server.processingError", f"Processing error occurred. {message}", details=(message, message))

    def response(self) -> Response:
        """HTTP 500, whatever went wrong."""
        fault = ET.Element(f"{{{ENVELOPE}}}Fault")
        ET.SubElement(fault, "faultcode").text = f"SOAP-ENV:{self.kind}"
        ET.SubElement(fault, "faultstring").text = self.text
        if self.details:
            message, detail = self.details
            if self.kind.startswith("Client"):
                error = {"Message": message, "Detail_Message": detail, "Xpath": self.xpath}
                block = element("Validation_Fault", {"Validation_Error": error})
            else:
                block = element("Processing_Fault", {"Detail_Message": detail})
            ET.SubElement(fault, "detail").append(block)
        return envelope(fault, 500)


@dataclass(frozen=True)
class Call:
    """A request: the operation's element, and who sent it (user name and password, blank without WS-Security)."""

    body: ET.Element
    user: str
    password: str

    @property
    def name(self) -> str:
        return local(self.body.tag)


def parse(body: bytes) -> Call:
    """The call in a SOAP envelope; raises Fault when there is none."""
    try:
        root = fromstring(body)
    except (ET.ParseError, ValueError) as error:
        raise Fault.validation(f"Invalid XML: {type(error).__name__}") from None
    content = root.find(f"{{{ENVELOPE}}}Body")
    if content is None or not len(content):
        raise Fault.validation("Invalid request: no SOAP body")
    token = root.find(f"{{{ENVELOPE}}}Header/{{{SECURITY}}}Security/{{{SECURITY}}}UsernameToken")
    # Some clients pad the values with blanks.
    user, password = (
        "" if token is None else (token.findtext(f"{{{SECURITY}}}{n}") or "").strip() for n in ("Username", "Password")
    )
    return Call(content[0], user, password)


def envelope(content: ET.Element, status: int = 200) -> Response:
    """An answer with this body."""
    root = ET.Element(f"{{{ENVELOPE}}}Envelope")
    ET.SubElement(root, f"{{{ENVELOPE}}}Body").append(content)
    return Response(ET.tostring(root, "utf-8", xml_declaration=True), status, media_type="text/xml; charset=utf-8")


def element(name: str, value: Any) -> ET.Element:
    """A record as XML: keys with ``@`` are attributes, ``#text`` is the text, lists are repeated, None is absent."""
    node = ET.Element(f"{{{WD}}}{name}")
    if not isinstance(value, dict):
        node.text = text(value)
        return node
    for key, inner in value.items():
        if inner is None:
            continue
        if key == "#text":
            node.text = text(inner)
        elif key.startswith("@"):
            node.set(f"{{{WD}}}{key[1:]}", text(inner))
        else:
            node.extend([element(key, one) for one in (inner if isinstance(inner, list) else [inner])])
    return node


def text(value: Any) -> str:
    """A scalar as Workday writes it: booleans as 1 and 0."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    return (
        value.isoformat()
        if isinstance(value, date)
        else format(value, "f")
        if isinstance(value, Decimal)
        else str(value)
    )


def local(tag: str) -> str:
    """The name of an element without its namespace."""
    return tag.rpartition("}")[2]


def find(node: ET.Element | None, path: str) -> ET.Element | None:
    """The first element at a path of Workday's names."""
    return None if node is None else node.find("/".join(f"{{{WD}}}{part}" for part in path.split("/")))


def all_of(node: ET.Element | None, path: str) -> list[ET.Element]:
    """All elements at a path of Workday's names."""
    return [] if node is None else node.findall("/".join(f"{{{WD}}}{part}" for part in path.split("/")))


def words(node: ET.Element | None, path: str) -> str | None:
    """The text at a path, None when absent."""
    found = find(node, path)
    return None if found is None else (found.text or "").strip()


def is_true(node: ET.Element | None, path: str) -> bool:
    """A boolean of a request; absent counts as false."""
    return words(node, path) in ("1", "true")


def ids(node: ET.Element) -> Iterator[tuple[str, str]]:
    """(type, value) of a reference's ids."""
    for one in all_of(node, "ID"):
        yield one.get(f"{{{WD}}}type", ""), (one.text or "").strip()
