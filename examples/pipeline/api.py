#!/usr/bin/env python3
"""The shop's HTTP API, for the demo: GET /v1/orders?batch=N gives {"batch": N, "items": [...]}, always the same for the same N.

Batch 3 has too many orders without a price, batch 4 is not there before the second call. Usage: api.py PORT
"""
import json
import random
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

GROUPS = {
    "books": ["Atlas", "Cookbook", "Träumerei", "Field guide"],
    "food": ["Olive oil", "Crème fraîche", "Rye bread", "Honey"],
    "garden": ["Spade", "Watering can", "Rose 'Peace'", "Gloves"],
    "toys": ["Kite", "Puzzle, 500 pieces", "Marbles", "Yo-yo"],
}


def orders(batch):
    chance = random.Random(batch)
    for number in range(90):
        group = chance.choice(sorted(GROUPS))
        missing = chance.random() < (0.3 if batch == 3 else 0.01)
        yield {
            "id": batch * 1000 + number,
            "group": group,
            "name": chance.choice(GROUPS[group]),
            "promo": f"{chance.choice(['SPRING', 'WELCOME', 'B2B'])}-{chance.randrange(10000):04d}",
            "price": None if missing else chance.randrange(100, 9000) / 100,
            "ordered": f"2024-{batch:02d}-{number % 28 + 1:02d}T{number % 24:02d}:30:00",
        }


class Shop(BaseHTTPRequestHandler):
    calls = 0

    def do_GET(self):
        url = urlparse(self.path)
        batch = int(parse_qs(url.query).get("batch", ["0"])[0])
        Shop.calls += batch == 4
        if url.path != "/v1/orders":
            self.answer(404, {"error": "no such resource"})
        elif batch == 4 and Shop.calls < 2:
            self.answer(503, {"error": "busy, try again"})
        else:
            self.answer(200, {"batch": batch, "items": list(orders(batch))})

    do_HEAD = do_GET

    def answer(self, status, body):
        data = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Shop).serve_forever()
