"""The kinds of interaction that a touchpoint can be."""

TOUCHPOINT_TYPES = (
    "page_view",
    "screen_view",
    "search",
    "list_view",
    "product_view",
    "cart",
    "wishlist",
    "checkout",
    "order",
    "return",
    "promotion",
    "coupon",
    "review",
    "share",
    "store_visit",
    "email_sent",
    "email_open",
    "email_click",
    "service_contact",
    "sign_up",
    "sign_in",
    "sign_out",
    "app_lifecycle",
    "group",
    "alias",
    "other",
)

CHANNELS = ("web", "app", "store", "email", "service", "other")
