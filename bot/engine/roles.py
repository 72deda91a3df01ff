"""Roles: what the account that speaks may do. Deny by default."""

import dataclasses

from bot.core.command import Role
from bot.core.invocation import Address, Invocation


@dataclasses.dataclass(frozen=True, slots=True)
class Roles:
    """Who has which role: accounts (`terminal:sjoera`) and groups that platforms report (`member`)."""

    organiser: frozenset[str]
    volunteer: frozenset[str]

    def of(self, call: Invocation) -> Role:
        """The role of the account that speaks; never that of a linked account."""
        return self.of_account(call.who, call.groups)

    def of_account(self, account: Address, groups: frozenset[str]) -> Role:
        has = groups | {str(account)}
        if has & self.organiser:
            return Role.ORGANISER
        if has & self.volunteer:
            return Role.VOLUNTEER
        return Role.MEMBER if "member" in groups else Role.GUEST
