"""Requests to Workday's web services: SOAP 1.1 with a WS-Security user name, faults told apart.

Every fault arrives with status 500, a wrong password too: repeating it as a server error would lock the user.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

import requests
from defusedxml.ElementTree import fromstring

from ingestion.http.errors import PermanentError
from ingestion.http.session import TRANSIENT_STATUS, BrokenAnswer, VendorSession
from ingestion.sources.workday.settings import SERVICE, SYSTEM, WorkdayCredentials

WD = "urn:com.workday/bsvc"
_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_SECURITY = f"{_WSS}wssecurity-secext-1.0.xsd"
_PASSWORD_TEXT = f"{_WSS}username-token-profile-1.0#PasswordText"
_PERMANENT_KINDS = ("authenticationerror", "validationerror", "processingerror")
_PERMANENT_DETAILS = {f"{{{WD}}}Validation_Fault", f"{{{WD}}}Processing_Fault"}

# A request element: a scalar, or its children by name in the order of the schema; None leaves it out.
Content = str | int | bool | None | Mapping[str, Any]


class SoapClient:
    """Calls of one web service of one tenant."""

    def __init__(self, config: WorkdayCredentials) -> None:
        self._config = config
        self._url = f"{config.base_url.rstrip('/')}/ccx/service/{config.tenant}/{SERVICE}/{config.version}"
        self._session = VendorSession(
            SYSTEM,
            headers={"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'},
            is_transient=_is_transient,
            describe=self._describe,
            remedy="check the credentials, the version and the security groups of the integration system user",
        )

    def call(self, request: str, content: Mapping[str, Content], answer: str) -> ET.Element:
        """The element ``answer`` of the response to one request; raises PermanentError for a fault, TransientError."""

        def decode(body: bytes) -> ET.Element:
            try:
                root = parse(body)
            except ValueError:
                raise BrokenAnswer("XML") from None
            found = root.find(f"{{{_ENVELOPE}}}Body/{{{WD}}}{answer}")
            if found is None:
                raise PermanentError(
                    f"{SYSTEM}: the answer to {request} holds no {answer}; check that the address is the tenant's "
                    "services host and its version is supported"
                )
            return found

        return self._session.decoded("POST", self._url, decode, data=self._envelope(request, content))

    def _envelope(self, request: str, content: Mapping[str, Content]) -> bytes:
        root = ET.Element(f"{{{_ENVELOPE}}}Envelope")
        security = ET.SubElement(ET.SubElement(root, f"{{{_ENVELOPE}}}Header"), f"{{{_SECURITY}}}Security")
        token = ET.SubElement(security, f"{{{_SECURITY}}}UsernameToken")
        ET.SubElement(token, f"{{{_SECURITY}}}Username").text = f"{self._config.username}@{self._config.tenant}"
        password = ET.SubElement(token, f"{{{_SECURITY}}}Password", {"Type": _PASSWORD_TEXT})
        password.text = self._config.password
        body = ET.SubElement(ET.SubElement(root, f"{{{_ENVELOPE}}}Body"), f"{{{WD}}}{request}")
        body.set(f"{{{WD}}}version", self._config.version)
        _fill(body, content)
        return ET.tostring(root, "utf-8", xml_declaration=True)

    def _describe(self, response: requests.Response) -> str:
        """The fault's own words, without the password that one might repeat."""
        fault = _fault(response.content)
        details = fault.iterfind(f".//{{{WD}}}Detail_Message")
        said = dict.fromkeys(filter(None, (fault.findtext("faultstring"), *(d.text for d in details))))
        # Details mostly repeat a part of what was said before.
        told = [one for one in said if not any(one in other for other in said if other != one)]
        return "; ".join(told).replace(self._config.password, "***")


def parse(body: bytes) -> ET.Element:
    """The root of an XML document; raises ValueError for what is none, or has entities of its own."""
    try:
        root: ET.Element = fromstring(body)
    except ET.ParseError as error:
        raise ValueError(str(error)) from None
    return root


def _fill(parent: ET.Element, content: Mapping[str, Content]) -> None:
    for name, value in content.items():
        if value is None:
            continue
        child = ET.SubElement(parent, f"{{{WD}}}{name}")
        if isinstance(value, Mapping):
            _fill(child, value)
        else:
            child.text = str(value).lower() if isinstance(value, bool) else str(value)


def _fault(body: bytes) -> ET.Element:
    found = parse(body).find(f"{{{_ENVELOPE}}}Body/{{{_ENVELOPE}}}Fault")
    if found is None:
        raise ValueError("no fault")
    return found


def _is_transient(response: requests.Response) -> bool:
    """A 500 is, unless it is a fault that another attempt cannot mend; a 500 without a fault is no answer of Workday's."""
    if response.status_code != 500:
        return response.status_code in TRANSIENT_STATUS
    fault = _fault(response.content)
    code = (fault.findtext("faultcode") or "").rpartition(":")[2]
    kind, _, detail_kind = code.partition(".")
    is_permanent = (
        kind == "Client"
        or detail_kind.lower() in _PERMANENT_KINDS
        or any(block.tag in _PERMANENT_DETAILS for block in fault.iterfind("detail/*"))
    )
    return not is_permanent
