#!/usr/bin/env python3
"""urlpeer.py SEED N - next-page addresses, and what Python's urllib makes of them.

One line each: base, current page, offer, what urllib says of the offer as
seen from the current page: "same URL" (same scheme, host and port as base,
and below its path; plain), "same -" (the same, by a way that a client may
refuse) or "other"."""
import random
import sys
from urllib.parse import urljoin, urlsplit

BASES = ["https://api.example.dk/v1", "https://api.example.dk",
         "https://api.example.dk:8443/v1/", "http://127.0.0.1:8080/v1",
         "http://[::1]:81/a/b", "https://Api.Example.dk/V1"]
HOSTS = ["api.example.dk", "API.EXAMPLE.DK", "api.example.dk.", "evil.dk",
         "api.example.dk.evil.dk", "api.example.dk@evil.dk", "127.0.0.1",
         "127.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:7f00:1]",
         "xn--pi-example", "api.example.dk%2eevil.dk", "user:pw@api.example.dk",
         "api。example.dk", "api.example.dk\\.evil.dk", ""]
SCHEMES = ["https", "http", "HTTPS", "ftp", "file", "javascript", "https ",
           "\x01https", "ht\ttps"]
PORTS = ["", "", "", ":443", ":80", ":8443", ":8080", ":81", ":0443", ":", ":x"]
ROUGH = ["..", ".", "%2e%2e", "%2E.", "%252e%252e", "..;a", "a\\..", "//", "",
         "a b", "ø", "@", "%00", "%0d%0a", "\t", "#", "a:b", ":8080", "~"]
PLAIN = ["list", "x", "contacts", "p1", "a-b_c", "7", "A.b", "v1"]
QUERIES = ["", "?page=2", "?cursor=a%20b", "?c=%3Ccookie%20p=%222%22/%3E",
           "?a=1&b=2", "?next=https://evil.dk/", "?q=a/../b"]
DEFAULT = {"https": 443, "http": 80}


def origin(url):
    try:
        u = urlsplit(url)
        return (u.scheme, u.hostname, u.port or DEFAULT.get(u.scheme),
                u.username, u.password)
    except ValueError:
        return None


def plain_path(r):
    return "/".join(r.choice(PLAIN) for _ in range(r.randint(1, 4)))


def rough_path(r):
    return "/".join(r.choice(ROUGH if r.random() < 0.5 else PLAIN)
                    for _ in range(r.randint(0, 5)))


def offer(r, base):
    """An offer, and whether it is of a form that every service uses."""
    query = r.choice(QUERIES)
    kind = r.randrange(6)
    if kind == 0:
        return base.rstrip("/") + "/" + plain_path(r) + query, True
    if kind == 1:
        return urlsplit(base).path.rstrip("/") + "/" + plain_path(r) + query, True
    if kind == 2:
        return "?page=" + str(r.randrange(2, 99)), True
    if kind == 3:
        return rough_path(r) + query, False
    if kind == 4:
        slashes = r.choice(["//", "//", "//", "/", "///", "\\\\", ""])
        return (r.choice(SCHEMES) + ":" + slashes + r.choice(HOSTS) +
                r.choice(PORTS) + "/" + rough_path(r) + query), False
    text = list(base + "/" + plain_path(r) + query)
    for _ in range(r.randint(1, 3)):
        text[r.randrange(len(text))] = r.choice("/\\@:?#.%\t ]a[0;&=")
    return "".join(text), False


def main():
    r = random.Random(int(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        base = r.choice(BASES)
        current = base.rstrip("/") + "/list/x?page=1"
        offered, usual = offer(r, base)
        try:
            url = urljoin(current, offered)
            path = urlsplit(url).path
        except ValueError:
            url = path = ""
        below = urlsplit(base).path.rstrip("/")
        same = origin(url) == origin(base) and \
            (path == below or path.startswith(below + "/"))
        verdict = "other"
        if same:
            verdict = "same " + (url if usual else "-")
        print("\x1f".join([base, current, offered.replace("\n", ""), verdict]))


if __name__ == "__main__":
    main()
