#!/usr/bin/python3
"""A mail server for tests: aiosmtpd on a loopback port.

smtpd.py DIR [--tls | --smtps] [--user NAME --password WORD]

Writes DIR/port when it listens, DIR/ca.pem where it speaks TLS, and each
message it was given as DIR/N.eml with the address of its envelope in DIR/N.to
and what a reader sees of it (readmail.py) in DIR/N.json.
DIR/auth has a line "USER WORD" for each AUTH.
DIR/mode, read at each message, says what becomes of it:
  ok        taken over
  cut       taken over, and the connection is gone before the answer
  hang      taken over, and never answered
  refuse    554
  rcpt X    the address X is refused, others are taken over
"""
import argparse
import asyncio
import json
import os
import ssl
import subprocess

from aiosmtpd.smtp import SMTP, AuthResult

import readmail


class Handler:
    def __init__(self, place):
        self.place = place
        self.n = 0

    def mode(self):
        try:
            with open(os.path.join(self.place, "mode"), encoding="ascii") as f:
                return f.read().strip()
        except FileNotFoundError:
            return "ok"

    @staticmethod
    def read(path):
        try:
            return readmail.read(path)
        except (Exception, SystemExit) as e:
            return {"fault": repr(e)}

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.mode() == "rcpt " + address:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        mode = self.mode()
        if mode == "refuse":
            return "554 not wanted"
        self.n += 1
        path = os.path.join(self.place, str(self.n))
        with open(path + ".to", "w", encoding="ascii") as f:
            f.write(" ".join(envelope.rcpt_tos))
        with open(path + ".part", "wb") as f:
            f.write(envelope.original_content)
        with open(path + ".json", "w", encoding="ascii") as f:
            json.dump(self.read(path + ".part"), f)
        os.rename(path + ".part", path + ".eml")
        if mode == "cut":
            server.transport.abort()
        if mode == "hang":
            await asyncio.sleep(60)
        return "250 taken"


def context(place):
    key, ca = os.path.join(place, "key.pem"), os.path.join(place, "ca.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048",
                    "-nodes", "-days", "2", "-subj", "/CN=test",
                    "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", key, "-out", ca],
                   check=True, stderr=subprocess.DEVNULL)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(ca, key)
    return made


async def serve(args):
    tls = context(args.dir) if args.tls or args.smtps else None
    handler = Handler(args.dir)

    def authenticate(server, session, envelope, mechanism, data):
        with open(os.path.join(args.dir, "auth"), "ab") as f:
            f.write(data.login + b" " + data.password + b"\n")
        good = (data.login == args.user.encode()
                and data.password == args.password.encode())
        return AuthResult(success=good, handled=False)

    def session():
        return SMTP(handler, hostname="localhost",
                    tls_context=tls if args.tls else None,
                    require_starttls=args.tls,
                    authenticator=authenticate if args.user else None,
                    auth_required=bool(args.user),
                    auth_require_tls=args.tls)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, "127.0.0.1", args.port,
                                      ssl=tls if args.smtps else None)
    port = server.sockets[0].getsockname()[1]
    path = os.path.join(args.dir, "port")
    with open(path + ".part", "w", encoding="ascii") as f:
        f.write(str(port))
    os.rename(path + ".part", path)
    await server.serve_forever()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dir")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--smtps", action="store_true")
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    asyncio.run(serve(parser.parse_args()))


main()
