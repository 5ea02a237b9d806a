"""How the tables came to be: what each version of the database added to the one before."""

from typing import Final

__all__ = ["MIGRATIONS"]

# One entry a version, of one statement each; `PRAGMA user_version` says how many have been applied. Append only.
MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """
        CREATE TABLE users (
            domain TEXT NOT NULL,
            name TEXT NOT NULL,
            display_name TEXT NOT NULL,
            number TEXT NOT NULL,
            role TEXT NOT NULL,
            enabled INTEGER NOT NULL,
            context TEXT NOT NULL,
            variables TEXT NOT NULL,
            web_hash TEXT,
            ha1_md5 TEXT,
            ha1_sha256 TEXT,
            PRIMARY KEY (domain, name)
        ) WITHOUT ROWID
        """,
    ),
    (
        """
        CREATE TABLE cdrs (
            id INTEGER PRIMARY KEY,
            call TEXT NOT NULL UNIQUE,
            leg TEXT NOT NULL,
            door TEXT NOT NULL,
            user TEXT,
            caller_name TEXT NOT NULL,
            caller_number TEXT NOT NULL,
            callee_name TEXT NOT NULL,
            callee_number TEXT NOT NULL,
            started REAL NOT NULL,
            answered REAL,
            ended REAL,
            cause TEXT,
            codec TEXT NOT NULL DEFAULT '',
            packets_in INTEGER NOT NULL DEFAULT 0,
            packets_out INTEGER NOT NULL DEFAULT 0,
            lost INTEGER NOT NULL DEFAULT 0
        )
        """,
        "CREATE INDEX cdrs_open ON cdrs (id) WHERE ended IS NULL",
        "CREATE TABLE pulse (id INTEGER PRIMARY KEY CHECK (id = 1), at REAL NOT NULL)",
    ),
    (
        """
        CREATE TABLE contacts (
            key TEXT NOT NULL PRIMARY KEY,
            user TEXT NOT NULL,
            since REAL NOT NULL,
            until REAL NOT NULL,
            facts TEXT NOT NULL
        ) WITHOUT ROWID
        """,
        "ALTER TABLE users ADD COLUMN long_ha1_md5 TEXT",
        "ALTER TABLE users ADD COLUMN long_ha1_sha256 TEXT",
    ),
    (
        """
        CREATE TABLE api_keys (
            id TEXT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL,
            owner TEXT NOT NULL,
            role TEXT NOT NULL,
            scopes TEXT NOT NULL,
            networks TEXT NOT NULL,
            created REAL NOT NULL,
            expires REAL,
            used REAL,
            hash TEXT NOT NULL UNIQUE
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE web_sessions (
            hash TEXT NOT NULL PRIMARY KEY,
            user TEXT NOT NULL,
            role TEXT NOT NULL,
            host TEXT NOT NULL,
            agent TEXT NOT NULL,
            created REAL NOT NULL,
            seen REAL NOT NULL,
            csrf TEXT NOT NULL
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE routes (
            id TEXT NOT NULL PRIMARY KEY,
            position INTEGER NOT NULL,
            name TEXT NOT NULL,
            steps TEXT NOT NULL,
            number TEXT NOT NULL,
            caller TEXT NOT NULL,
            context TEXT NOT NULL,
            hours TEXT NOT NULL,
            enabled INTEGER NOT NULL,
            created REAL NOT NULL,
            changed REAL NOT NULL
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE gateways (
            name TEXT NOT NULL PRIMARY KEY,
            settings TEXT NOT NULL,
            enabled INTEGER NOT NULL,
            created REAL NOT NULL,
            changed REAL NOT NULL
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE webhooks (
            id TEXT NOT NULL PRIMARY KEY,
            url TEXT NOT NULL,
            events TEXT NOT NULL,
            description TEXT NOT NULL,
            enabled INTEGER NOT NULL,
            created REAL NOT NULL,
            changed REAL NOT NULL,
            secret TEXT NOT NULL
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE deliveries (
            n INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            webhook TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
            event TEXT NOT NULL,
            type TEXT NOT NULL,
            body TEXT NOT NULL,
            created REAL NOT NULL,
            since REAL NOT NULL,
            status TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            next_at REAL,
            finished REAL,
            code INTEGER,
            error TEXT NOT NULL
        )
        """,
        "CREATE INDEX deliveries_webhook ON deliveries (webhook)",
        "CREATE INDEX deliveries_due ON deliveries (next_at) WHERE status = 'waiting'",
        "CREATE INDEX deliveries_waiting ON deliveries (webhook) WHERE status = 'waiting'",
        "CREATE INDEX deliveries_finished ON deliveries (webhook, finished) WHERE finished IS NOT NULL",
        """
        CREATE TABLE audit (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            at REAL NOT NULL,
            who TEXT NOT NULL,
            role TEXT NOT NULL,
            host TEXT NOT NULL,
            command TEXT NOT NULL,
            target TEXT NOT NULL,
            outcome TEXT NOT NULL,
            detail TEXT NOT NULL
        )
        """,
        """
        CREATE TABLE recordings (
            n INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            call TEXT NOT NULL,
            leg TEXT NOT NULL,
            file TEXT NOT NULL,
            started REAL NOT NULL,
            users TEXT NOT NULL,
            ended REAL,
            seconds REAL NOT NULL,
            size INTEGER NOT NULL,
            why TEXT NOT NULL
        )
        """,
        "CREATE INDEX recordings_call ON recordings (call)",
        "CREATE INDEX recordings_open ON recordings (n) WHERE ended IS NULL",
        """
        CREATE TABLE recording_users (
            user TEXT NOT NULL,
            n INTEGER NOT NULL REFERENCES recordings (n) ON DELETE CASCADE,
            PRIMARY KEY (user, n)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX recording_users_n ON recording_users (n)",
        "ALTER TABLE cdrs ADD COLUMN direction TEXT NOT NULL DEFAULT 'internal'",
        "ALTER TABLE cdrs ADD COLUMN quality TEXT NOT NULL DEFAULT '{}'",
        """
        ALTER TABLE cdrs ADD COLUMN user_name TEXT
        GENERATED ALWAYS AS (substr(user, 1, instr(user, '@') - 1)) VIRTUAL
        """,
        # Each gives the rows of its filter in the order of the list, newest first: nothing is sorted.
        "ALTER TABLE cdrs ADD COLUMN reached TEXT",
        "CREATE INDEX cdrs_started ON cdrs (started)",
        "CREATE INDEX cdrs_reached ON cdrs (reached, started) WHERE reached IS NOT NULL",
        "CREATE INDEX cdrs_caller ON cdrs (caller_number, started)",
        "CREATE INDEX cdrs_callee ON cdrs (callee_number, started)",
        "CREATE INDEX cdrs_user ON cdrs (user_name, started)",
        # Two users could have one number: the first by name keeps it.
        """
        UPDATE users SET number = '' WHERE number <> '' AND EXISTS (
            SELECT 1 FROM users AS first
            WHERE first.domain = users.domain AND first.number = users.number AND first.name < users.name
        )
        """,
        "CREATE UNIQUE INDEX users_number ON users (domain, number) WHERE number <> ''",
    ),
)
