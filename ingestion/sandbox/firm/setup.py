"""The firm itself: companies, exchange rates, people, customers, standard rates."""

from __future__ import annotations

import unicodedata
from datetime import date
from decimal import Decimal

from ingestion.sandbox.facts import BillingCalendar, Customer, FxRate, LegalEntity, RateLine, Resource
from ingestion.sandbox.firm.basics import DAY, add_months, at
from ingestion.sandbox.firm.model import Book, Card

ENTITIES = {
    "USD": ("LE-US", "Northlight Consulting Inc.", "US", "America/New_York"),
    "EUR": ("LE-DE", "Northlight Beratung GmbH", "DE", "Europe/Berlin"),
    "GBP": ("LE-UK", "Northlight Consulting Ltd", "GB", "Europe/London"),
}
CURRENCY_MIX = ["USD"] * 12 + ["EUR"] * 5 + ["GBP"] * 3
RATES = {
    "Consultant": 150,
    "Senior Consultant": 195,
    "Developer": 160,
    "Data Engineer": 175,
    "Project Manager": 185,
    "Manager": 240,
    "Principal": 310,
}
ROLE_MIX = ["Consultant"] * 6 + ["Senior Consultant"] * 4 + ["Developer"] * 4 + ["Data Engineer"] * 3
ROLE_MIX += ["Project Manager", "Manager", "Principal"]
SERVICE_LINES = ["Advisory", "Data and Analytics", "Engineering", "Managed Services"]
PRICE_LEVEL = {"USD": Decimal(1), "EUR": Decimal("0.9"), "GBP": Decimal("0.8")}

FIRST = [
    "Ana",
    "Björn",
    "Chloé",
    "Dariusz",
    "Emeka",
    "Farida",
    "Giulia",
    "Hiroshi",
    "Ines",
    "João",
    "Katarína",
    "Liam",
    "Mei",
    "Nikolaj",
    "Olga",
    "Priya",
    "Quentin",
    "Renée",
    "Søren",
    "Tomás",
    "Umut",
    "Vera",
    "Wei",
    "Ximena",
    "Yuki",
    "Zoë",
]
LAST = [
    "Almeida",
    "Bäcker",
    "Chen",
    "Dvořák",
    "Eriksson",
    "Fernández",
    "García",
    "Hughes",
    "Ito",
    "Jørgensen",
    "Kaya",
    "Lefèvre",
    "Müller",
    "Novák",
    "Okafor",
    "Patel",
    "Quinn",
    "Rossi",
    "Schmidt",
    "Tanaka",
    "Usman",
    "Vermeulen",
    "Wójcik",
    "Xu",
    "Young",
    "Zhang",
    "O'Brien",
    "Nguyễn",
]
CUSTOMERS = {
    "USD": [
        ("Harbor & Pine Logistics", "US"),
        ("Ridgeline Health", "US"),
        ("株式会社青葉テクノロジー", "JP"),
        ("Calloway Foods", "US"),
        ("Sunstone Energy", "US"),
        ("北辰银行", "CN"),
        ("Café Peñarol Holdings", "US"),
        ("Meridian Rail", "US"),
        ("Oak Valley Insurance", "US"),
        ("Québec Aérien", "CA"),
        ("Tidewater Utilities", "US"),
        ("Blue Mesa Retail", "US"),
    ],
    "EUR": [
        ("Müller & Söhne AG", "DE"),
        ("Société Générale d'Éclairage", "FR"),
        ("Łódzkie Zakłady Chemiczne", "PL"),
        ("Energía Córdoba S.A.", "ES"),
        ("Tiefenbach Versicherung", "DE"),
        ("Åland Shipping Oy", "FI"),
    ],
    "GBP": [
        ("Thornbury Water plc", "GB"),
        ("Brecon & Hale LLP", "GB"),
        ("Siân Llewellyn Media", "GB"),
        ("Kelso Wind Ltd", "GB"),
    ],
}


def found(book: Book) -> None:
    """Record the firm's companies, calendars, exchange rates, people, customers and standard rate cards."""
    opened = at(add_months(book.starts_on, -12), 9)
    for currency, (key, name, country, timezone) in ENTITIES.items():
        book.add(
            "legal_entities",
            LegalEntity,
            opened,
            id=key,
            name=name,
            currency=currency,
            country=country,
            timezone=timezone,
        )
        book.add(
            "billing_calendars",
            BillingCalendar,
            opened,
            id=f"BC-{key}",
            name=f"Month end {country}",
            frequency="monthly",
            cutoff_day=31,
        )
        lines = _standard_lines(book, currency)
        book.standard_cards[currency] = Card(f"RC-STD-{currency}", "standard", None, currency, lines)
    _publish_fx(book)
    _hire(book)
    _win_customers(book)


def round_rate(rate: Decimal) -> Decimal:
    """A rate as people write it on a card: a multiple of five."""
    return (rate / 5).quantize(Decimal(1)) * 5


def service_line(book: Book, engagement: str) -> str:
    """The service line that an engagement's projects are sold by."""
    return book.chance("service line", engagement).choice(SERVICE_LINES)


def _standard_lines(book: Book, currency: str) -> list[RateLine]:
    """Standard rates, raised by 4 % at each new year of the simulated time."""
    years = range(book.starts_on.year, book.horizon.year + 1)
    lines = []
    for role, base in RATES.items():
        rate = round_rate(base * PRICE_LEVEL[currency])
        for year in years:
            lines.append(
                RateLine(
                    id=f"RC-STD-{currency}-{role.replace(' ', '')}-{year}",
                    role=role,
                    rate=rate,
                    valid_from=date(2020, 1, 1) if year == years[0] else date(year, 1, 1),
                    valid_to=date(year + 1, 1, 1) if year < years[-1] else None,
                )
            )
            rate = (rate * Decimal("1.04")).quantize(Decimal(1))
    return lines


def _publish_fx(book: Book) -> None:
    """Spot rates of every calendar day, each pair to USD and back."""
    for currency, start in (("EUR", 10850), ("GBP", 12700)):
        r = book.chance("fx", currency)
        level = start
        day = add_months(book.starts_on, -1)
        while day <= book.horizon + DAY * 7:
            level += r.randint(-40, 40) + (start - level) // 50
            to_usd = Decimal(level) / 10000
            back = (1 / to_usd).quantize(Decimal("0.00000001"))
            for pair, rate in (((currency, "USD"), to_usd), (("USD", currency), back)):
                book.fx[(*pair, day)] = rate
                book.add(
                    "fx_rates",
                    FxRate,
                    at(day, 5),
                    id=f"FX-{pair[0]}-{pair[1]}-{day}",
                    from_currency=pair[0],
                    to_currency=pair[1],
                    rate_date=day,
                    rate=rate,
                )
            day += DAY


def _hire(book: Book) -> None:
    for n in range(1, book.staff + 1):
        key = f"R{n:03d}"
        book.people[key] = book.chance("role", key).choice(ROLE_MIX)
        currency = CURRENCY_MIX[(n * 7) % len(CURRENCY_MIX)]
        hire(book, key, book.people[key], currency, "contractor" if n % 9 == 0 else "employee")


def hire(book: Book, key: str, role: str, currency: str, kind: str) -> None:
    """Add a person; the e-mail address is plain ASCII and unique."""
    r = book.chance("person", key)
    first, last = r.choice(FIRST), r.choice(LAST)
    ascii_name = "".join(
        c
        for c in unicodedata.normalize("NFKD", f"{first}.{last}".replace("ø", "o").replace("Ø", "O"))
        if c.isascii() and (c.isalnum() or c == ".")
    )
    book.add(
        "resources",
        Resource,
        at(add_months(book.starts_on, -r.randint(1, 12)), 9),
        id=key,
        name=f"{first} {last}",
        email=f"{ascii_name}.{key}@northlight.example".lower(),
        role=role,
        legal_entity=ENTITIES[currency][0],
        kind=kind,
        cost_rate=round_rate(RATES.get(role, 150) * PRICE_LEVEL[currency] * Decimal("0.45")),
        cost_currency=currency,
    )


def _win_customers(book: Book) -> None:
    wanted = max(20, book.staff // 4)
    created = at(add_months(book.starts_on, -10), 10)
    for n in range(wanted):
        currency = CURRENCY_MIX[(n * 7) % len(CURRENCY_MIX)]
        group = book.customers.setdefault(currency, [])
        names = CUSTOMERS[currency]
        name, country = names[len(group) % len(names)]
        region = len(group) // len(names)
        key = f"C{n + 1:03d}"
        book.payment_terms[key] = book.chance("terms", key).choice([30, 30, 30, 45, 60])
        book.add(
            "customers",
            Customer,
            created,
            id=key,
            name=f"{name} {region + 1}" if region else name,
            currency=currency,
            country=country,
            parent=group[0] if len(group) == 3 else None,
            payment_terms_days=book.payment_terms[key],
        )
        group.append(key)
