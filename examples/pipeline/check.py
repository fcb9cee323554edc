#!/usr/bin/env python3
"""Computes the features anew from what the API says and compares. Usage: check.py PORT 'lines of the table features, tabs between'"""
import json
import sys
from decimal import Decimal
from urllib.request import urlopen

expected = []
for batch in range(1, 6):
    with urlopen(f"http://127.0.0.1:{sys.argv[1]}/v1/orders?batch={batch}") as answer:
        for item in json.load(answer, parse_float=Decimal)["items"]:
            flags = [int(item["group"] == group) for group in ("books", "food", "garden", "toys")]
            digits = sum(int(c) for c in item["promo"] if c.isdigit())
            price = "NULL" if item["price"] is None else f"{item['price']:.2f}"
            expected.append([str(item["id"]), *map(str, flags), str(len(item["name"])), str(digits), price])
got = [line.split("\t") for line in sys.argv[2].splitlines()]
made = {row[0] for row in got}
wanted = [row for row in expected if row[0] in made]
if got != wanted or len(got) <= 200:
    sys.exit(f"check: {len(got)} features are there; first difference: {next(((a, b) for a, b in zip(got, wanted) if a != b), None)}")
print(f"check: {len(got)} features are as the API's orders say")
