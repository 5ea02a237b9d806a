"""The tables are what the core expects of them."""

from xswitch_py.core import stores
from xswitch_py.store.open import Store


async def test_every_table_meets_its_protocol(store: Store) -> None:
    users: stores.UserStore = store.users
    keys: stores.KeyStore = store.keys
    sessions: stores.SessionStore = store.sessions
    routes: stores.RouteStore = store.routes
    gateways: stores.GatewayStore = store.gateways
    webhooks: stores.WebhookStore = store.webhooks
    deliveries: stores.DeliveryStore = store.deliveries
    audit: stores.AuditStore = store.audit
    recordings: stores.RecordingStore = store.recordings
    cdrs: stores.CdrStore = store.cdrs
    met = [users, keys, sessions, routes, gateways, webhooks, deliveries, audit, recordings, cdrs]
    assert len(met) == len(stores.__all__)


def test_no_protocol_is_empty_of_what_a_table_can() -> None:
    """What the core never asks is what only the switch itself does."""
    own = {"CdrStore": {"begin", "answered", "finish", "beat", "recover"}}
    for name, field in _FIELDS.items():
        table = Store.__annotations__[field]
        promised = {word for word in vars(getattr(stores, name)) if not word.startswith("_")}
        public = {word for word in vars(table) if not word.startswith("_")}
        assert public - own.get(name, set()) == promised, name


_FIELDS = {
    "UserStore": "users",
    "KeyStore": "keys",
    "SessionStore": "sessions",
    "RouteStore": "routes",
    "GatewayStore": "gateways",
    "WebhookStore": "webhooks",
    "DeliveryStore": "deliveries",
    "AuditStore": "audit",
    "RecordingStore": "recordings",
    "CdrStore": "cdrs",
}
