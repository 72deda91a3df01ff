"""Small facts about this database, by name."""

from bot.store.transaction import Transaction


async def get(tx: Transaction, name: str) -> str | None:
    value: str | None = await tx.value("SELECT value FROM setting WHERE name = :name", name=name)
    return value


async def put(tx: Transaction, name: str, value: str) -> None:
    await tx.run(
        """
        INSERT INTO setting (name, value) VALUES (:name, :value)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value""",
        name=name,
        value=value,
    )


async def remove(tx: Transaction, name: str) -> None:
    await tx.run("DELETE FROM setting WHERE name = :name", name=name)
