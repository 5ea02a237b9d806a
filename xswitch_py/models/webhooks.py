"""Webhooks, and what became of what they were told."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints

from xswitch_py.base import records
from xswitch_py.models.events import Types
from xswitch_py.models.given import SECRET, left_out
from xswitch_py.models.shape import Model, Moment, Text

__all__ = ["Delivery", "NewWebhook", "Webhook", "WebhookChange", "WebhookMade"]

Url = Annotated[str, StringConstraints(max_length=2000, pattern=r"^https?://[!-~]+$")]
Secret = Annotated[str, StringConstraints(max_length=100, pattern=r"^whsec_[A-Za-z0-9+/]+={0,2}$"), SECRET]


class NewWebhook(Model):
    """Where events are to be told."""

    url: Url
    """By https; by plain http only in networks that the configuration allows."""
    events: Types = Field(default_factory=list, examples=[["call.ended", "recording.*"]])
    """Types of events, or `call.*` for all of a kind; none means all."""
    description: Text = ""
    """For people."""
    enabled: bool = True
    """One that is not is told nothing."""
    secret: Secret | None = Field(default=None, repr=False)
    """What deliveries are signed with, as Standard Webhooks has it: `whsec_` and the base64 of 24 to 64 bytes. Left
    out: one is made up."""


class WebhookChange(Model):
    """What is to change of a webhook; the rest stays."""

    url: Url = left_out()
    """By https; by plain http only in networks that the configuration allows."""
    events: Types = left_out()
    """Types of events, or `call.*` for all of a kind; none means all."""
    description: Text = left_out()
    """For people."""
    enabled: bool = left_out()
    """One that is not is told nothing."""
    secret: Secret = left_out(repr=False)
    """From the next attempt on, also of what waits."""


class Webhook(Model):
    """A place where events are told. A server that answers 410 disables it."""

    id: str
    """`hook_...`"""
    url: str
    """Where events are told."""
    events: list[str]
    """Their types, or `call.*` for all of a kind; none means all."""
    description: str
    """For people."""
    enabled: bool
    """One that is not is told nothing."""
    created: Moment
    changed: Moment

    @classmethod
    def of(cls, row: records.Webhook) -> Self:
        """Show one."""
        return cls.model_validate(
            {
                "id": row.id,
                "url": row.url,
                "events": list(row.events),
                "description": row.description,
                "enabled": row.enabled,
                "created": row.created,
                "changed": row.changed,
            }
        )


class WebhookMade(Webhook):
    """A webhook that was just made."""

    secret: str = Field(default="", repr=False)
    """What deliveries are signed with; shown this once."""

    def plain(self) -> Webhook:
        """Return it as it is shown from now on."""
        return Webhook.model_validate(self.model_dump(exclude={"secret"}))


class Delivery(Model):
    """One event on its way to a webhook."""

    id: str
    """`msg_...`: the header `webhook-id`, the same at every attempt."""
    event: str
    """The event's id."""
    type: str
    status: Literal["waiting", "delivered", "failed"]
    attempts: int
    created: Moment
    next_attempt: Moment | None
    finished: Moment | None
    code: int | None
    """The HTTP status of the last answer."""
    error: str
    """Why there was none."""

    @classmethod
    def of(cls, row: records.Delivery) -> Self:
        """Show one."""
        return cls.model_validate(
            {
                "id": row.id,
                "event": row.event,
                "type": row.type,
                "status": row.status,
                "attempts": row.attempts,
                "created": row.created,
                "next_attempt": row.next_at,
                "finished": row.finished,
                "code": row.code,
                "error": row.error,
            }
        )
