#!/usr/bin/env python3
"""Writes examples/data/products.ndjson: 3,000 made-up products of a shop that does not exist.

The same seed gives the same file: scripts/make_products.py > examples/data/products.ndjson
"""
import json
import random

COUNT = 3000
SEED = 20240611

# Category: things, materials or kinds, price range in cents, how long a cache may keep it.
CATEGORIES = {
    "lighting": (["desk lamp", "floor lamp", "lantern", "reading light", "string lights"],
                 ["brass", "oak", "frosted glass", "matt black", "copper"], (1900, 24900), "12h"),
    "kitchen": (["kettle", "frying pan", "bread knife", "carafe", "mixing bowl", "teapot"],
                ["cast iron", "enamel", "stoneware", "stainless steel", "beech"], (900, 15900), "12h"),
    "office": (["notebook", "desk tray", "fountain pen", "pin board", "paper knife"],
               ["recycled", "linen", "walnut", "cork", "aluminium"], (400, 8900), "1d"),
    "outdoor": (["tent", "hammock", "camp stove", "rain jacket", "flask", "head torch"],
                ["ultralight", "two-person", "waxed", "titanium", "four-season"], (1500, 59900), "6h"),
    "audio": (["headphones", "bookshelf speaker", "turntable", "microphone"],
              ["wireless", "studio", "open-back", "compact", "walnut"], (3900, 89900), "30m"),
    "garden": (["watering can", "trowel", "planter", "bird feeder", "hose"],
               ["zinc", "terracotta", "cedar", "forged", "ten-metre"], (700, 11900), "2d"),
}
ADJECTIVES = ["Quiet", "Northern", "Little", "Plain", "Evening", "Harbour", "Granite", "Meadow",
              "Amber", "Tidal", "Willow", "Copperfield", "Slate", "Linden", "Juniper"]
COLOURS = ["sand", "moss", "ink", "rust", "chalk", "dusk", "Grün", "bleu nuit", "café"]


def product(number, rng):
    category = rng.choice(sorted(CATEGORIES))
    things, kinds, (low, high), ttl = CATEGORIES[category]
    thing, kind = rng.choice(things), rng.choice(kinds)
    sku = f"{category[:3].upper()}-{number:05d}"
    value = {
        "sku": sku,
        "name": f"{rng.choice(ADJECTIVES)} {kind} {thing}",
        "colour": rng.choice(COLOURS),
        "price": rng.randrange(low, high, 50) / 100,
        "stock": max(0, int(rng.gauss(40, 35))),
        "rating": round(min(5.0, max(1.0, rng.gauss(4.1, 0.6))), 1),
    }
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return {"key": f"product:{sku}", "value": text, "ttl": ttl}


def main():
    rng = random.Random(SEED)
    for number in range(1, COUNT + 1):
        print(json.dumps(product(number, rng), ensure_ascii=False, separators=(",", ":")))


if __name__ == "__main__":
    main()
