"""The domains of e-mail addresses: how they are compared, and where anybody can have an address."""

import re
from functools import lru_cache

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

# Providers with domains of one name in many countries: yahoo.com, yahoo.gr, yahoo.com.tr.
_OF_MANY_COUNTRIES = re.compile(r"(?:hotmail|yahoo)\.(?:com|[a-z]{2}|com?\.[a-z]{2})")

_CACHED_DOMAINS = 4_096  # to check one takes some 200 µs, and many customers share it

# Where private persons have their addresses: the large providers of the world, those of Turkey,
# Greece and Cyprus, and those of the countries that many of their people live in.
_PROVIDERS = """
gmail.com googlemail.com
outlook.com outlook.com.gr outlook.com.tr outlook.de outlook.es outlook.fr outlook.it
live.be live.ca live.co.uk live.com live.com.au live.de live.dk live.fr live.it live.nl live.no
live.se msn.com passport.com windowslive.com
myyahoo.com rocketmail.com ymail.com aim.com aol.com
icloud.com mac.com me.com privaterelay.appleid.com
pm.me proton.me protonmail.ch protonmail.com
tuta.com tuta.io tutamail.com tutanota.com tutanota.de
duck.com fastmail.com fastmail.fm hey.com hushmail.com mailbox.org mozmail.com posteo.de
email.com mail.com usa.com zoho.com zohomail.com zohomail.eu
ya.ru yandex.com yandex.com.tr yandex.ru
bk.ru inbox.ru internet.ru list.ru mail.ru rambler.ru
126.com 163.com foxmail.com qq.com sina.com yeah.net
daum.net hanmail.net naver.com rediffmail.com
e-kolay.net ekolay.net mynet.com superonline.com ttmail.com ttnet.net.tr turk.net
acn.gr ath.forthnet.gr forthnet.gr freemail.gr hol.gr in.gr mail.gr otenet.gr pathfinder.gr
tellas.gr vivodinet.gr windtools.gr
cablenet.com.cy cytanet.com.cy primehome.com
freenet.de gmx.at gmx.ch gmx.com gmx.de gmx.net t-online.de web.de
free.fr laposte.net orange.fr sfr.fr wanadoo.fr
alice.it libero.it tin.it tiscali.it virgilio.it
home.nl kpnmail.nl planet.nl skynet.be telenet.be ziggo.nl
abv.bg centrum.cz interia.pl o2.pl onet.pl seznam.cz wp.pl
blueyonder.co.uk btinternet.com ntlworld.com virginmedia.com
att.net bellsouth.net comcast.net cox.net sbcglobal.net verizon.net
bigpond.com optusnet.com.au
"""
_PUBLIC = frozenset(_PROVIDERS.split())


def domain_key(domain: str) -> str | None:
    """Return a domain as domains are compared: in lower case, without Punycode.

    None for what is no domain of e-mail addresses.
    """
    found = _checked(domain)
    return None if found is None else found.domain


def domain_of(email: str) -> str | None:
    """Return the domain of an address as `domain_key` does."""
    return domain_key(email.rpartition("@")[2])


def spellings(domain: str) -> set[str]:
    """Return how a domain may stand in addresses: mail that was taken in keeps its Punycode."""
    found = _checked(domain)
    return {found.domain, found.ascii_domain} if found else set()


def is_public(domain: str) -> bool:
    """Tell whether anybody can have an address at this domain, so that it says nothing of them."""
    return domain in _PUBLIC or _OF_MANY_COUNTRIES.fullmatch(domain) is not None


@lru_cache(_CACHED_DOMAINS)
def _checked(domain: str) -> ValidatedEmail | None:
    try:
        # The library knows domains as parts of addresses only; example domains are no harm.
        return validate_email(
            f"postmaster@{domain}", check_deliverability=False, test_environment=True
        )
    except EmailNotValidError:
        return None
