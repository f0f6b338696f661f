"""What the demonstration's shop sells, where its stores are, and the campaigns it sends."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoProduct:
    """A product on sale."""

    id: str
    name: str
    category: str
    brand: str
    price_cents: int


PRODUCTS = tuple(
    DemoProduct(id=sku, name=name, category=category, brand=brand, price_cents=price_cents)
    for sku, name, category, brand, price_cents in (
        ("SKU-1001", "Linen Summer Shirt", "Clothing", "Harbour & Co", 4990),
        ("SKU-1002", "Selvedge Denim Jeans", "Clothing", "Northfield", 8990),
        ("SKU-1003", "Merino Crew Sweater", "Clothing", "Harbour & Co", 7990),
        ("SKU-1004", "Waxed Rain Jacket", "Clothing", "Northfield", 14900),
        ("SKU-1005", "Organic Cotton Tee", "Clothing", "Plain Goods", 1990),
        ("SKU-2001", "Trail Running Shoes", "Shoes", "Alpina", 12900),
        ("SKU-2002", "Leather Chelsea Boots", "Shoes", "Mason", 16900),
        ("SKU-2003", "Canvas Sneakers", "Shoes", "Plain Goods", 5990),
        ("SKU-3001", "Cast Iron Skillet 26 cm", "Kitchen", "Hearth", 4490),
        ("SKU-3002", "Pour-Over Coffee Set", "Kitchen", "Morning Ritual", 3990),
        ("SKU-3003", "Chef's Knife 20 cm", "Kitchen", "Hearth", 8990),
        ("SKU-3004", "Stoneware Bowl Set", "Kitchen", "Hearth", 5490),
        ("SKU-4001", "Wool Throw Blanket", "Home", "Nordlys", 6990),
        ("SKU-4002", "Ceramic Table Lamp", "Home", "Nordlys", 7990),
        ("SKU-4003", "Beeswax Candle Trio", "Home", "Plain Goods", 2490),
        ("SKU-4004", "Linen Duvet Cover", "Home", "Nordlys", 11900),
        ("SKU-5001", "Wireless Headphones", "Electronics", "Aural", 17900),
        ("SKU-5002", "Portable Speaker", "Electronics", "Aural", 8900),
        ("SKU-5003", "E-Reader 7 inch", "Electronics", "Folio", 13900),
        ("SKU-6001", "Yoga Mat", "Sport", "Alpina", 3490),
        ("SKU-6002", "Insulated Bottle 750 ml", "Sport", "Alpina", 2990),
        ("SKU-6003", "Daypack 22 L", "Sport", "Alpina", 7490),
        ("SKU-7001", "Hand Cream", "Care", "Plain Goods", 1290),
        ("SKU-7002", "Cedar Shampoo Bar", "Care", "Plain Goods", 990),
    )
)

STORES = ("store-las-vegas", "store-chicago", "store-san-francisco", "store-columbus")
CAMPAIGNS = ("autumn-edit", "members-week", "new-arrivals")
SEARCHES = ("rain jacket", "coffee", "headphones", "boots", "gift", "lamp", "yoga", "backpack")
CONTACT_REASONS = ("Where is my order", "Exchange for another size", "Invoice needed", "Damaged on arrival")
CURRENCY = "USD"
