"""What kind of interaction an event is and where it happened, from the names that the Segment specs give."""

from functools import lru_cache
from typing import Any, Final

from graph.model.touchpoint_types import CHANNELS
from ingest.normalise.text import fold, scalar
from ingest.wire import Page, Screen, WireEvent

_EVENTS: Final[dict[str, tuple[str, ...]]] = {
    "search": ("products searched", "search", "searched", "search performed", "site searched"),
    "list_view": ("product list viewed", "product list filtered", "collection viewed", "category viewed"),
    "product_view": ("product viewed", "product clicked", "viewed product"),
    "cart": ("product added", "product removed", "cart viewed", "cart updated", "cart shared", "cart abandoned", "added to cart"),
    "wishlist": ("product added to wishlist", "product removed from wishlist", "wishlist product added to cart"),
    "checkout": (
        "checkout started",
        "checkout step viewed",
        "checkout step completed",
        "payment info entered",
        "shipping info entered",
        "checkout abandoned",
    ),
    "order": ("order completed", "order updated", "order placed", "purchase", "purchased", "transaction completed"),
    "return": ("order refunded", "order cancelled", "order canceled", "order returned", "product returned", "return completed"),
    "promotion": (
        "promotion viewed",
        "promotion clicked",
        "campaign received",
        "campaign viewed",
        "offer viewed",
        "offer redeemed",
    ),
    "coupon": ("coupon entered", "coupon applied", "coupon denied", "coupon removed", "coupon redeemed"),
    "review": ("product reviewed", "review submitted", "store reviewed"),
    "share": ("product shared", "shared"),
    "store_visit": ("store visited", "store visit", "store entered", "visited store", "checked in"),
    "email_sent": ("email sent", "email delivered"),
    "email_open": ("email opened",),
    "email_click": ("email link clicked", "email clicked"),
    "service_contact": (
        "ticket created",
        "ticket opened",
        "ticket updated",
        "ticket closed",
        "ticket solved",
        "conversation started",
        "conversation closed",
        "live chat conversation started",
        "live chat message sent",
        "live chat message received",
        "live chat conversation ended",
        "support contacted",
        "call received",
        "call completed",
        "complaint received",
    ),
    "sign_up": ("signed up", "account created", "registered", "loyalty joined", "user registered"),
    "sign_in": ("signed in", "logged in", "login"),
    "sign_out": ("signed out", "logged out", "logout"),
    "app_lifecycle": (
        "application installed",
        "application opened",
        "application updated",
        "application backgrounded",
        "application foregrounded",
        "application crashed",
        "application uninstalled",
        "push notification received",
        "push notification tapped",
        "push notification bounced",
        "install attributed",
        "deep link clicked",
        "deep link opened",
    ),
    "page_view": ("page viewed", "viewed page"),
    "screen_view": ("screen viewed", "viewed screen"),
}
_TYPE_OF: Final = {name: kind for kind, names in _EVENTS.items() for name in names}

_CHANNEL_NAMES: Final = {
    **{channel: channel for channel in CHANNELS},
    **dict.fromkeys(("website", "browser", "online", "ecommerce", "site", "desktop", "mobile web"), "web"),
    **dict.fromkeys(("mobile", "mobile app", "ios", "android", "application"), "app"),
    **dict.fromkeys(("pos", "retail", "in store", "instore", "shop", "branch", "offline"), "store"),
    **dict.fromkeys(("e mail", "mail", "newsletter"), "email"),
    **dict.fromkeys(("support", "call center", "call centre", "phone", "chat", "helpdesk"), "service"),
}
_CHANNEL_OF_TYPE: Final = {
    "email_sent": "email",
    "email_open": "email",
    "email_click": "email",
    "store_visit": "store",
    "service_contact": "service",
    "app_lifecycle": "app",
    "screen_view": "app",
}
_APP_SYSTEMS: Final = frozenset(("ios", "android", "ipados", "tvos", "watchos"))
_APP_LIBRARIES: Final = ("ios", "android", "swift", "kotlin", "react native", "flutter", "xamarin", "unity")
_WEB_LIBRARIES: Final = ("analyticsjs", "analytics js", "analytics next", "consent wrapper")


@lru_cache(maxsize=8_192)
def touchpoint_type(event_name: str) -> str:
    """The kind of interaction that an event's name stands for; ``other`` when it is none of the specs'."""
    return _TYPE_OF.get(fold(event_name), "other")


def channel_of(event: WireEvent, kind: str, properties: dict[str, Any]) -> str:
    """Where it happened: as the event states, else as its kind implies, else by the device or library that sent it."""
    context = event.context
    for stated in (context.channel, properties.get("channel"), (event.model_extra or {}).get("channel")):
        if stated is not None and (channel := _channel_named(scalar(stated) or "")) is not None:
            return channel
    if (implied := _CHANNEL_OF_TYPE.get(kind)) is not None:
        return implied
    if isinstance(event, Page):
        return "web"
    if isinstance(event, Screen):
        return "app"
    extra = context.model_extra or {}
    return _channel_of_sender(
        _named(extra, "os"), _named({"device": context.device}, "device", "type"), _named(extra, "library")
    ) or ("web" if context.page else "other")


@lru_cache(maxsize=4_096)
def _channel_named(text: str) -> str | None:
    return _CHANNEL_NAMES.get(fold(text))


@lru_cache(maxsize=4_096)
def _channel_of_sender(system: str, device: str, library: str) -> str | None:
    name = fold(library)
    if any(word in name for word in _WEB_LIBRARIES):
        return "web"
    if fold(system) in _APP_SYSTEMS or fold(device) in _APP_SYSTEMS or any(word in name for word in _APP_LIBRARIES):
        return "app"
    return None


def _named(values: dict[str, Any], field: str, key: str = "name") -> str:
    value = values.get(field)
    return (scalar(value.get(key)) or "") if isinstance(value, dict) else ""
