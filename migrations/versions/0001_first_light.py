"""All tables of the first release, and the triggers that keep inline notes as they are."""

from secrets import token_bytes, token_hex

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

FOLDED_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
JSON_OBJECT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

# Inline notes are evidence: the database refuses to change or remove them, whoever asks, and the
# same holds for the files on them.
INLINE_NOTE_CHANGED = "an inline note never changes"
INLINE_FILE_CHANGED = "a file on an inline note never changes"
OWNED_BY_INLINE_NOTE = "EXISTS (SELECT 1 FROM note WHERE id = OLD.note_id AND kind = 'INLINE')"


def upgrade() -> None:
    """Create everything."""
    if _is_postgresql():
        op.execute(sa.schema.CreateSequence(sa.Sequence("ticket_number")))
    op.create_table(
        "agent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", FOLDED_TEXT, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "ADMIN",
                "AGENT",
                name="agentrole",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("length(name) <= 200", name=op.f("ck_agent_name_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent")),
        sa.UniqueConstraint("email_key", name=op.f("uq_agent_email_key")),
    )
    op.create_index(op.f("ix_agent_name_key"), "agent", ["name_key"], unique=False)
    op.create_table(
        "brand",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", FOLDED_TEXT, nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("default_email_subject", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "length(default_email_subject) <= 2000",
            name=op.f("ck_brand_default_email_subject_length"),
        ),
        sa.CheckConstraint("length(name) <= 200", name=op.f("ck_brand_name_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brand")),
        sa.UniqueConstraint("name_key", name=op.f("uq_brand_name_key")),
    )
    op.create_table(
        "company",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", FOLDED_TEXT, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("length(name) <= 200", name=op.f("ck_company_name_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company")),
        sa.UniqueConstraint("name_key", name=op.f("uq_company_name_key")),
    )
    op.create_table(
        "event",
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=48), nullable=False),
        sa.Column(
            "actor_kind",
            sa.Enum(
                "AGENT",
                "CUSTOMER",
                "INTEGRATION",
                "AUTOMATION",
                name="actorkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("payload", JSON_OBJECT, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("topic", "seq", name=op.f("pk_event")),
    )
    op.create_index(op.f("ix_event_id"), "event", ["id"], unique=False)
    op.create_table(
        "idempotency_key",
        sa.Column(
            "actor_kind",
            sa.Enum(
                "AGENT",
                "CUSTOMER",
                "INTEGRATION",
                "AUTOMATION",
                name="actorkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("operation", sa.String(length=48), nullable=False),
        sa.Column("input_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("result_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("actor_kind", "actor_id", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_index(
        op.f("ix_idempotency_key_created_at"), "idempotency_key", ["created_at"], unique=False
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.String(length=8), nullable=False),
        sa.Column("secret", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_installation_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=48), nullable=False),
        sa.Column("payload", JSON_OBJECT, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index(
        op.f("ix_job_finished_at_run_at"), "job", ["finished_at", "run_at"], unique=False
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("claimant_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("claimant_hash", name=op.f("pk_sign_in_failures")),
    )
    op.create_index(
        op.f("ix_sign_in_failures_first_at"), "sign_in_failures", ["first_at"], unique=False
    )
    op.create_table(
        "tag",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("name_key", FOLDED_TEXT, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("length(name) <= 50", name=op.f("ck_tag_name_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag")),
        sa.UniqueConstraint("name_key", name=op.f("uq_tag_name_key")),
    )
    op.create_table(
        "team",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", FOLDED_TEXT, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("length(name) <= 200", name=op.f("ck_team_name_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("name_key", name=op.f("uq_team_name_key")),
    )
    op.create_table(
        "topic_head",
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("min_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", name=op.f("pk_topic_head")),
    )
    op.create_table(
        "api_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("scopes", JSON_OBJECT, nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("length(name) <= 200", name=op.f("ck_api_token_name_length")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["agent.id"], name=op.f("fk_api_token_created_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_index(
        op.f("ix_api_token_created_by_id"), "api_token", ["created_by_id"], unique=False
    )
    op.create_table(
        "brand_member",
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_brand_member_agent_id")),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_brand_member_brand_id")),
        sa.PrimaryKeyConstraint("brand_id", "agent_id", name=op.f("pk_brand_member")),
    )
    op.create_index(op.f("ix_brand_member_agent_id"), "brand_member", ["agent_id"], unique=False)
    op.create_table(
        "company_domain",
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_company_domain_company_id")
        ),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_company_domain")),
    )
    op.create_index(
        op.f("ix_company_domain_company_id"), "company_domain", ["company_id"], unique=False
    )
    op.create_table(
        "customer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", FOLDED_TEXT, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("email_key", sa.String(), nullable=True),
        sa.Column("phone", sa.String(length=16), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=True),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("length(name) <= 200", name=op.f("ck_customer_name_length")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_customer_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint("email_key", name=op.f("uq_customer_email_key")),
    )
    op.create_index(
        op.f("ix_customer_company_id_id"), "customer", ["company_id", "id"], unique=False
    )
    op.create_index(op.f("ix_customer_name_key_id"), "customer", ["name_key", "id"], unique=False)
    op.create_index(op.f("ix_customer_phone"), "customer", ["phone"], unique=False)
    op.create_table(
        "session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_session_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_session_token_hash")),
    )
    op.create_index(op.f("ix_session_agent_id"), "session", ["agent_id"], unique=False)
    op.create_table(
        "team_brand",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_team_brand_brand_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_brand_team_id")),
        sa.PrimaryKeyConstraint("team_id", "brand_id", name=op.f("pk_team_brand")),
    )
    op.create_index(op.f("ix_team_brand_brand_id"), "team_brand", ["brand_id"], unique=False)
    op.create_table(
        "team_member",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_team_member_agent_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_member_team_id")),
        sa.PrimaryKeyConstraint("team_id", "agent_id", name=op.f("pk_team_member")),
    )
    op.create_index(op.f("ix_team_member_agent_id"), "team_member", ["agent_id"], unique=False)
    op.create_table(
        "topic",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", FOLDED_TEXT, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("length(name) <= 200", name=op.f("ck_topic_name_length")),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_topic_brand_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic")),
        sa.UniqueConstraint("brand_id", "name_key", name=op.f("uq_topic_brand_id_name_key")),
    )
    op.create_table(
        "api_token_brand",
        sa.Column("api_token_id", sa.Uuid(), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["api_token_id"], ["api_token.id"], name=op.f("fk_api_token_brand_api_token_id")
        ),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("fk_api_token_brand_brand_id")
        ),
        sa.PrimaryKeyConstraint("api_token_id", "brand_id", name=op.f("pk_api_token_brand")),
    )
    op.create_index(
        op.f("ix_api_token_brand_brand_id"), "api_token_brand", ["brand_id"], unique=False
    )
    op.create_table(
        "channel_profile",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "EMAIL",
                "PHONE",
                "WEB",
                "INTERNAL",
                "LIVE_CHAT",
                "TELEGRAM",
                "VIBER",
                "SKYPE",
                "SLACK",
                "WHATSAPP",
                "LINE",
                "INSTAGRAM",
                "FACEBOOK",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("handle", sa.String(length=254), nullable=False),
        sa.Column("handle_key", FOLDED_TEXT, nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_email", sa.String(length=254), nullable=True),
        sa.Column("claimed_phone", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_channel_profile_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_profile")),
        sa.UniqueConstraint(
            "channel", "handle_key", name=op.f("uq_channel_profile_channel_handle_key")
        ),
    )
    op.create_index(
        op.f("ix_channel_profile_customer_id"), "channel_profile", ["customer_id"], unique=False
    )
    op.create_table(
        "customer_term",
        sa.Column("term", FOLDED_TEXT, nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_customer_term_customer_id")
        ),
        sa.PrimaryKeyConstraint("term", "customer_id", name=op.f("pk_customer_term")),
    )
    op.create_index(
        op.f("ix_customer_term_customer_id"), "customer_term", ["customer_id"], unique=False
    )
    op.create_table(
        "ticket",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "NEW",
                "OPEN",
                "PENDING",
                "ON_HOLD",
                "RESOLVED",
                "CLOSED",
                name="ticketstatus",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "priority",
            sa.Enum(
                "LOW",
                "MEDIUM",
                "HIGH",
                "URGENT",
                name="ticketpriority",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "channel",
            sa.Enum(
                "EMAIL",
                "PHONE",
                "WEB",
                "INTERNAL",
                "LIVE_CHAT",
                "TELEGRAM",
                "VIBER",
                "SKYPE",
                "SLACK",
                "WHATSAPP",
                "LINE",
                "INSTAGRAM",
                "FACEBOOK",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("topic_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("email_subject", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_response_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message_count", sa.Integer(), nullable=False),
        sa.Column("favorite_count", sa.Integer(), nullable=False),
        sa.Column("last_message_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "length(description) <= 2000", name=op.f("ck_ticket_description_length")
        ),
        sa.CheckConstraint(
            "length(email_subject) <= 2000", name=op.f("ck_ticket_email_subject_length")
        ),
        sa.CheckConstraint("length(title) <= 2000", name=op.f("ck_ticket_title_length")),
        sa.ForeignKeyConstraint(["assignee_id"], ["agent.id"], name=op.f("fk_ticket_assignee_id")),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_ticket_brand_id")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_ticket_customer_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_ticket_team_id")),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_ticket_topic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("number", name=op.f("uq_ticket_number")),
    )
    op.create_index(
        op.f("ix_ticket_assignee_id_updated_at_id"),
        "ticket",
        ["assignee_id", "updated_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_ticket_brand_id_updated_at_id"),
        "ticket",
        ["brand_id", "updated_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_ticket_created_at_id"), "ticket", ["created_at", "id"], unique=False)
    op.create_index(
        op.f("ix_ticket_customer_id_created_at_id"),
        "ticket",
        ["customer_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_ticket_team_id_updated_at_id"),
        "ticket",
        ["team_id", "updated_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_ticket_topic_id"), "ticket", ["topic_id"], unique=False)
    op.create_index(op.f("ix_ticket_updated_at_id"), "ticket", ["updated_at", "id"], unique=False)
    op.create_table(
        "interaction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column(
            "channel",
            sa.Enum(
                "EMAIL",
                "PHONE",
                "WEB",
                "INTERNAL",
                "LIVE_CHAT",
                "TELEGRAM",
                "VIBER",
                "SKYPE",
                "SLACK",
                "WHATSAPP",
                "LINE",
                "INSTAGRAM",
                "FACEBOOK",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("summary", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "closed_at IS NULL OR closed_at >= opened_at",
            name=op.f("ck_interaction_closes_after_opening"),
        ),
        sa.CheckConstraint("length(summary) <= 2000", name=op.f("ck_interaction_summary_length")),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_interaction_agent_id")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_interaction_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_interaction_ticket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interaction")),
    )
    op.create_index(
        op.f("ix_interaction_agent_id_closed_at_id"),
        "interaction",
        ["agent_id", "closed_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_interaction_customer_id_opened_at_id"),
        "interaction",
        ["customer_id", "opened_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_interaction_ticket_id"), "interaction", ["ticket_id"], unique=False)
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "EMAIL",
                "PHONE",
                "WEB",
                "INTERNAL",
                "LIVE_CHAT",
                "TELEGRAM",
                "VIBER",
                "SKYPE",
                "SLACK",
                "WHATSAPP",
                "LINE",
                "INSTAGRAM",
                "FACEBOOK",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "direction",
            sa.Enum(
                "INCOMING",
                "OUTGOING",
                name="messagedirection",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_html", sa.String(), nullable=True),
        sa.Column("external_id", sa.String(length=512), nullable=True),
        sa.Column("recipient", sa.String(), nullable=True),
        sa.Column(
            "delivery_state",
            sa.Enum(
                "QUEUED",
                "SENT",
                "FAILED",
                name="deliverystate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "author_kind",
            sa.Enum(
                "AGENT",
                "CUSTOMER",
                "INTEGRATION",
                "AUTOMATION",
                name="actorkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("length(body) <= 1048576", name=op.f("ck_message_body_length")),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_message_brand_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_message_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint(
            "brand_id",
            "channel",
            "external_id",
            name=op.f("uq_message_brand_id_channel_external_id"),
        ),
    )
    op.create_index(
        op.f("ix_message_ticket_id_created_at_id"),
        "message",
        ["ticket_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "INLINE",
                "TICKET",
                "CUSTOMER",
                "COMPANY",
                name="notekind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "author_kind",
            sa.Enum(
                "AGENT",
                "CUSTOMER",
                "INTEGRATION",
                "AUTOMATION",
                name="actorkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "\n    (kind IN ('INLINE', 'TICKET')\n        AND ticket_id IS NOT NULL AND customer_id IS NULL AND company_id IS NULL)\n    OR (kind = 'CUSTOMER'\n        AND customer_id IS NOT NULL AND ticket_id IS NULL AND company_id IS NULL)\n    OR (kind = 'COMPANY'\n        AND company_id IS NOT NULL AND ticket_id IS NULL AND customer_id IS NULL)\n",
            name=op.f("ck_note_owner_matches_kind"),
        ),
        sa.CheckConstraint("length(body) <= 10000", name=op.f("ck_note_body_length")),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_note_company_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_note_customer_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_note_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    op.create_index(
        op.f("ix_note_company_id_created_at_id"),
        "note",
        ["company_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_note_customer_id_created_at_id"),
        "note",
        ["customer_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_note_ticket_id_created_at_id"),
        "note",
        ["ticket_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "ticket_reference",
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("mail_id", sa.String(length=512), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("fk_ticket_reference_brand_id")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_reference_ticket_id")
        ),
        sa.PrimaryKeyConstraint("brand_id", "mail_id", name=op.f("pk_ticket_reference")),
    )
    op.create_index(
        op.f("ix_ticket_reference_ticket_id"), "ticket_reference", ["ticket_id"], unique=False
    )
    op.create_table(
        "ticket_tag",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("tag_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.id"], name=op.f("fk_ticket_tag_tag_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_tag_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "tag_id", name=op.f("pk_ticket_tag")),
    )
    op.create_index(op.f("ix_ticket_tag_tag_id"), "ticket_tag", ["tag_id"], unique=False)
    op.create_table(
        "ticket_term",
        sa.Column("term", FOLDED_TEXT, nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("of_title", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_term_ticket_id")
        ),
        sa.PrimaryKeyConstraint("term", "ticket_id", "of_title", name=op.f("pk_ticket_term")),
    )
    op.create_index(op.f("ix_ticket_term_ticket_id"), "ticket_term", ["ticket_id"], unique=False)
    op.create_table(
        "attachment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("note_id", sa.Uuid(), nullable=True),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("content_type", sa.String(length=127), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("storage_key", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "message_id IS NULL OR note_id IS NULL", name=op.f("ck_attachment_one_owner")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_attachment_message_id")
        ),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_attachment_note_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index(op.f("ix_attachment_message_id"), "attachment", ["message_id"], unique=False)
    op.create_index(op.f("ix_attachment_note_id"), "attachment", ["note_id"], unique=False)
    op.create_table(
        "favorite",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("note_id", sa.Uuid(), nullable=True),
        sa.Column("item_created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "added_by_kind",
            sa.Enum(
                "AGENT",
                "CUSTOMER",
                "INTEGRATION",
                "AUTOMATION",
                name="actorkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("added_by_id", sa.Uuid(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(message_id IS NULL) <> (note_id IS NULL)", name=op.f("ck_favorite_one_item")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_favorite_message_id")
        ),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_favorite_note_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_favorite_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_favorite")),
        sa.UniqueConstraint("message_id", name=op.f("uq_favorite_message_id")),
        sa.UniqueConstraint("note_id", name=op.f("uq_favorite_note_id")),
    )
    op.create_index(
        op.f("ix_favorite_ticket_id_item_created_at_id"),
        "favorite",
        ["ticket_id", "item_created_at", "id"],
        unique=False,
    )
    op.create_table(
        "interaction_tag",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("tag", sa.String(length=50), nullable=False),
        sa.Column("tag_key", FOLDED_TEXT, nullable=False),
        sa.CheckConstraint("length(tag) <= 50", name=op.f("ck_interaction_tag_tag_length")),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name=op.f("fk_interaction_tag_interaction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interaction_tag")),
        sa.UniqueConstraint(
            "interaction_id", "tag_key", name=op.f("uq_interaction_tag_interaction_id_tag_key")
        ),
    )
    op.create_table(
        "note_mention",
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_note_mention_agent_id")),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_note_mention_note_id")),
        sa.PrimaryKeyConstraint("note_id", "agent_id", name=op.f("pk_note_mention")),
    )
    op.create_index(op.f("ix_note_mention_agent_id"), "note_mention", ["agent_id"], unique=False)
    op.create_table(
        "note_reminder",
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_note_reminder_agent_id")),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_note_reminder_note_id")),
        sa.PrimaryKeyConstraint("note_id", name=op.f("pk_note_reminder")),
    )
    op.create_index(
        op.f("ix_note_reminder_agent_id_due_at"),
        "note_reminder",
        ["agent_id", "due_at"],
        unique=False,
    )
    op.create_table(
        "note_revision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "author_kind",
            sa.Enum(
                "AGENT",
                "CUSTOMER",
                "INTEGRATION",
                "AUTOMATION",
                name="actorkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_note_revision_note_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note_revision")),
    )
    op.create_index(
        op.f("ix_note_revision_note_id_created_at_id"),
        "note_revision",
        ["note_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "note_todo",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("length(text) <= 2000", name=op.f("ck_note_todo_text_length")),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_note_todo_note_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note_todo")),
    )
    op.create_index(
        op.f("ix_note_todo_note_id_position"), "note_todo", ["note_id", "position"], unique=False
    )
    _guard("note", "OLD.kind = 'INLINE'", INLINE_NOTE_CHANGED)
    _guard("attachment", OWNED_BY_INLINE_NOTE, INLINE_FILE_CHANGED)
    op.execute(
        sa.text(
            "INSERT INTO installation (id, epoch, secret) VALUES (1, :epoch, :secret)"
        ).bindparams(epoch=token_hex(4), secret=token_bytes(32))
    )


def downgrade() -> None:
    """Drop everything."""
    _unguard("attachment")
    _unguard("note")
    op.drop_index(op.f("ix_note_todo_note_id_position"), table_name="note_todo")
    op.drop_table("note_todo")
    op.drop_index(op.f("ix_note_revision_note_id_created_at_id"), table_name="note_revision")
    op.drop_table("note_revision")
    op.drop_index(op.f("ix_note_reminder_agent_id_due_at"), table_name="note_reminder")
    op.drop_table("note_reminder")
    op.drop_index(op.f("ix_note_mention_agent_id"), table_name="note_mention")
    op.drop_table("note_mention")
    op.drop_table("interaction_tag")
    op.drop_index(op.f("ix_favorite_ticket_id_item_created_at_id"), table_name="favorite")
    op.drop_table("favorite")
    op.drop_index(op.f("ix_attachment_note_id"), table_name="attachment")
    op.drop_index(op.f("ix_attachment_message_id"), table_name="attachment")
    op.drop_table("attachment")
    op.drop_index(op.f("ix_ticket_term_ticket_id"), table_name="ticket_term")
    op.drop_table("ticket_term")
    op.drop_index(op.f("ix_ticket_tag_tag_id"), table_name="ticket_tag")
    op.drop_table("ticket_tag")
    op.drop_index(op.f("ix_ticket_reference_ticket_id"), table_name="ticket_reference")
    op.drop_table("ticket_reference")
    op.drop_index(op.f("ix_note_ticket_id_created_at_id"), table_name="note")
    op.drop_index(op.f("ix_note_customer_id_created_at_id"), table_name="note")
    op.drop_index(op.f("ix_note_company_id_created_at_id"), table_name="note")
    op.drop_table("note")
    op.drop_index(op.f("ix_message_ticket_id_created_at_id"), table_name="message")
    op.drop_table("message")
    op.drop_index(op.f("ix_interaction_ticket_id"), table_name="interaction")
    op.drop_index(op.f("ix_interaction_customer_id_opened_at_id"), table_name="interaction")
    op.drop_index(op.f("ix_interaction_agent_id_closed_at_id"), table_name="interaction")
    op.drop_table("interaction")
    op.drop_index(op.f("ix_ticket_updated_at_id"), table_name="ticket")
    op.drop_index(op.f("ix_ticket_topic_id"), table_name="ticket")
    op.drop_index(op.f("ix_ticket_team_id_updated_at_id"), table_name="ticket")
    op.drop_index(op.f("ix_ticket_customer_id_created_at_id"), table_name="ticket")
    op.drop_index(op.f("ix_ticket_created_at_id"), table_name="ticket")
    op.drop_index(op.f("ix_ticket_brand_id_updated_at_id"), table_name="ticket")
    op.drop_index(op.f("ix_ticket_assignee_id_updated_at_id"), table_name="ticket")
    op.drop_table("ticket")
    op.drop_index(op.f("ix_customer_term_customer_id"), table_name="customer_term")
    op.drop_table("customer_term")
    op.drop_index(op.f("ix_channel_profile_customer_id"), table_name="channel_profile")
    op.drop_table("channel_profile")
    op.drop_index(op.f("ix_api_token_brand_brand_id"), table_name="api_token_brand")
    op.drop_table("api_token_brand")
    op.drop_table("topic")
    op.drop_index(op.f("ix_team_member_agent_id"), table_name="team_member")
    op.drop_table("team_member")
    op.drop_index(op.f("ix_team_brand_brand_id"), table_name="team_brand")
    op.drop_table("team_brand")
    op.drop_index(op.f("ix_session_agent_id"), table_name="session")
    op.drop_table("session")
    op.drop_index(op.f("ix_customer_phone"), table_name="customer")
    op.drop_index(op.f("ix_customer_name_key_id"), table_name="customer")
    op.drop_index(op.f("ix_customer_company_id_id"), table_name="customer")
    op.drop_table("customer")
    op.drop_index(op.f("ix_company_domain_company_id"), table_name="company_domain")
    op.drop_table("company_domain")
    op.drop_index(op.f("ix_brand_member_agent_id"), table_name="brand_member")
    op.drop_table("brand_member")
    op.drop_index(op.f("ix_api_token_created_by_id"), table_name="api_token")
    op.drop_table("api_token")
    op.drop_table("topic_head")
    op.drop_table("team")
    op.drop_table("tag")
    op.drop_index(op.f("ix_sign_in_failures_first_at"), table_name="sign_in_failures")
    op.drop_table("sign_in_failures")
    op.drop_index(op.f("ix_job_finished_at_run_at"), table_name="job")
    op.drop_table("job")
    op.drop_table("installation")
    op.drop_index(op.f("ix_idempotency_key_created_at"), table_name="idempotency_key")
    op.drop_table("idempotency_key")
    op.drop_index(op.f("ix_event_id"), table_name="event")
    op.drop_table("event")
    op.drop_table("company")
    op.drop_table("brand")
    op.drop_index(op.f("ix_agent_name_key"), table_name="agent")
    op.drop_table("agent")
    if _is_postgresql():
        op.execute(sa.schema.DropSequence(sa.Sequence("ticket_number")))


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _guard(table: str, condition: str, message: str) -> None:
    """Keep the rows that meet the condition from being changed, removed or replaced."""
    if _is_postgresql():
        op.execute(
            f"""
            CREATE FUNCTION refuse_{table}_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF {condition} THEN
                    RAISE EXCEPTION '{message}' USING ERRCODE = 'restrict_violation';
                END IF;
                RETURN COALESCE(NEW, OLD);
            END $$
            """
        )
        op.execute(
            f"""
            CREATE TRIGGER {table}_immutable BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse_{table}_change()
            """
        )
        op.execute(
            f"""
            CREATE FUNCTION refuse_{table}_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION '{message}' USING ERRCODE = 'restrict_violation';
            END $$
            """
        )
        op.execute(
            f"""
            CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_{table}_truncate()
            """
        )
        return
    # REPLACE removes the row that is in its way, and no DELETE trigger sees it.
    conflicting = f"SELECT 1 FROM {table} AS old WHERE old.id = NEW.id"  # noqa: S608  # a constant
    replaced = f"EXISTS ({conflicting} AND {condition})"
    for act, refused in (
        ("UPDATE", condition),
        ("DELETE", condition),
        ("INSERT", replaced),
        ("UPDATE OF id", replaced),
    ):
        op.execute(
            f"""
            CREATE TRIGGER {_guard_name(table, act)} BEFORE {act} ON {table}
            WHEN {refused}
            BEGIN
                SELECT RAISE(ABORT, '{message}');
            END
            """
        )


def _guard_name(table: str, act: str) -> str:
    return f"{table}_immutable_{act.lower().replace(' ', '_')}"


def _unguard(table: str) -> None:
    if _is_postgresql():
        op.execute(f"DROP TRIGGER {table}_kept ON {table}")
        op.execute(f"DROP TRIGGER {table}_immutable ON {table}")
        op.execute(f"DROP FUNCTION refuse_{table}_truncate()")
        op.execute(f"DROP FUNCTION refuse_{table}_change()")
        return
    for act in ("UPDATE", "DELETE", "INSERT", "UPDATE OF id"):
        op.execute(f"DROP TRIGGER {_guard_name(table, act)}")
